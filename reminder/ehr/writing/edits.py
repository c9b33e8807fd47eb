"""Decides what a patient's act changes in the resources, and leaves the rest alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.reading.drafts import Draft
from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.raw import Resource, Stored, as_object, objects
from reminder.ehr.writing.json_patch import added, replaced
from reminder.ehr.writing.wishes import Wish, marked
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
    Slot,
)

_OPEN = (AppointmentStatus.BOOKED, AppointmentStatus.PENDING)
_NOT_YET = (*_OPEN, AppointmentStatus.PROPOSED, AppointmentStatus.WAITLIST)
_CAME = (
    AppointmentStatus.ARRIVED,
    AppointmentStatus.CHECKED_IN,
    AppointmentStatus.FULFILLED,
)
_OFF = (
    AppointmentStatus.CANCELLED,
    AppointmentStatus.NOSHOW,
    AppointmentStatus.ENTERED_IN_ERROR,
)
_REASONS = "http://terminology.hl7.org/CodeSystem/appointment-cancellation-reason"
_BY_PATIENT = "pat"
_PATIENT_CANCELLED = {
    "coding": [{"system": _REASONS, "code": _BY_PATIENT, "display": "Patient"}]
}
FREE, BUSY = "free", "busy"


@dataclass(frozen=True, slots=True)
class Edit:
    """A resource as it is to be, in place of what was `stored`.

    `patch` says the same as a JSON Patch (RFC 6902) to a server that itself sees
    to what follows from it, such as the Slots and the times of a new Slot.
    """

    stored: Stored
    resource: Resource = field(repr=False)
    patch: tuple[Resource, ...] = field(default=(), repr=False)

    @property
    def is_of_slot(self) -> bool:
        """Whether it changes a Slot."""
        return bool(self.resource["resourceType"] == "Slot")


@dataclass(frozen=True, slots=True)
class Visit:
    """An Appointment as the server holds it now, seen from one of its patients."""

    stored: Stored
    draft: Draft
    booking: Appointment
    participant: int

    @property
    def is_shared(self) -> bool:
        """Whether others may come as well: moving it would move them, too.

        A participant that could not be read, or found, may be a patient.
        """
        reading = self.draft.reading
        return len(reading.bookings) > 1 or any(
            each.path.startswith("Appointment.participant") for each in reading.repairs
        )

    @property
    def gist(self) -> tuple[AppointmentStatus, ParticipationStatus, datetime]:
        """What must be so after a write."""
        booking = self.booking
        return booking.status, booking.participation, booking.start_at

    @property
    def essence(self) -> tuple[object, ...]:
        """What the patient decided about; when it changes, they must look again."""
        return (*self.gist, self.booking.end_at, self.booking.slot_ids)


def visit(stored: Stored, draft: Draft, key: AppointmentKey) -> Visit:
    """The visit of one patient.

    Raises:
        EHRConflict: the patient does not take part any more.
    """
    number = draft.participants.get(key.patient_id)
    bookings = [each for each in draft.reading.bookings if each.key == key]
    if number is None or not bookings:
        raise EHRConflict("Appointment: the patient does not take part")
    return Visit(stored, draft, bookings[0], number)


def confirmed(visit: Visit) -> Edit | None:
    """The patient's participation accepted; None when it is, or they came already."""
    status = visit.booking.status
    if status in _CAME or (
        status in _OPEN and visit.booking.participation is ParticipationStatus.ACCEPTED
    ):
        return None
    _require(visit, _OPEN)
    return _participation(visit, ParticipationStatus.ACCEPTED)


def cancelled(visit: Visit) -> Edit | None:
    """The Appointment cancelled; of a shared one only this patient's part declined."""
    if visit.booking.status is AppointmentStatus.CANCELLED:
        return None
    _require(visit, _NOT_YET)
    if visit.is_shared:
        if visit.booking.participation is ParticipationStatus.DECLINED:
            return None
        return _participation(visit, ParticipationStatus.DECLINED)
    resource = visit.stored.editable()
    resource["status"] = AppointmentStatus.CANCELLED.value
    resource["cancelationReason"] = _PATIENT_CANCELLED
    patch = (
        replaced("/status", resource["status"]),
        added("/cancelationReason", _PATIENT_CANCELLED),
    )
    return Edit(visit.stored, resource, patch)


