"""Keeps every page of a search as it comes, so that none has to stay in memory."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from datetime import datetime
from typing import Protocol

from reminder.flows.progress import Tally
from reminder.model.readings import Reading, Unreadable, WindowPage

KeepPage = Callable[[WindowPage], Awaitable[None]]

_AT_ONCE = 900


class KeepsReadings(Protocol):
    """Where readings are kept."""

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
        covered_until: datetime | None = None,
    ) -> int:
        """Keep what was read; the unknown that starts before `covered_until` is new."""


class Pages:
    """The pages of one run; until `covered_until` (UTC) all had been read before.

    What is new is kept at once. Who is as they were is remembered for some pages:
    they cost more to write down than to read.
    """

    def __init__(
        self,
        connection: str,
        bookings: KeepsReadings,
        covered_until: datetime | None,
        tally: Tally,
    ) -> None:
        self.covered_until = covered_until
        self.tally = tally
        self._connection = connection
        self._bookings = bookings
        self._same: set[str] = set()
        self._same_since: datetime | None = None

    async def keep(self, page: WindowPage) -> None:
        """Keep one page, seen when it was asked for."""
        if page.readings or page.unreadable:
            await self._bookings.keep(
                self._connection,
                page.readings,
                unreadable=page.unreadable,
                seen_at=page.asked_at,
                covered_until=self.covered_until,
            )
        if self._same_since != page.asked_at or len(self._same) >= _AT_ONCE:
            await self.flush()
        self._same |= page.unchanged
        self._same_since = page.asked_at
        self.tally.add(len(page.readings), len(page.unchanged), len(page.unreadable))

    async def flush(self) -> None:
        """Keep who is as they were: before anything is concluded from the pages."""
        same, seen_at = self._same, self._same_since
        if same and seen_at is not None:
            await self._bookings.keep(
                self._connection, (), unchanged=same, seen_at=seen_at
            )
        self._same = set()
