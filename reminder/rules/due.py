"""When a step falls due: its offset, on the right clock, outside quiet hours."""

from datetime import date, datetime, timedelta
from typing import NamedTuple, assert_never
from zoneinfo import ZoneInfo

from reminder.model.clinics import Clinic
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
    WeekdayBefore,
)
from reminder.model.reasons import Note
from reminder.model.rulesets import Step
from reminder.rules.calendar import (
    business_days_before,
    instant,
    local_date,
    weekday_before,
)
from reminder.rules.quiet_hours import allowed


class Due(NamedTuple):
    """What a step asks for, and the instant outside quiet hours it became (UTC).

    `note` says which way it was moved, if it was.
    """

    wanted_at: datetime
    at: datetime
    note: Note | None = None


def due(
    clinic: Clinic,
    zone: ZoneInfo,
    step: Step,
    wanted_at: datetime,
    *,
    latest: datetime,
    visit_at: datetime | None,
) -> Due | None:
    """When a step is due that is wanted at an instant; None: quiet hours leave none.

    Quiet hours are read on the wall clock of `zone`, the step's policy says
    which way out of them; no way leads to `latest` or to the other side of
    `visit_at`. Says nothing about the present: the instant may have passed
    long ago, and one that was not moved may be later than `latest`.
    """
    at = allowed(
        clinic.quiet_hours,
        zone,
        wanted_at,
        step.quiet,
        latest=latest,
        visit_at=visit_at,
    )
    if at is None:
        return None
    if at == wanted_at:
        return Due(wanted_at, at)
    return Due(
        wanted_at, at, Note.QUIET_LATER if at > wanted_at else Note.QUIET_EARLIER
    )


def wanted_at(
    clinic: Clinic,
    offset: Before | After,
    start_at: datetime,
    end_at: datetime | None,
) -> datetime:
    """The instant (UTC) an offset asks for, whatever the hour.

    Hours and minutes are elapsed time before the start, or after the end (the
    start where no end is known); days are the clinic's calendar days before or
    after the start's, at a time on its wall clock.
    """
    match offset:
        case HoursBefore(hours):
            return start_at - timedelta(hours=hours)
        case MinutesBefore(minutes):
            return start_at - timedelta(minutes=minutes)
        case HoursAfter(hours):
            return (end_at or start_at) + timedelta(hours=hours)
        case MinutesAfter(minutes):
            return (end_at or start_at) + timedelta(minutes=minutes)
        case _:
            return instant(clinic, _day(clinic, offset, start_at), offset.at)


def _day(
    clinic: Clinic,
    offset: DaysBefore | BusinessDaysBefore | WeekdayBefore | DaysAfter,
    start_at: datetime,
) -> date:
    visit_on = local_date(clinic, start_at)
    match offset:
        case DaysBefore(days):
            return visit_on - timedelta(days=days)
        case BusinessDaysBefore(days):
            return business_days_before(clinic, visit_on, days)
        case WeekdayBefore(weekday):
            return weekday_before(visit_on, weekday)
        case DaysAfter(days):
            return visit_on + timedelta(days=days)
        case _:
            assert_never(offset)
