"""Walks a rule through a usual week, and finds quiet hours and caps in its way.

The visits are at 8:00, 12:00 and 17:00 on each business day of a week without
holidays or clock changes, by a patient who confirmed and one who did not.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from typing import NamedTuple

from reminder.model.clinics import Clinic
from reminder.model.offsets import After, Before
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import (
    Caps,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    QuietPolicy,
    Rule,
    Step,
    UnlessConfirmed,
)
from reminder.rules.calendar import instant, local_date
from reminder.rules.due import due, wanted_at
from reminder.rules.phrases import CHANNEL, listed
from reminder.rules.quiet_hours import is_quiet

_MONDAY = date(2026, 6, 8)
_HOURS = (time(8), time(12), time(17))
_HALF_HOUR = timedelta(minutes=30)
_DAY = timedelta(days=1)
_WEEK = 7 * _DAY


def visit_remarks(rule: Rule, caps: Caps, clinic: Clinic) -> Iterator[Remark]:
    """What befalls the steps before and after a visit in a usual week."""
    usual = replace(clinic, country=None, subdivision=None)
    usual = replace(usual, closures=frozenset(), open_days=frozenset())
    steps = [
        _Timed(step, step.offset)
        for step in rule.steps
        if isinstance(step.offset, Before | After)
    ]
    visits = _visits(usual)
    for step in steps:
        yield from _quiet(rule, step, visits, usual)
    weeks = [week for visit in visits for week in _weeks(steps, visit, usual)]
    yield from _over_caps(rule, caps, weeks)


class _Timed(NamedTuple):
    """A step whose moment follows from the visit, not from an event."""

    step: Step
    offset: Before | After

    def wanted_at(self, start_at: datetime, clinic: Clinic) -> datetime:
        return wanted_at(clinic, self.offset, start_at, start_at + _HALF_HOUR)

    def due_at(self, start_at: datetime, clinic: Clinic) -> datetime | None:
        wanted = self.wanted_at(start_at, clinic)
        before = isinstance(self.offset, Before)
        useful_until = wanted_at(clinic, self.step.useful, start_at, None)
        found = due(
            clinic,
            clinic.zone,
            self.step,
            wanted,
            latest=useful_until if before else wanted + _DAY,
            visit_at=start_at if before else None,
        )
        return None if found is None else found.at


class _Told(NamedTuple):
    """One step as it would be told of one visit, and on which day of the clinic."""

    step: Step
    day: date


class _Week(NamedTuple):
    """All that is told of the visit that starts at `start` (the clinic's time)."""

    start: datetime
    told: Sequence[_Told]


def _visits(clinic: Clinic) -> list[datetime]:
    return [
        instant(clinic, _MONDAY + timedelta(days=weekday), at)
        for weekday in sorted(clinic.business_weekdays)
        for at in _HOURS
    ]


def _quiet(
    rule: Rule, timed: _Timed, visits: Sequence[datetime], clinic: Clinic
) -> Iterator[Remark]:
    wanted = [timed.wanted_at(start_at, clinic) for start_at in visits]
    quiet = clinic.quiet_hours
    if not wanted or not all(is_quiet(quiet, clinic.zone, one) for one in wanted):
        return
    dropped = timed.step.quiet is QuietPolicy.DROP
    yield Remark(
        Severity.WARNING,
        f"rule {rule.rule_id}, step {timed.step.step_id}",
        "it is due in quiet hours for every usual visit, and so never sent"
        if dropped
        else "it is due in quiet hours for every usual visit, and so always moved",
        f"Choose a moment outside {quiet.start:%H:%M} to {quiet.end:%H:%M}.",
    )


def _weeks(
    steps: Sequence[_Timed], start_at: datetime, clinic: Clinic
) -> Iterator[_Week]:
    """What each of the two patients is told; of steps due at once only the nearest."""
    in_order = sorted(steps, key=lambda one: one.wanted_at(start_at, clinic))
    for confirmed in (False, True):
        due_at = {
            at: one.step
            for one in in_order
            if _is_for(one.step, confirmed=confirmed)
            and (at := one.due_at(start_at, clinic)) is not None
        }
        told = [_Told(due_at[at], local_date(clinic, at)) for at in sorted(due_at)]
        yield _Week(start_at.astimezone(clinic.zone), told)


def _is_for(step: Step, *, confirmed: bool) -> bool:
    against = (UnlessConfirmed, OnlyIfUnconfirmed) if confirmed else (OnlyIfConfirmed,)
    return not any(isinstance(one, against) for one in step.conditions)


def _over_caps(rule: Rule, caps: Caps, weeks: Sequence[_Week]) -> Iterator[Remark]:
    for cap, span, period in (
        (caps.a_day, _DAY, "one day"),
        (caps.a_week, _WEEK, "seven days"),
    ):
        if cap is None:
            continue
        too_many = [
            _Week(week.start, told)
            for week in weeks
            for told in _within(_capped(week.told, caps.channels), span)
            if len(told) > cap
        ]
        if too_many:
            worst = max(too_many, key=lambda week: len(week.told))
            yield _excess(rule, worst, cap, period)


def _capped(told: Sequence[_Told], channels: frozenset[Channel]) -> list[_Told]:
    return [one for one in told if one.step.channels[0] in channels]


def _within(told: Sequence[_Told], span: timedelta) -> Iterator[list[_Told]]:
    """What is told in each span of days that begins with something told."""
    for first in told:
        yield [one for one in told if first.day <= one.day < first.day + span]


def _excess(rule: Rule, worst: _Week, cap: int, period: str) -> Remark:
    start, told = worst
    channels = listed(sorted({CHANNEL[one.step.channels[0]] for one in told}))
    steps = listed([one.step.step_id for one in told])
    return Remark(
        Severity.WARNING,
        f"rule {rule.rule_id}",
        f"{len(told)} messages in {period} by {channels} for a visit on"
        f" {start:%A} at {start:%H:%M} (steps {steps}), but the cap is {cap}",
        "Move or leave out a step, or begin it with another channel: beyond the cap"
        " a message goes by a channel without one, or not at all.",
    )
