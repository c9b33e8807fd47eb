"""Reads a window of the horizon, in ever smaller parts where it is too much."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import aclosing
from datetime import timedelta

from reminder.ehr.config import EHRConfig
from reminder.ehr.finding.bundles import DeadEnd, PagesExpired, pages
from reminder.ehr.finding.pages import Page, TooMuch
from reminder.ehr.finding.plans import halves, search_params
from reminder.ehr.finding.sifting import Sifter
from reminder.ehr.finding.tallies import Cap, Tally
from reminder.ehr.reading.appointments import start_of
from reminder.ehr.reading.entries import Entry
from reminder.ehr.wire.client import FHIRClient, Params
from reminder.ehr.wire.next_links import LinkRefused
from reminder.model.readings import Window, WindowEnd, WindowPage

Keep = Callable[[WindowPage], Awaitable[None]]

_RESTARTS = 2
_ROUNDING = timedelta(seconds=1)


class WindowReader:
    """Reads windows of one connection, page by page."""

    def __init__(self, client: FHIRClient, config: EHRConfig, sifter: Sifter) -> None:
        self._client = client
        self._config = config
        self._sifter = sifter
        self._cap = Cap(config.page_size)
        self._longest_visit = timedelta(hours=config.longest_visit_h)

    async def read(
        self, window: Window, known: Mapping[str, str], keep: Keep
    ) -> WindowEnd:
        """See `EHR.read`."""
        if not window.start < window.end:
            raise ValueError("a window ends after it starts")
        return await self._read(window, known, keep, above=Tally(self._cap))

    async def _read(
        self, window: Window, known: Mapping[str, str], keep: Keep, *, above: Tally
    ) -> WindowEnd:
        tally = await self._followed(window, known, keep)
        parts = self._parts(window, tally, above) if tally.is_cut_off else None
        if parts is None:
            if tally.refusal is not None:
                raise tally.refusal
            return WindowEnd(tally.is_complete, tally.surplus)
        first, second = [
            await self._read(part, known, keep, above=tally) for part in parts
        ]
        return WindowEnd(
            first.complete and second.complete, first.surplus + second.surplus
        )

    async def _followed(
        self, window: Window, known: Mapping[str, str], keep: Keep
    ) -> Tally:
        """Every page of one search kept, begun anew twice when its pages expire."""
        params = search_params(window, self._config)
        restarts = 0
        while True:
            tally = Tally(self._cap)

            async def take(page: Page, tally: Tally = tally) -> None:
                await keep(await self._read_page(page, window, known, tally))

            try:
                await follow(self._client, self._config, params, tally, take)
            except PagesExpired:
                if restarts == _RESTARTS:
                    # Its links lead nowhere, however often: less is asked for.
                    tally.too_much()
                    return tally
                restarts += 1
            else:
                return tally

    async def _read_page(
        self, page: Page, window: Window, known: Mapping[str, str], tally: Tally
    ) -> WindowPage:
        inside = []
        for entry in page.entries:
            start = start_of(entry.start, self._sifter.source)
            # One whose start nobody can read belongs to every window.
            if start is None or window.start <= start < window.end:
                inside.append(entry)
            else:
                tally.outside += 1
                tally.surplus += not self._is_explained(entry, window)
        sifted = await self._sifter.sifted(inside, known, page.full_urls)
        # Nobody can say whether a nameless one is an appointment of this window.
        tally.is_nameless |= any(e.resource_id is None for e in sifted.unreadable)
        return WindowPage(
            page.asked_at,
            sifted.readings,
            sifted.unchanged,
            (*sifted.unreadable, *page.broken),
        )

    def _is_explained(self, entry: Entry, window: Window) -> bool:
        """Whether a sound server may take this for an answer to what was asked."""
        source = self._sifter.source
        start, end = start_of(entry.start, source), start_of(entry.end, source)
        if start is None or start >= window.end:
            asked_until = window.end + self._longest_visit + _ROUNDING
            return start is None or start < asked_until
        # To some a visit that still goes on is in the period as well.
        is_going_on = end is not None and end > window.start
        return is_going_on or start >= window.start - _ROUNDING

    def _parts(
        self, window: Window, tally: Tally, above: Tally
    ) -> tuple[Window, Window] | None:
        if _is_lie(tally, above):
            return None
        by_time = not tally.is_mostly_outside
        if self._longest_visit:
            # The time asked for never gets shorter than the longest visit.
            of_fewer = halves(window, by_time=False)
            return of_fewer or halves(window, by_time=by_time)
        return halves(window, by_time=by_time)


async def follow(
    client: FHIRClient,
    config: EHRConfig,
    params: Params,
    tally: Tally,
    take: Callable[[Page], Awaitable[None]],
) -> None:
    """Hand every page of a search for appointments to `take`, and count it.

    Raises:
        EHRRefused: the server does not do this search.
        PagesExpired: it forgot the next page.
    """
    found = pages(client, "Appointment", params, max_pages=config.max_pages)
    try:
        async with aclosing(found):
            async for page in found:
                goes_on = tally.add(page)
                await take(page)
                if not goes_on:
                    return
    except TooMuch:
        tally.too_much()
    except DeadEnd:
        tally.leads_nowhere()
    except LinkRefused as refusal:
        tally.refusal = refusal


def _is_lie(tally: Tally, above: Tally) -> bool:
    """Whether the total is not of what can be found, so that less is no use.

    Some servers state the same total whatever they are asked for; some count
    what they will not show us.
    """
    if tally.total is None or above.total is None:
        return False
    if tally.total == above.total and tally.came < above.came:
        return True
    lacks, lacked = tally.total - tally.came, above.total - above.came
    return tally.is_one_short_page and lacks == lacked
