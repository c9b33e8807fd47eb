"""Stand-ins that behave: an EHR with slots to lose, a clock, a transport's reports."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from reminder.ehr.errors import EHRConflict, EHRError
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Slot,
)
from reminder.model.outcomes import BadSignature, Callback, DeliveryEvent
from reminder.model.readings import Reading, Written


@dataclass
class FakeClock:
    """A clock that stands until it is moved on."""

    now: datetime

    def __call__(self) -> datetime:
        return self.now

    def move_on(self, **by: int) -> None:
        self.now += timedelta(**by)


@dataclass
class FakeEHR:
    """Appointments and Slots of one schedule, written as a FHIR server would.

    A Slot is taken by one appointment at most: the second is a conflict, as
    If-Match makes it. So is a visit at another time than the patient saw.
    `error` is raised by every call, one of `errors` by the call of that name; a
    `silent` one never answers. One with a `requested`
    lets nobody write, and has humans asked under that reference. One that
    `rebooks` moves by booking anew.
    """

    bookings: dict[AppointmentKey, Appointment] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    taken: set[str] = field(default_factory=set)
    error: EHRError | None = None
    errors: dict[str, EHRError] = field(default_factory=dict)
    silent: bool = False
    requested: str | None = None
    rebooks: bool = False
    calls: list[str] = field(default_factory=list)

    async def free_slots(
        self, appointment: Appointment, start: datetime, end: datetime
    ) -> list[Slot]:
        await self._called("free_slots")
        free = (one for one in self.slots.values() if one.slot_id not in self.taken)
        some = (one for one in free if start <= one.start_at < end)
        return sorted(some, key=lambda one: one.start_at)

    async def confirm(
        self,
        key: AppointmentKey,
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        await self._called("confirm")
        accepted = ParticipationStatus.ACCEPTED
        self._expect_start(self.bookings[key], start_at)
        if self.requested is not None:
            return Written(requested=self.requested)
        return self._written(replace(self.bookings[key], participation=accepted))

    async def cancel(
        self,
        key: AppointmentKey,
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        await self._called("cancel")
        booking = self.bookings[key]
        if booking.status is not AppointmentStatus.CANCELLED:
            self._expect_start(booking, start_at)
        if self._is_asked(booking.status is AppointmentStatus.CANCELLED):
            return Written(requested=self.requested)
        self.taken -= {*booking.slot_ids}
        return self._written(replace(booking, status=AppointmentStatus.CANCELLED))

    async def rebook(
        self,
        key: AppointmentKey,
        slot_ids: Sequence[str],
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        await self._called("rebook")
        if self.bookings[key].status is not AppointmentStatus.BOOKED:
            self._expect_start(self.bookings[key], start_at)
        if self._is_asked(self.bookings[key].status is AppointmentStatus.BOOKED):
            return Written(requested=self.requested)
        self._take(slot_ids)
        booking = replace(self.bookings[key], slot_ids=tuple(slot_ids))
        return self._written(replace(booking, status=AppointmentStatus.BOOKED))

    async def reschedule(
        self,
        key: AppointmentKey,
        slot_id: str,
        *,
        ask: UUID | None = None,
        before_slot_ids: Sequence[str] = (),
        start_at: datetime | None = None,
    ) -> Written:
        await self._called("reschedule")
        booking, new_id = self.bookings[key], f"{key.appointment_id}-anew"
        if booking.slot_ids == (slot_id,):
            return self._written(booking)
        self._expect_start(booking, start_at)
        if self.requested is not None:
            return Written(requested=self.requested)
        anew = key._replace(appointment_id=new_id)
        if anew not in self.bookings:
            self._take([slot_id])
            self.taken -= {*booking.slot_ids}
        slot = self.slots[slot_id]
        times = {"start_at": slot.start_at, "end_at": slot.end_at}
        moved = replace(booking, slot_ids=(slot_id,), **times)
        if not self.rebooks:
            return self._written(moved)
        new = self._keep(replace(moved, key=anew))
        old = self._keep(replace(booking, status=AppointmentStatus.CANCELLED))
        return Written((old, new), new_id)

    async def _called(self, name: str) -> None:
        self.calls.append(name)
        await asyncio.sleep(0)
        if self.silent:
            await asyncio.Event().wait()
        if error := self.errors.get(name, self.error):
            raise error

    def _is_asked(self, is_so: bool) -> bool:
        return self.requested is not None and not is_so

    def _expect_start(self, booking: Appointment, start_at: datetime | None) -> None:
        if start_at not in (None, booking.start_at):
            raise EHRConflict("Appointment: at another time now")

    def _take(self, slot_ids: Sequence[str]) -> None:
        if self.taken & {*slot_ids}:
            raise EHRConflict("Slot: taken")
        self.taken |= {*slot_ids}

    def _written(self, booking: Appointment) -> Written:
        return Written((self._keep(booking),))

    def _keep(self, booking: Appointment) -> Reading:
        fingerprint = f"{booking.status}{booking.participation}{booking.start_at}"
        kept = replace(booking, fingerprint=fingerprint)
        self.bookings[kept.key] = kept
        return Reading(kept.key.appointment_id, fingerprint, (kept,))


@dataclass
class FakeReports:
    """A transport whose every report is one event, or has a bad signature."""

    event: DeliveryEvent | None = None
    seen: list[Callback] = field(default_factory=list)

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        self.seen.append(request)
        if self.event is None:
            raise BadSignature
        return [replace(self.event, message_id=request.message_id)]
