"""What happened to a visit, since when, and whether the patient must be told of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.model.appointments import Appointment, AppointmentStatus
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.rules.prepared import StepKind, prepared
from reminder.rules.rebooking import rebookings
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


def happened(
    kind: StepKind, appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    """What of this kind there is to tell; a reason if it is not; None: nothing was."""
    match kind:
        case StepKind.BOOKED:
            return _booked(appointment, clinic, world)
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
    world = World(person, prepared(clinics), now)
    former = _former(appointment, world)
    return former if former != appointment.start_at else None


def _booked(
    appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    since = appointment.booked_at
    if world.told_cancellations(appointment):
        # Told that it was cancelled, the patient must hear that it is not.
        since = appointment.history.status_since
    elif appointment.history.moves and world.is_anything_said(appointment):
        return None
    if since is None:
        return None
    if world.chose(appointment):
        return Reason.ALREADY_KNOWN
    if appointment.key in rebookings(world)[0]:
        return Reason.REBOOKED
    settled = since + clinic.ruleset.settling.moves
    return Happened(settled, since, settled + _A_DAY)


def _moved(
    appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    since = appointment.history.moved_at
    if since is None and appointment.key in rebookings(world)[0]:
        since = appointment.booked_at
    if since is None:
        return None
    if _former(appointment, world) == appointment.start_at:
        return Reason.ALREADY_KNOWN
    settled = since + clinic.ruleset.settling.moves
    return Happened(settled, since, appointment.start_at)


def _cancelled(
    appointment: Appointment, clinic: Clinic, world: World
) -> Happened | Reason | None:
    since = appointment.history.status_since
    if appointment.status is not AppointmentStatus.CANCELLED or since is None:
        return None
    if world.cancelled_it(appointment) or world.moved_away(appointment):
        return Reason.ALREADY_KNOWN
    if appointment.key in rebookings(world)[1]:
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


def _former(appointment: Appointment, world: World) -> datetime:
    """The start the patient believes in: the last they were told, else the first."""
    known = world.known_start(appointment)
    if known is not None:
        return known
    replaced = rebookings(world)[0].get(appointment.key)
    if replaced is not None:
        return world.known_start(replaced) or replaced.start_at
    return appointment.history.first_start_at or appointment.start_at
