"""What follows once the EHR has answered: what it says is kept, the link goes along.

Where the EHR lets nobody write, a human at the clinic is asked.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.flows.entries import Entries
from reminder.model.answers import AnswerState, WriteBackKind
from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.readings import Reading, Written
from reminder.model.worklist import WorklistEntry, WorklistKind

_STANDING = frozenset(
    {
        AppointmentStatus.PENDING,
        AppointmentStatus.BOOKED,
        AppointmentStatus.ARRIVED,
        AppointmentStatus.CHECKED_IN,
        AppointmentStatus.FULFILLED,
    }
)


class KeepsReadings(Protocol):
    """Where readings are kept."""

    async def keep(
        self, connection: str, readings: Sequence[Reading], *, seen_at: datetime
    ) -> int:
        """Keep what was read."""


class FollowsMoves(Protocol):
    """The links that patients hold."""

    async def follow(self, key: AppointmentKey, booked_as: str) -> None:
        """Every link to this visit opens the one it became, too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What was written or asked for. `start_at` (UTC) is the new time of a move."""

    kind: WriteBackKind
    key: AppointmentKey
    start_at: datetime | None = None
    message_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Follow:
    """Does what follows; all of it may be repeated."""

    readings: KeepsReadings
    links: FollowsMoves
    worklist: Entries
    replan: Callable[[Sequence[PatientKey]], Awaitable[None]]
    clock: Clock

    async def up(self, asked: Asked, written: Written) -> AnswerState:
        """Keep what is so now, and say what became of what was asked for."""
        now, key = self.clock(), asked.key
        if written.readings:
            await self.readings.keep(key.connection, written.readings, seen_at=now)
        if written.booked_as is not None:
            await self.links.follow(key, written.booked_as)
        if written.requested is not None:
            await self._request(asked, written.requested, now)
            return AnswerState.REQUESTED
        if written.booked_as is not None and _stands(written, key):
            await self._booked_twice(asked, now)
        await self.replan([key.patient])
        return AnswerState.WRITTEN

    async def _request(self, asked: Asked, requested: str, now: datetime) -> None:
        # That somebody comes who is booked is nothing a human must enter.
        if asked.kind is WriteBackKind.CONFIRM:
            return
        start_at = asked.start_at
        about = (
            asked.kind.value,
            requested,
            start_at.isoformat() if start_at is not None else "",
        )
        await self.worklist.add(
            WorklistEntry(
                kind=WorklistKind.CHANGE_REQUESTED,
                subject=request_subject(asked.kind, asked.key),
                at=now,
                appointment=asked.key,
                message_id=asked.message_id,
                details=tuple(each for each in about if each),
            )
        )

    async def _booked_twice(self, asked: Asked, now: datetime) -> None:
        """The new booking stands, and so does the old one: only a human can end it."""
        await self.worklist.add(
            WorklistEntry(
                kind=WorklistKind.WRITE_BACK_FAILED,
                subject="/".join((*asked.key, asked.kind, "old-booking")),
                at=now,
                appointment=asked.key,
                message_id=asked.message_id,
                details=(asked.kind.value, "old-booking-not-cancelled"),
            )
        )


def request_subject(kind: WriteBackKind, key: AppointmentKey) -> str:
    """What a request is called on the worklist: one of a kind for each visit."""
    return "/".join((*key, kind))


def _stands(written: Written, key: AppointmentKey) -> bool:
    """Whether the old booking still holds this patient, or was even used."""
    bookings = [
        booking
        for reading in written.readings
        if reading.appointment_id == key.appointment_id
        for booking in reading.bookings
    ]
    # A patient merged meanwhile has another key: then anybody's counts.
    own = [booking for booking in bookings if booking.key == key] or bookings
    return any(
        booking.status in _STANDING
        and booking.participation is not ParticipationStatus.DECLINED
        for booking in own
    )
