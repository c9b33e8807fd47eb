"""The clinics as the planner wants them: found at once, their rules worked out once."""

from dataclasses import dataclass, replace
from datetime import timedelta
from enum import Enum, auto
from functools import lru_cache
from typing import assert_never, cast

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.offsets import (
    After,
    Before,
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    HoursAfter,
    HoursBefore,
    MinutesAfter,
    MinutesBefore,
    Offset,
    WeekdayBefore,
    WhenBooked,
    WhenCancelled,
    WhenMissed,
    WhenMoved,
)
from reminder.model.reminders import Person
from reminder.model.rulesets import QuietPolicy, Rule, Step, Urgency
from reminder.rules.facts import facts
from reminder.rules.match import Matcher


class StepKind(Enum):
    """What a step waits for, which decides what must hold for it."""

    BEFORE = auto()
    AFTER = auto()
    BOOKED = auto()
    MOVED = auto()
    CANCELLED = auto()
    MISSED = auto()


_COUNTED_BY_MOVES = {StepKind.BOOKED, StepKind.MOVED, StepKind.CANCELLED}
_EARLIER = {QuietPolicy.NEAREST, QuietPolicy.EARLIER}
_URGENCY = {
    StepKind.BEFORE: Urgency.NORMAL,
    StepKind.AFTER: Urgency.LOW,
    StepKind.BOOKED: Urgency.NORMAL,
    StepKind.MOVED: Urgency.HIGH,
    StepKind.CANCELLED: Urgency.HIGH,
    StepKind.MISSED: Urgency.LOW,
}


@dataclass(frozen=True, slots=True, eq=False)
class PreparedStep:
    """A step, what kind it is of, and how it stands where not everything may go.

    `useful` is how long before the visit it stops being of use.
    """

    step: Step
    step_id: str
    kind: StepKind
    urgency: Urgency
    counts_moves: bool
    useful: timedelta

    @property
    def timed(self) -> Before | After:
        """Its offset, of a step before or after a visit."""
        return cast(Before | After, self.step.offset)


@dataclass(frozen=True, slots=True, eq=False)
class PreparedClinic:
    """A clinic with its rules made ready to be searched."""

    clinic: Clinic
    matcher: Matcher
    steps: dict[str, tuple[PreparedStep, ...]]
    """The steps of each rule, by its id."""


class PreparedDirectory:
    """Every clinic of a directory, found by what an appointment says of its place."""

    def __init__(self, clinics: ClinicDirectory) -> None:
        self._by_id = {one.clinic_id: _prepared(one) for one in clinics.clinics}
        self._by_place = {
            (one.clinic.connection, place): one
            for one in reversed(self._by_id.values())
            for place in one.clinic.location_ids
        }
        self._defaults = {
            connection: self._by_id[clinic_id]
            for connection, clinic_id in clinics.defaults.items()
        }

    def of(self, appointment: Appointment) -> PreparedClinic | None:
        """The clinic whose rules an appointment follows; None when it is of none."""
        connection, place = appointment.key.connection, appointment.place
        if place is not None:
            found = self._by_place.get((connection, place.location_id))
            if found is not None:
                return found
        return self._defaults.get(connection)


def rule_of(
    appointment: Appointment, person: Person, clinic: PreparedClinic
) -> Rule | None:
    """The rule an appointment follows; None when none is for its kind."""
    matcher = clinic.matcher
    if not matcher.needs_facts:
        return matcher.only
    return matcher.choose(facts(appointment, person, clinic.clinic))


@lru_cache(maxsize=16)
def prepared(clinics: ClinicDirectory) -> PreparedDirectory:
    """A directory made ready, once for as long as it is in use."""
    return PreparedDirectory(clinics)


def prepared_step(step: Step) -> PreparedStep:
    """One step with what its offset says of it.

    What has happened cannot be told before it has: out of quiet hours there
    is only later.
    """
    kind = kind_of(step.offset)
    if kind is not StepKind.BEFORE and step.quiet in _EARLIER:
        step = replace(step, quiet=QuietPolicy.LATER)
    return PreparedStep(
        step=step,
        step_id=step.step_id,
        kind=kind,
        urgency=_URGENCY[kind],
        counts_moves=kind in _COUNTED_BY_MOVES,
        useful=_elapsed(step.useful),
    )


def kind_of(offset: Offset) -> StepKind:
    """What a step with this offset waits for."""
    match offset:
        case (
            MinutesBefore()
            | HoursBefore()
            | DaysBefore()
            | BusinessDaysBefore()
            | WeekdayBefore()
        ):
            return StepKind.BEFORE
        case MinutesAfter() | HoursAfter() | DaysAfter():
            return StepKind.AFTER
        case WhenBooked():
            return StepKind.BOOKED
        case WhenMoved():
            return StepKind.MOVED
        case WhenCancelled():
            return StepKind.CANCELLED
        case WhenMissed():
            return StepKind.MISSED
        case _:
            assert_never(offset)


def _elapsed(before: MinutesBefore | HoursBefore) -> timedelta:
    match before:
        case MinutesBefore(minutes):
            return timedelta(minutes=minutes)
        case HoursBefore(hours):
            return timedelta(hours=hours)
        case _:
            assert_never(before)


def _prepared(clinic: Clinic) -> PreparedClinic:
    rules = clinic.ruleset.rules
    return PreparedClinic(
        clinic, Matcher(rules), {rule.rule_id: _steps(rule) for rule in rules}
    )


def _steps(rule: Rule) -> tuple[PreparedStep, ...]:
    return tuple(prepared_step(step) for step in rule.steps)
