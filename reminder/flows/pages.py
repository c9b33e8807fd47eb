"""Keeps every page of a search as it comes, so that none has to stay in memory."""

from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from reminder.flows.progress import Tally
from reminder.model.readings import Reading, Unreadable, WindowPage

KeepPage = Callable[[WindowPage], Awaitable[None]]


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


@dataclass(frozen=True, slots=True)
class Pages:
    """The pages of one run; until `covered_until` (UTC) all had been read before."""

    connection: str
    bookings: KeepsReadings
    covered_until: datetime | None
    tally: Tally

    async def keep(self, page: WindowPage) -> None:
        """Keep one page, seen when it was asked for."""
        await self.bookings.keep(
            self.connection,
            page.readings,
            unchanged=page.unchanged,
            unreadable=page.unreadable,
            seen_at=page.asked_at,
            covered_until=self.covered_until,
        )
        self.tally.add(len(page.readings), len(page.unchanged), len(page.unreadable))
