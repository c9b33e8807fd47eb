"""Which new booking stands for which cancelled one: some EHRs move a visit so.

They book anew and cancel the old one, in either order, within minutes. Told
one by one it would be a scare and a surprise; it is a move.
"""

from collections.abc import Iterator, Mapping
from datetime import timedelta

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
)
from reminder.rules.prepared import StepKind
from reminder.rules.world import World

Pairs = Mapping[AppointmentKey, Appointment]


def rebookings(world: World) -> tuple[Pairs, Pairs]:
    """The cancelled booking by the new one's key, and the new by the cancelled one's.

    One stands for one, the nearest in time first, and only where the new
    one's rule tells moves: what it would not tell must be told otherwise.
    """
    if world.rebookings is None:
        world.rebookings = _pairs(world)
    return world.rebookings


def _pairs(world: World) -> tuple[Pairs, Pairs]:
    by_new: dict[AppointmentKey, Appointment] = {}
    by_old: dict[AppointmentKey, Appointment] = {}
    if len(world.person.appointments) > 1:
        for _, new_key, old_key, new, old in sorted(_possible(world), key=_nearest):
            if new_key not in by_new and old_key not in by_old:
                by_new[new_key], by_old[old_key] = old, new
    return by_new, by_old


_Possible = tuple[timedelta, AppointmentKey, AppointmentKey, Appointment, Appointment]


def _nearest(possible: _Possible) -> tuple[timedelta, AppointmentKey, AppointmentKey]:
    return possible[:3]


def _possible(world: World) -> Iterator[_Possible]:
    cancelled = [
        (one, one.history.status_since)
        for one in world.person.appointments
        if one.status is AppointmentStatus.CANCELLED
    ]
    for new in world.person.appointments:
        booked = new.booked_at
        if not cancelled or booked is None or not _is_told_as_moved(new, world):
            continue
        within = _within(new, world)
        for old, since in cancelled:
            if since is None or old.key == new.key or not _same_service(new, old):
                continue
            if abs(booked - since) <= within:
                yield abs(booked - since), new.key, old.key, new, old


def _is_told_as_moved(new: Appointment, world: World) -> bool:
    """Whether its patient was told that it is a move, or can be."""
    steps = world.step_ids(new, StepKind.MOVED)
    if any(world.said_by(new, step_id) for step_id in steps):
        return True
    if new.status is not AppointmentStatus.BOOKED or new.start_at <= world.now:
        return False
    is_excluded = new.key in world.person.excluded
    return bool(steps) and not is_excluded and world.known_start(new) != new.start_at


def _within(new: Appointment, world: World) -> timedelta:
    found = world.directory.of(new)
    return found.clinic.ruleset.settling.rebooking if found else timedelta()


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
