"""Finds out what became of appointments that are no longer where they were."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

import structlog

from reminder.flows.entries import Entries
from reminder.model.clock import Clock
from reminder.model.readings import Gone, Reading, Slice, Unreadable
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_FEW = 10
_MOST = 50
_FIFTH = 5


class AsksByID(Protocol):
    """The EHR as this chapter needs it."""

    async def appointments(
        self, ids: Sequence[str]
    ) -> list[Reading | Unreadable | Gone]:
        """Each by its id."""


class KeepsBookings(Protocol):
    """Where readings are kept."""

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep what was read."""

    async def mark_gone(
        self, connection: str, appointment_ids: Collection[str], *, at: datetime
    ) -> int:
        """The EHR has them no more."""


@dataclass(slots=True)
class RollCall:
    """Who was expected in the slices of one reading, and who was in any of them.

    `known` counts everybody; in a slice that is not complete nobody is
    expected, since what is missing there may be what could not be read.
    """

    known: int = 0
    _expected: set[str] = field(default_factory=set)
    _seen: set[str] = field(default_factory=set)

    def add(self, known: Mapping[str, str], part: Slice) -> None:
        """One slice, and who was known to be in it."""
        self.known += len(known)
        if part.complete:
            self._expected |= known.keys()
        self._seen |= part.unchanged
        self._seen |= {reading.appointment_id for reading in part.readings}
        self._seen |= {one.resource_id for one in part.unreadable if one.resource_id}

    def absent(self) -> list[str]:
        """Who was expected somewhere and is nowhere."""
        return sorted(self._expected - self._seen)

    def is_exodus(self) -> bool:
        """Whether so many are absent that nobody cancelled them.

        That is a filter or an authorisation that changed.
        """
        absent = len(self.absent())
        return absent > _MOST or (absent >= _FEW and absent * _FIFTH > self.known)


class Absent:
    """Asks for each absent appointment by its id: absence alone withdraws nothing."""

    def __init__(
        self,
        connection: str,
        ehr: AsksByID,
        bookings: KeepsBookings,
        worklist: Entries,
        clock: Clock,
    ) -> None:
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._worklist = worklist
        self._clock = clock

    async def look_for(self, roll_call: RollCall) -> int:
        """Keep what the EHR says of each; how many it has no more.

        Where too many are absent at once, nothing is asked and nothing is
        withdrawn: the worklist says so.
        """
        absent = roll_call.absent()
        if not absent:
            return 0
        if roll_call.is_exodus():
            await self._report(len(absent), roll_call.known)
            return 0
        now = self._clock()
        answers = await self._ehr.appointments(absent)
        await self._bookings.keep(
            self._connection,
            [answer for answer in answers if isinstance(answer, Reading)],
            unreadable=[answer for answer in answers if isinstance(answer, Unreadable)],
            seen_at=now,
        )
        gone = [answer.appointment_id for answer in answers if isinstance(answer, Gone)]
        await self._bookings.mark_gone(self._connection, gone, at=now)
        return len(gone)

    async def _report(self, absent: int, known: int) -> None:
        log.error("vanished_en_masse", connection=self._connection, n=absent)
        await self._worklist.add(
            WorklistEntry(
                kind=WorklistKind.VANISHED_EN_MASSE,
                subject=self._connection,
                at=self._clock(),
                details=(f"{absent} of {known}",),
            )
        )
