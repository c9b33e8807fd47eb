"""What happened to a visit, since when, and whether the patient must be told of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
)
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.rules.prepared import StepKind, prepared
from reminder.rules.world import World

_A_DAY = timedelta(days=1)
"""How long it is news that a visit was booked or missed."""


@dataclass(frozen=True, slots=True)
class Happened:
    """Something that is to be told at `at`, and is of use `until` then (UTC).

    `since` is when it happened, as far as we know.
    """

    at: datetime
    since: datetime
    until: datetime


def booked_at(appointment: Appointment) -> datetime | None:
    """When it was booked, as nearly as we know; None: long before we looked."""
    return appointment.history.first_seen_at or appointment.created_at


def happened(
    kind: StepKind, step_id: str, appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    """What of this kind there is to tell; a reason if it is not; None: nothing was."""
    match kind:
        case StepKind.BOOKED:
            return _booked(step_id, appointment, clinic, world)
        case StepKind.MOVED:
            return _moved(appointment, clinic, world)
        case StepKind.CANCELLED:
            return _cancelled(appointment, clinic, world)
        case StepKind.MISSED:
            return _missed(appointment, clinic)
        case _:
            raise ValueError(f"{kind} is no event")


def old_start(
    appointment: Appointment, person: Person, clinics: ClinicDirectory, now: datetime
) -> datetime | None:
    """The start (UTC) a moved visit had for its patient; None if it did not move."""
    world, found = World(person, now), prepared(clinics).of(appointment)
    if found is None:
        return None
    former = _former(appointment, found.clinic, world)
    return former if former != appointment.start_at else None


def rebooked(
    cancelled: Appointment, clinic: Clinic, world: World
) -> Appointment | None:
    """The booking that took the place of a cancelled one, if one did."""
    within = clinic.ruleset.settling.rebooking
    return next(
        (
            new
            for new in world.person.appointments
            if new.status is AppointmentStatus.BOOKED
            and new.start_at > world.now
            and _replaces(new, cancelled, within)
            and next(_replaced(new, within, world), None) is cancelled
        ),
        None,
    )


def _booked(
    step_id: str, appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    since = booked_at(appointment)
    if since is None:
        return None
    if appointment.history.moves and world.said_by(appointment, step_id):
        return None
    if _replaced_one(appointment, clinic, world) is not None:
        return Reason.REBOOKED
    settled = since + clinic.ruleset.settling.moves
    return Happened(settled, since, settled + _A_DAY)


def _moved(
    appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    former = _replaced_one(appointment, clinic, world)
    since = appointment.history.moved_at
    if since is None and former is not None:
        since = booked_at(appointment)
    if since is None:
        return None
    if _former(appointment, clinic, world) == appointment.start_at:
        return Reason.ALREADY_KNOWN
    settled = since + clinic.ruleset.settling.moves
    return Happened(settled, since, appointment.start_at)


def _cancelled(
    appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    since = appointment.history.status_since
    if appointment.status is not AppointmentStatus.CANCELLED or since is None:
        return None
    if world.cancelled_it(appointment):
        return Reason.ALREADY_KNOWN
    if rebooked(appointment, clinic, world) is not None:
        return Reason.REBOOKED
    if appointment.start_at <= world.now:
        return Reason.PAST
    settled = since + clinic.ruleset.settling.rebooking
    return Happened(settled, since, appointment.start_at)


def _missed(appointment: Appointment, clinic: Clinic) -> Happened | Reason | None:
    since = appointment.history.status_since
    if appointment.status is not AppointmentStatus.NOSHOW or since is None:
        return None
    settled = since + clinic.ruleset.settling.moves
    return Happened(settled, since, settled + _A_DAY)


def _former(appointment: Appointment, clinic: Clinic, world: World) -> datetime:
    """The start the patient believes in: the last they were told, else the first."""
    known = world.known_start(appointment)
    if known is not None:
        return known
    replaced = _replaced_one(appointment, clinic, world)
    if replaced is not None:
        return world.known_start(replaced) or replaced.start_at
    return appointment.history.first_start_at or appointment.start_at


def _replaced_one(new: Appointment, clinic: Clinic, world: World) -> Appointment | None:
    if len(world.person.appointments) == 1:
        return None
    return next(_replaced(new, clinic.ruleset.settling.rebooking, world), None)


def _replaced(
    new: Appointment, within: timedelta, world: World
) -> Iterator[Appointment]:
    """The cancelled bookings a new one may stand for, the nearest in time first."""
    found = [old for old in world.person.appointments if _replaces(new, old, within)]
    return iter(sorted(found, key=lambda old: (_apart(new, old), old.key)))


def _replaces(new: Appointment, old: Appointment, within: timedelta) -> bool:
    """Some EHRs move a visit so: book anew, cancel the old, in either order."""
    return (
        old.status is AppointmentStatus.CANCELLED
        and old.history.status_since is not None
        and booked_at(new) is not None
        and new.key != old.key
        and _apart(new, old) <= within
        and _same_service(new, old)
    )


def _apart(new: Appointment, old: Appointment) -> timedelta:
    since, booked = old.history.status_since, booked_at(new)
    if since is None or booked is None:
        return timedelta.max
    return abs(booked - since)


def _same_service(new: Appointment, old: Appointment) -> bool:
    """By type of service or of appointment; else by who is seen, else by the place."""
    for one, other in (
        (new.kind.service_types, old.kind.service_types),
        (new.kind.appointment_types, old.kind.appointment_types),
    ):
        if one and other:
            return not one.isdisjoint(other)
    if new.kind.practitioner_ids and old.kind.practitioner_ids:
        return not new.kind.practitioner_ids.isdisjoint(old.kind.practitioner_ids)
    return _place(new) == _place(old)


def _place(appointment: Appointment) -> str | None:
    return appointment.place.location_id if appointment.place is not None else None
