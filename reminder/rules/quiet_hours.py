"""When nobody is disturbed, and which moment is taken instead."""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminder.model.clinics import QuietHours
from reminder.model.rulesets import QuietPolicy
from reminder.rules.calendar import instant_in

_ENOUGH = timedelta(minutes=60)
"""What a reminder moved to the morning must leave before the visit."""

_BEFORE_QUIET = timedelta(minutes=15)
"""How long before quiet hours a reminder moved back is due.

A queue needs some time to empty; what is still in it when quiet hours begin
waits until they end.
"""

_DAY = timedelta(days=1)


def is_quiet(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> bool:
    """Whether an instant lies in quiet hours: their start does, their end does not."""
    return _span_at(quiet, zone, at) is not None


def quiet_until(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> datetime:
    """The end (UTC) of the quiet hours around an instant; `at` when it is not quiet."""
    span = _span_at(quiet, zone, at)
    return at if span is None else span.end


def allowed(
    quiet: QuietHours,
    zone: ZoneInfo,
    wanted_at: datetime,
    policy: QuietPolicy,
    *,
    latest: datetime,
    visit_at: datetime | None,
) -> datetime | None:
    """The instant (UTC) to use instead of `wanted_at`; None when there is none.

    An instant outside quiet hours stays, be it ever so late. Later is the end
    of the quiet hours; earlier is a quarter of an hour before they began, so
    usually the evening before. The nearest is later if that leaves an hour
    before `visit_at`, else earlier. None is moved to `latest` or after it, nor
    to the other side of `visit_at`, nor earlier into other quiet hours, where
    the clinic leaves less than a quarter of an hour between them.
    """
    span = _span_at(quiet, zone, wanted_at)
    if span is None:
        return wanted_at
    if policy is QuietPolicy.DROP:
        return None
    is_later = policy is QuietPolicy.LATER or (
        policy is QuietPolicy.NEAREST
        and _is_later_near(span, wanted_at, latest, visit_at)
    )
    at = span.end if is_later else span.start - _BEFORE_QUIET
    crosses = visit_at is not None and (at < visit_at) != (wanted_at < visit_at)
    return None if at >= latest or crosses or is_quiet(quiet, zone, at) else at


class _Span(NamedTuple):
    start: datetime
    end: datetime


def _is_later_near(
    span: _Span, wanted_at: datetime, latest: datetime, visit_at: datetime | None
) -> bool:
    """Whether the end of quiet hours will do for who wants the nearest way out."""
    if visit_at is not None and wanted_at < visit_at < span.end + _ENOUGH:
        return False
    return span.end < latest


def _span_at(quiet: QuietHours, zone: ZoneInfo, at: datetime) -> _Span | None:
    at = at.astimezone(UTC)
    for span in _spans(quiet, zone, at.toordinal()):
        if span.start <= at < span.end:
            return span
    return None


@lru_cache(maxsize=16384)
def _spans(quiet: QuietHours, zone: ZoneInfo, utc_day: int) -> tuple[_Span, ...]:
    """The quiet hours that touch a day of UTC, from their start up to their end.

    They are spans between instants, so that a clock change inside shortens or
    lengthens them and never opens a hole; those of two days between which a
    skipped hour leaves nothing are one.
    """
    begins = datetime.combine(date.fromordinal(utc_day), time(), tzinfo=UTC)
    joined: list[_Span] = []
    # A zone is up to 14 hours from UTC, and joined hours reach over two days.
    for ahead in range(-3, 4):
        span = _span_of(quiet, zone, begins.date() + ahead * _DAY)
        if joined and joined[-1].end == span.start:
            joined[-1] = _Span(joined[-1].start, span.end)
        else:
            joined.append(span)
    ends = begins + _DAY
    return tuple(one for one in joined if one.start < ends and begins < one.end)


def _span_of(quiet: QuietHours, zone: ZoneInfo, day: date) -> _Span:
    """The quiet hours that begin on a day; empty when there are none."""
    last_day = day + _DAY if quiet.end < quiet.start else day
    return _Span(
        instant_in(zone, day, quiet.start), instant_in(zone, last_day, quiet.end)
    )
