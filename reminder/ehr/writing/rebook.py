"""Moves by booking anew and cancelling the old booking once the new one holds.

The new Appointment bears the wish as its identifier: a try after a lost answer
finds it by that, and goes on with the old one instead of booking again.
"""

from dataclasses import dataclass
from datetime import datetime

from reminder.ehr.errors import (
    EHRConflict,
    EHRNotOffered,
    EHRRefused,
    EHRUnavailable,
)
from reminder.ehr.reading.raw import Resource, as_object
from reminder.ehr.reading.references import is_id
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import Visit, cancelled
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import LostRace
from reminder.ehr.writing.updates import Updates
from reminder.ehr.writing.wishes import Wish
from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.capabilities import Capabilities
from reminder.model.readings import Written

_STAYS = frozenset(
    {
        "resourceType",
        "contained",
        "serviceCategory",
        "serviceType",
        "specialty",
        "appointmentType",
        "reasonCode",
        "reasonReference",
        "priority",
        "description",
        "supportingInformation",
        "basedOn",
        "start",
        "end",
        "minutesDuration",
        "slot",
        "comment",
        "patientInstruction",
        "participant",
    }
)
"""What of the old Appointment describes the new one as well."""

_FINDING = frozenset({"identifier", "slot", "date"})
"""The search parameters by which a booking of ours is found again."""

_TRIES = 4
_OPEN = frozenset({AppointmentStatus.PENDING, AppointmentStatus.BOOKED})
_LIVE = _OPEN | frozenset(
    {
        AppointmentStatus.ARRIVED,
        AppointmentStatus.CHECKED_IN,
        AppointmentStatus.FULFILLED,
    }
)


@dataclass(frozen=True, slots=True)
class Rebooking:
    """A new booking first, the end of the old one last."""

    exchange: Exchange
    decider: Decider
    updates: Updates

    async def write(self, wish: Wish, can: Capabilities) -> Written:
        """Move the visit; `Written.booked_as` is the new Appointment.

        Where the EHR refuses to cancel the old one, or it is not ours to end any
        more, both stand, and both are among the readings.

        Raises:
            EHRNotOffered: the server creates none, or cannot be asked whether
                it did already.
        """
        listed = can.search_parameters
        if listed and not _FINDING & listed:
            raise EHRNotOffered("Appointment: cannot be found again")
        new = await self._booked(wish) or await self._book(wish, can)
        if new.booking.slot_ids == wish.slot_ids:
            await self._expect_first(wish, new, can)
        ended = [await self._ended(wish.key, can, start_at=wish.start_at), new]
        readings = [await self.exchange.finished(each) for each in ended if each]
        return Written(tuple(readings), new.booking.key.appointment_id)

    async def _booked(self, wish: Wish) -> Visit | None:
        """What an earlier try of this wish has booked, if it still stands."""
        token = ("identifier", wish.token(self.exchange.system))
        try:
            found = await self.exchange.found("Appointment", [token])
        except EHRRefused as error:
            raise EHRNotOffered(str(error)) from None
        live = [each for each in found if self._is_ours(each, wish)]
        if not live:
            # Some know no search by identifier, and find nothing.
            there = await self.updates.occupants.naming(wish.slot_ids)
            live = [each for each in there if self._is_ours(each, wish)]
        new_id = next((each["id"] for each in live if is_id(each.get("id"))), None)
        return None if new_id is None else await self._new(wish, str(new_id))

    def _is_ours(self, appointment: Resource, wish: Wish) -> bool:
        identifiers = appointment.get("identifier") or []
        named = wish.identifier(self.exchange.system) in [
            {name: as_object(each).get(name) for name in ("system", "value")}
            for each in identifiers
        ]
        return named and appointment.get("status") in _LIVE

    async def _book(self, wish: Wish, can: Capabilities) -> Visit:
        """Take the Slot, then book; nothing of it stays where either fails."""
        try:
            now = await self.exchange.visit(wish.key)
            edits = await self.decider.edits(wish, now)
        except EHRConflict:
            await self.updates.give_up(wish)
            raise
        if edits is None:
            raise EHRConflict("Appointment: moved already")
        try:
            if can.slot_update:
                for edit in edits.take:
                    await self.exchange.put(edit)
            new_id = await self.exchange.create(self._resource(wish, now, edits), wish)
        except (EHRConflict, EHRRefused):
            await self.updates.give_up(wish)
            raise
        found = await (self._new(wish, new_id) if new_id else self._booked(wish))
        if found is None:
            raise EHRConflict("POST Appointment: not there afterwards")
        return found

    async def _new(self, wish: Wish, new_id: str) -> Visit:
        key = wish.key._replace(appointment_id=new_id)
        found = await self._there(key)
        if found.booking.status not in _LIVE:
            raise EHRConflict(f"Appointment: {found.booking.status}")
        return found

    async def _expect_first(self, wish: Wish, new: Visit, can: Capabilities) -> None:
        new_id = new.booking.key.appointment_id
        try:
            await self.updates.occupants.expect_first(new_id, wish.slot_ids)
        except LostRace:
            ended = await self._ended(new.booking.key, can, free=False)
            if ended is not None and ended.booking.status in _LIVE:
                raise EHRRefused("Appointment: booked twice") from None
            await self.updates.leave(wish, wish.slot_ids, knowing=new_id)
            raise
        except EHRRefused as error:
            # It is booked; only who else is there could not be read.
            raise EHRUnavailable(str(error), sent=True) from None

    async def _there(self, key: AppointmentKey) -> Visit:
        """A visit that is known to be there: unreadable is not gone."""
        try:
            return await self.exchange.visit(key)
        except EHRRefused as error:
            raise EHRUnavailable(str(error), sent=True) from None

    async def _ended(
        self,
        key: AppointmentKey,
        can: Capabilities,
        *,
        start_at: datetime | None = None,
        free: bool = True,
    ) -> Visit | None:
        """A booking after it was cancelled, or as it is where that cannot be.

        None: it is gone, or the patient has no part in it any more. One that
        does not start at `start_at` is another visit by now, and stays.
        """
        for _ in range(_TRIES):
            try:
                visit = await self._there(key)
            except EHRConflict:
                return None
            if _stays(visit) or start_at not in (None, visit.booking.start_at):
                return visit
            try:
                if visit.booking.status in _OPEN:
                    await self._cancel(visit, can)
                    continue
                if free and can.slot_update:
                    await self.updates.tidy_cancelled(visit)
            except EHRConflict:
                continue
            except EHRRefused:
                pass
            return visit
        raise EHRUnavailable("Appointment: changed again and again")

    async def _cancel(self, visit: Visit, can: Capabilities) -> None:
        edit = cancelled(visit)
        by_patch = can.patch and not can.update
        if edit is not None:
            await (self.exchange.patch if by_patch else self.exchange.put)(edit)

    def _resource(self, wish: Wish, now: Visit, edits: Edits) -> Resource:
        meant = edits.appointment.resource
        resource = {name: value for name, value in meant.items() if name in _STAYS}
        resource["status"] = AppointmentStatus.BOOKED.value
        resource["identifier"] = [wish.identifier(self.exchange.system)]
        patient = resource["participant"][now.participant]
        patient["status"] = ParticipationStatus.ACCEPTED.value
        return resource


def _stays(visit: Visit) -> bool:
    """Whether nothing of it is left to end: they came, or the others come."""
    booking = visit.booking
    if booking.status not in _OPEN:
        return booking.status in _LIVE
    return visit.is_shared and booking.participation is ParticipationStatus.DECLINED
