"""When a step falls due: its offset, on the right clock, outside quiet hours."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.model.clinics import Clinic
from reminder.model.offsets import BusinessDaysBefore, DaysBefore, HoursBefore, Offset
from reminder.rules.calendar import business_days_before, instant, local_date
from reminder.rules.quiet_hours import nearest_allowed


@dataclass(frozen=True, slots=True)
class Due:
    """What the offset asks for, and the instant outside quiet hours it became (UTC)."""

    wanted_at: datetime
    at: datetime


def due(clinic: Clinic, offset: Offset, start_at: datetime) -> Due | None:
    """When a step is due; None when quiet hours leave no moment for it.

    Says nothing about the present: the instant may have passed long ago.
    """
    wanted_at = _wanted_at(clinic, offset, start_at)
    at = nearest_allowed(clinic, wanted_at, start_at)
    return None if at is None else Due(wanted_at, at)


def _wanted_at(clinic: Clinic, offset: Offset, start_at: datetime) -> datetime:
    match offset:
        case HoursBefore(hours):
            return start_at - timedelta(hours=hours)
        case DaysBefore(days, at):
            day = local_date(clinic, start_at) - timedelta(days=days)
            return instant(clinic, day, at)
        case BusinessDaysBefore(days, at):
            day = business_days_before(clinic, local_date(clinic, start_at), days)
            return instant(clinic, day, at)
        case _:
            raise ValueError(f"no instant yet: {type(offset).__name__}")
