"""When nobody is disturbed, and which moment is taken instead."""

from datetime import date, datetime, timedelta
from typing import NamedTuple

from reminder.model.clinics import Clinic
from reminder.rules.calendar import instant, local_date

_ENOUGH = timedelta(minutes=60)
"""What a reminder moved to the morning must leave before the visit."""

_BEFORE_QUIET = timedelta(minutes=15)
"""How long before quiet hours a reminder moved back is due.

A queue needs some time to empty; what is still in it when quiet hours begin
waits until they end.
"""


def is_quiet(clinic: Clinic, at: datetime) -> bool:
    """Whether an instant lies in quiet hours: their start does, their end does not."""
    return _quiet_span(clinic, at) is not None


def quiet_until(clinic: Clinic, at: datetime) -> datetime:
    """The end (UTC) of the quiet hours around an instant; `at` when it is not quiet."""
    # A skipped hour can close the gap between the hours of two days.
    while quiet := _quiet_span(clinic, at):
        at = quiet.end
    return at


def nearest_allowed(
    clinic: Clinic, at: datetime, start_at: datetime
) -> datetime | None:
    """The instant (UTC) to use instead of `at` for a visit that starts at `start_at`.

    An instant outside quiet hours stays. Else the end of the quiet hours, if
    that leaves an hour before the visit; else a quarter of an hour before they
    began, so usually the evening before. None when that is quiet as well,
    because the clinic leaves less than a quarter of an hour open.
    """
    quiet = _quiet_span(clinic, at)
    if quiet is None:
        return at
    forward = quiet_until(clinic, at)
    if start_at - forward >= _ENOUGH:
        return forward
    back = quiet.start - _BEFORE_QUIET
    return None if is_quiet(clinic, back) else back


class _Span(NamedTuple):
    start: datetime
    end: datetime


def _quiet_span(clinic: Clinic, at: datetime) -> _Span | None:
    """The quiet hours around an instant, from their start up to, not with, their end.

    They are spans between instants, so that a clock change inside shortens or
    lengthens them and never opens a hole.
    """
    today = local_date(clinic, at)
    for day in (today, today - timedelta(days=1)):
        span = _span_of(clinic, day)
        if span.start <= at < span.end:
            return span
    return None


def _span_of(clinic: Clinic, day: date) -> _Span:
    """The quiet hours that begin on a day; empty when the clinic has none."""
    quiet = clinic.quiet_hours
    last_day = day + timedelta(days=1) if quiet.end < quiet.start else day
    return _Span(
        instant(clinic, day, quiet.start), instant(clinic, last_day, quiet.end)
    )