def rebooked(visit: Visit, slot_ids: Sequence[str], *, now: datetime) -> Edit | None:
    """A cancellation taken back; None when the visit is booked.

    Only the patient's own cancellation can be: what the clinic cancelled
    stays cancelled.
    """
    if visit.booking.start_at <= now:
        raise EHRConflict("Appointment: past")
    if visit.booking.status in _OPEN:
        if visit.booking.participation is not ParticipationStatus.DECLINED:
            return None
        return _participation(visit, ParticipationStatus.ACCEPTED)
    _require(visit, (AppointmentStatus.CANCELLED,))
    if not _is_by_patient(visit.stored.resource):
        raise EHRConflict("Appointment: cancelled by the clinic")
    resource = visit.stored.editable()
    resource["status"] = AppointmentStatus.BOOKED.value
    patch = [replaced("/status", resource["status"])]
    if resource.pop("cancelationReason", None) is not None:
        patch.append({"op": "remove", "path": "/cancelationReason"})
    if not set(slot_ids) <= set(visit.booking.slot_ids):
        resource["slot"] = _references(slot_ids)
        patch.append(added("/slot", resource["slot"]))
    return Edit(visit.stored, resource, tuple(patch))


def moved(visit: Visit, stored_slot: Stored, slot: Slot, *, now: datetime) -> Edit:
    """The Appointment at the new Slot's time, as long as before where that fits.

    Raises:
        EHRConflict: the visit or the Slot is past, or is not open any more.
        EHRRefused: other patients would be moved as well.
    """
    if visit.is_shared:
        raise EHRRefused("Appointment: shared with other patients")
    _require(visit, _OPEN)
    if slot.start_at <= now:
        raise EHRConflict("Slot: past")
    before, length = visit.booking, slot.end_at - slot.start_at
    if before.end_at is not None:
        length = min(length, before.end_at - before.start_at)
    resource = visit.stored.editable()
    # The Slot's own words for its instants keep the server's way of writing.
    resource["start"] = stored_slot.resource["start"]
    resource["end"] = stored_slot.resource["end"]
    if slot.start_at + length != slot.end_at:
        resource["end"] = (slot.start_at + length).isoformat().replace("+00:00", "Z")
    if "minutesDuration" in resource:
        resource["minutesDuration"] = int(length.total_seconds()) // 60
    had_slots = "slot" in resource
    resource["slot"] = _references([slot.slot_id])
    # `replace` is what Oracle Health takes; nothing can replace what is not there.
    change = replaced if had_slots else added
    return Edit(visit.stored, resource, (change("/slot", resource["slot"]),))


def retimed(visit: Visit, meant: Edit) -> Edit | None:
    """The start and end that should have followed the new Slot; None if they did."""
    wanted = {name: meant.resource[name] for name in ("start", "end")}
    if instant(wanted["start"]) == visit.booking.start_at:
        return None
    patch = tuple(replaced(f"/{name}", value) for name, value in wanted.items())
    return Edit(visit.stored, meant.resource, patch)


def slot_edit(stored: Stored, status: str, mark: Wish | None = None) -> Edit | None:
    """The Slot with that status; None when it has it.

    An overbooked Slot holds other visits: it is not set free for one. A Slot
    taken with a `mark` says for which wish.
    """
    found = stored.resource.get("status")
    overbooked = stored.resource.get("overbooked") is True
    if found == status or (status == FREE and overbooked):
        return None
    resource = stored.editable()
    resource["status"] = status
    if mark is not None or status == FREE:
        marked(resource, mark)
    return Edit(stored, resource)


def _participation(visit: Visit, status: ParticipationStatus) -> Edit:
    resource = visit.stored.editable()
    resource["participant"][visit.participant]["status"] = status.value
    path = f"/participant/{visit.participant}/status"
    return Edit(visit.stored, resource, (replaced(path, status.value),))


def expect_happening(visit: Visit) -> None:
    """Whatever the patient did before, it is off when the clinic says so."""
    if visit.booking.status in _OFF:
        raise EHRConflict(f"Appointment: {visit.booking.status}")


def _require(visit: Visit, statuses: Sequence[AppointmentStatus]) -> None:
    if visit.booking.status not in statuses:
        raise EHRConflict(f"Appointment: {visit.booking.status}")


def is_cancelled_by_patient(visit: Visit) -> bool:
    """Whether it is a cancellation such as `cancelled` makes."""
    reason = as_object(visit.stored.resource.get("cancelationReason"))
    return visit.booking.status is AppointmentStatus.CANCELLED and any(
        coding.get("code") == _BY_PATIENT for coding in objects(reason.get("coding"))
    )


def _is_by_patient(appointment: Resource) -> bool:
    reason = as_object(appointment.get("cancelationReason"))
    codes = [coding.get("code") for coding in objects(reason.get("coding"))]
    return not codes or _BY_PATIENT in codes


def _references(slot_ids: Sequence[str]) -> list[dict[str, str]]:
    return [{"reference": f"Slot/{slot_id}"} for slot_id in slot_ids]
