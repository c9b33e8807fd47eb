"""Reads what changed since a cursor, where a server can say so and says it truly."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import PagesExpired, pages
from reminder.ehr.finding.pages import Page, SearchRefused
from reminder.ehr.finding.sifting import Sifter
from reminder.ehr.finding.tallies import Cap, Tally
from reminder.ehr.finding.windows import follow
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.reading.raw import Resource, as_object
from reminder.ehr.wire.client import FHIRClient
from reminder.model.readings import WindowPage

Keep = Callable[[WindowPage], Awaitable[None]]

# Covers transactions that were committed after a later one, and servers that
# answer from a search they did a minute ago.
_OVERLAP = timedelta(minutes=5)
_SHORTEST = timedelta(seconds=1)
_RESTARTS = 2


class _CannotTell(Exception):
    """The server gave a wrong answer to the question, or not all of the right one."""


class ChangeReader:
    """Reads changes of one connection, page by page."""

    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        sifter: Sifter,
        capabilities: CapabilityCache,
    ) -> None:
        self._client = client
        self._config = config
        self._sifter = sifter
        self._capabilities = capabilities
        self._cap = Cap(config.page_size)
        self._sorts = True

    async def read(self, since: str | None, keep: Keep) -> str | None:
        """See `EHR.read_changes`."""
        if not (await self._capabilities.get()).incremental:
            return None
        cursor = instant(since)
        try:
            if since is None or cursor is None:
                now = await self._server_time()
                return instant_text(now) if now else None
            served_at = await self._all(cursor - _OVERLAP, None, keep)
        except (_CannotTell, EHRRefused):
            # Some refuse any search that is not for somebody's appointments.
            # A refusal for another reason meets the windows as well.
            self._capabilities.not_incremental()
            return None
        return instant_text(served_at) if served_at else since

    async def _all(
        self, since: datetime, until: datetime | None, keep: Keep
    ) -> datetime | None:
        """Keep all of [since, until); the server's time of the first page.

        None: the server said that something is missing, or not what time it is.
        """
        tally, served_at = await self._followed(since, until, keep)
        if not tally.is_cut_off:
            return None if tally.is_lacking else served_at
        served_at = served_at or await self._server_time()
        end = until or served_at
        if end is None or end - since <= _SHORTEST:
            raise tally.refusal or _CannotTell
        # What came after the first answer is left to the next time.
        middle = since + (end - since) / 2
        whole = [
            await self._all(since, middle, keep),
            await self._all(middle, end, keep),
        ]
        return served_at if all(whole) else None

    async def _followed(
        self, since: datetime, until: datetime | None, keep: Keep
    ) -> tuple[Tally, datetime | None]:
        restarts = 0
        while True:
            try:
                return await self._once(since, until, keep)
            except PagesExpired:
                if restarts == _RESTARTS:
                    raise _CannotTell from None
                restarts += 1
            except SearchRefused as refusal:
                if not self._sorts or refusal.status != 400:
                    raise
                self._sorts = False

    async def _once(
        self, since: datetime, until: datetime | None, keep: Keep
    ) -> tuple[Tally, datetime | None]:
        tally, served = Tally(self._cap), list[datetime | None]()

        async def take(page: Page) -> None:
            served.append(page.served_at)
            if not all(_is_newer(each, since) for each in page.matches):
                raise _CannotTell
            sifted = await self._sifter.sifted(page.entries, {}, page.full_urls)
            unreadable = (*sifted.unreadable, *page.broken)
            await keep(
                WindowPage(page.asked_at, sifted.readings, unreadable=unreadable)
            )

        params = [("_lastUpdated", f"ge{instant_text(since)}")]
        if until is not None:
            rounded = until + timedelta(microseconds=999_999)
            params.append(("_lastUpdated", f"lt{instant_text(rounded)}"))
        if self._sorts:
            params.append(("_sort", "_lastUpdated"))
        params.append(("_count", str(self._config.page_size)))
        await follow(self._client, self._config, params, tally, take)
        return tally, next((at for at in served if at is not None), None)

    async def _server_time(self) -> datetime | None:
        found = pages(self._client, "Appointment", [("_count", "1")], max_pages=1)
        page = await anext(found)
        await found.aclose()
        return page.served_at


def _is_newer(appointment: Resource, bound: datetime) -> bool:
    updated_at = instant(as_object(appointment.get("meta")).get("lastUpdated"))
    return updated_at is not None and updated_at >= bound.replace(microsecond=0)
