"""Bookings as the model has them, to and from the rows of their table."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row

from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
    History,
    Kind,
    ParticipationStatus,
    Place,
)
from reminder.store.reminder_rows import appointment_key
from reminder.store.sealing import Sealer

_CODES = (
    "appointment_types",
    "service_types",
    "service_categories",
    "specialties",
    "practitioner_ids",
    "tags",
    "security",
)
_NO_KIND = Kind()


def to_row(
    sealer: Sealer,
    row_id: UUID,
    booking: Appointment,
    *,
    fingerprint: str,
    seen_at: datetime,
) -> dict[str, Any]:
    """A row for one booking the EHR has, without what we saw of it over time."""
    place = booking.place
    return {
        "id": row_id,
        "connection": booking.key.connection,
        "appointment_id": booking.key.appointment_id,
        "patient_id": booking.key.patient_id,
        "status": booking.status.value,
        "participation": booking.participation.value,
        "start_at": booking.start_at,
        "end_at": booking.end_at,
        "created_at": booking.created_at,
        "version_id": booking.version_id,
        "updated_at": booking.updated_at,
        "location_id": None if place is None else place.location_id,
        # A FHIR id holds no space.
        "slot_ids": " ".join(booking.slot_ids),
        "fingerprint": fingerprint,
        "seen_at": seen_at,
        "gone": False,
        "sealed": sealer.seal(row_id, _told(booking)),
    }


def from_row(sealer: Sealer, row: Row[Any]) -> Appointment:
    """The booking a whole row of the table holds."""
    told = sealer.open(row.id, row.sealed)
    place = None
    if row.location_id is not None:
        place = Place(row.location_id, told["place"], told["address"])
    return Appointment(
        key=appointment_key(row),
        status=AppointmentStatus(row.status),
        participation=ParticipationStatus(row.participation),
        start_at=row.start_at,
        end_at=row.end_at,
        created_at=row.created_at,
        version_id=row.version_id,
        updated_at=row.updated_at,
        place=place,
        practitioner=told["practitioner"],
        slot_ids=tuple(row.slot_ids.split()),
        join_url=told["join_url"],
        kind=_kind(told),
        instructions=told.get("instructions", ""),
        history=_history(row),
        fingerprint=row.fingerprint,
        seen_at=row.seen_at,
    )


def _history(row: Row[Any]) -> History:
    """A row of the version before counts as first seen with the start it has."""
    return History(
        first_seen_at=row.first_seen_at,
        status_since=row.status_since,
        first_start_at=row.first_start_at or row.start_at,
        moved_at=row.moved_at,
        moves=row.moves,
    )


def _told(booking: Appointment) -> dict[str, Any]:
    """What is sealed; what most bookings lack is left out of the cell."""
    place = booking.place
    cell: dict[str, Any] = {
        "place": "" if place is None else place.name,
        "address": "" if place is None else place.address,
        "practitioner": booking.practitioner,
        "join_url": booking.join_url,
    }
    if booking.instructions:
        cell["instructions"] = booking.instructions
    if booking.kind != _NO_KIND:
        cell["kind"] = _kind_cell(booking.kind)
    return cell


def _kind_cell(kind: Kind) -> dict[str, Any]:
    codes = {name: sorted(getattr(kind, name)) for name in _CODES}
    given: dict[str, Any] = {name: some for name, some in codes.items() if some}
    return given | ({"telehealth": True} if kind.telehealth else {})


def _kind(told: dict[str, Any]) -> Kind:
    cell = dict(told.get("kind", {}))
    if not cell:
        return _NO_KIND
    telehealth = cell.pop("telehealth", False)
    codes = {name: frozenset(some) for name, some in cell.items() if name in _CODES}
    return Kind(telehealth=telehealth, **codes)
