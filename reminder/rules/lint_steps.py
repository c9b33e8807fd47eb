"""Finds steps that are never sent: by their conditions, or for being of no use."""

from collections.abc import Iterator
from datetime import time, timedelta

from reminder.model.offsets import (
    Before,
    BusinessDaysBefore,
    DaysBefore,
    HoursBefore,
    MinutesBefore,
    Offset,
    WeekdayBefore,
)
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    InsidePolicy,
    OnlyIfBookedAhead,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    QuietPolicy,
    Rule,
    Span,
    Step,
    UnlessConfirmed,
)
from reminder.rules.conditions import print_condition
from reminder.rules.lint_matches import below_elapsed, booked_ahead, never_between
from reminder.rules.offsets import print_offset, print_span

_DAY = timedelta(days=1)
_CLOCK_CHANGE = timedelta(hours=1)
_Before = MinutesBefore | HoursBefore


def step_remarks(rule: Rule, step: Step) -> Iterator[Remark]:
    """What keeps a step from ever being sent, or sends it beside another."""
    place = f"rule {rule.rule_id}, step {step.step_id}"
    below = rule.match.booked_ahead_less_than
    yield from _conditions(step, below, place)
    yield from _usefulness(step, place)
    yield from _quiet(step, place)
    if below is not None and step.inside is InsidePolicy.SKIP:
        yield from _booked_too_late(step, below, place)
    yield from _at_one_moment(rule, step, place)


def _conditions(step: Step, below: Span | None, place: str) -> Iterator[Remark]:
    for one in step.conditions:
        too_far = isinstance(one, OnlyIfBookedAhead) and never_between(
            booked_ahead(one), below
        )
        if too_far and below is not None:
            yield Remark(
                Severity.ERROR,
                place,
                f"'{print_condition(one)}', but the rule is for visits booked less"
                f" than {print_span(below)} ahead",
                "Leave out the condition, or move the step to another rule.",
            )
    kinds = {type(one) for one in step.conditions}
    if OnlyIfConfirmed in kinds and kinds & {UnlessConfirmed, OnlyIfUnconfirmed}:
        yield Remark(
            Severity.ERROR,
            place,
            "it asks that the patient has confirmed, and that they have not",
            "Keep one of the two conditions.",
        )


def _usefulness(step: Step, place: str) -> Iterator[Remark]:
    most = _longest(step.offset)
    if most is not None and _elapsed(step.useful) >= most:
        yield Remark(
            Severity.ERROR,
            place,
            f"it is due {print_offset(step.offset)} and of use only until"
            f" {print_offset(step.useful)}",
            "Let it be of use until a time after it is due.",
        )


def _quiet(step: Step, place: str) -> Iterator[Remark]:
    if step.quiet is QuietPolicy.EARLIER and not isinstance(step.offset, Before):
        yield Remark(
            Severity.WARNING,
            place,
            "quiet = 'earlier' means later here: it is told after something has"
            " happened",
            "Write quiet = 'later', or leave it out.",
        )


def _booked_too_late(step: Step, below: Span, place: str) -> Iterator[Remark]:
    if _is_over_when_booked(step.offset, below):
        yield Remark(
            Severity.WARNING,
            place,
            f"its moment is over for every visit booked less than"
            f" {print_span(below)} ahead, so it is always skipped",
            "Choose a moment closer to the visit, or inside = 'at-once'.",
        )


def _at_one_moment(rule: Rule, step: Step, place: str) -> Iterator[Remark]:
    """Of steps due at one moment on the same conditions only one is sent."""
    for other in rule.steps[: rule.steps.index(step)]:
        alike = (other.offset, other.conditions) == (step.offset, step.conditions)
        if alike and _longest(step.offset, otherwise=_DAY) is not None:
            yield Remark(
                Severity.WARNING,
                place,
                f"it is due at the same moment as step {other.step_id}: only one"
                " of them is sent",
                "Leave one out, or give them different moments or conditions.",
            )
            return


def _is_over_when_booked(offset: Offset, below: Span) -> bool:
    days = _days(offset)
    if days is not None and below.unit == "days":
        return days >= below.count
    least = _shortest(offset)
    return least is not None and least >= below_elapsed(below)


def _days(offset: Offset) -> int | None:
    """The calendar days before the visit at the least; None for elapsed time."""
    match offset:
        case DaysBefore(days) | BusinessDaysBefore(days):
            return days
        case WeekdayBefore():
            return 1
        case _:
            return None


def _shortest(offset: Offset) -> timedelta | None:
    """What passes at the least from when it is due to the visit; None if not before."""
    match offset:
        case MinutesBefore() | HoursBefore():
            return _elapsed(offset)
        case DaysBefore(days, at) | BusinessDaysBefore(days, at):
            return days * _DAY - _since_midnight(at) - _CLOCK_CHANGE
        case WeekdayBefore(at=at):
            return _DAY - _since_midnight(at) - _CLOCK_CHANGE
        case _:
            return None


def _longest(offset: Offset, *, otherwise: timedelta | None = None) -> timedelta | None:
    """What passes at the most until the visit; `otherwise` where holidays decide."""
    match offset:
        case MinutesBefore() | HoursBefore():
            return _elapsed(offset)
        case DaysBefore(days, at):
            return (days + 1) * _DAY - _since_midnight(at) + _CLOCK_CHANGE
        case WeekdayBefore(at=at):
            return 8 * _DAY - _since_midnight(at) + _CLOCK_CHANGE
        case BusinessDaysBefore():
            return otherwise
        case _:
            return None


def _elapsed(offset: _Before) -> timedelta:
    match offset:
        case MinutesBefore(minutes):
            return timedelta(minutes=minutes)
        case HoursBefore(hours):
            return timedelta(hours=hours)


def _since_midnight(at: time) -> timedelta:
    return timedelta(hours=at.hour, minutes=at.minute)
