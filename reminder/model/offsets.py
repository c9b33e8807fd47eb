"""When a step is due, as people say it: typed, since one day is not 24 hours.

Hours and minutes are elapsed time; days, business days and weekdays are
calendar days in the clinic's zone, with a time on its wall clock.
"""

from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True, slots=True)
class MinutesBefore:
    """'90 minutes before': elapsed time before the start."""

    minutes: int


@dataclass(frozen=True, slots=True)
class HoursBefore:
    """'24 hours before': elapsed time before the start, not a calendar day."""

    hours: int


@dataclass(frozen=True, slots=True)
class DaysBefore:
    """'3 days before at 18:30': calendar days before the start's date."""

    days: int
    at: time


@dataclass(frozen=True, slots=True)
class BusinessDaysBefore:
    """'5 business days before at 10:00', counting only the clinic's business days."""

    days: int
    at: time


@dataclass(frozen=True, slots=True)
class WeekdayBefore:
    """'the Friday before at 15:00': the last such day before the start's date.

    `weekday` is 0 for Monday, as `date.weekday()` has it. The Friday before a
    Friday is a week earlier.
    """

    weekday: int
    at: time


@dataclass(frozen=True, slots=True)
class MinutesAfter:
    """'90 minutes after': elapsed time after the end, or the start if none is known."""

    minutes: int


@dataclass(frozen=True, slots=True)
class HoursAfter:
    """'2 hours after': elapsed time after the end, or the start if none is known."""

    hours: int


@dataclass(frozen=True, slots=True)
class DaysAfter:
    """'1 day after at 10:00': calendar days after the start's date."""

    days: int
    at: time


@dataclass(frozen=True, slots=True)
class WhenBooked:
    """'when booked': as soon as the booking has stood for the settling time."""


@dataclass(frozen=True, slots=True)
class WhenMoved:
    """'when moved': one correction, once the new time has stood for a while."""


@dataclass(frozen=True, slots=True)
class WhenCancelled:
    """'when cancelled': unless it turns out to be a move."""


@dataclass(frozen=True, slots=True)
class WhenMissed:
    """'when missed': FHIR's `noshow`."""


Before = MinutesBefore | HoursBefore | DaysBefore | BusinessDaysBefore | WeekdayBefore
After = MinutesAfter | HoursAfter | DaysAfter
Event = WhenBooked | WhenMoved | WhenCancelled | WhenMissed
Offset = Before | After | Event
