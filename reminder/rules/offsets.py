"""Offsets as people write them: '24 hours before', 'the Friday before at 15:00'."""

from datetime import time
from typing import Literal

from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    Event,
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
from reminder.model.rulesets import Span
from reminder.rules.words import Words, counted

_Elapsed = MinutesBefore | HoursBefore | MinutesAfter | HoursAfter
_OnADay = DaysBefore | BusinessDaysBefore | DaysAfter
_SpanUnit = Literal["minutes", "hours", "days"]

_ELAPSED: dict[str, type[_Elapsed]] = {
    "minutes before": MinutesBefore,
    "hours before": HoursBefore,
    "minutes after": MinutesAfter,
    "hours after": HoursAfter,
}
_ON_A_DAY: dict[str, type[_OnADay]] = {
    "days before": DaysBefore,
    "business days before": BusinessDaysBefore,
    "days after": DaysAfter,
}
_EVENTS: dict[str, Event] = {
    "booked": WhenBooked(),
    "moved": WhenMoved(),
    "cancelled": WhenCancelled(),
    "missed": WhenMissed(),
}
_WORDS_OF: dict[type[Offset], str] = {
    **{kind: words for words, kind in _ELAPSED.items()},
    **{kind: words for words, kind in _ON_A_DAY.items()},
    **{type(event): f"when {word}" for word, event in _EVENTS.items()},
}

_WEEKDAYS = (
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
)
"""In the order of `date.weekday()`."""

_UNITS = ("minutes", "hours", "days", "business days")
_SPAN_UNITS: tuple[_SpanUnit, ...] = ("minutes", "hours", "days")

_FIRST = "a whole number, 'when' or 'the', as in '24 hours before' or 'when booked'"
_A_WEEKDAY = "a weekday, as in 'the Friday before at 15:00'"
_EVENT = "'booked', 'moved', 'cancelled' or 'missed'"
_MEANT = {
    "rescheduled": "'moved'",
    "changed": "'moved'",
    "noshow": "'missed'",
    "no-show": "'missed'",
    "scheduled": "'booked'",
    "made": "'booked'",
}
"""What to say for the words that others have for these events."""


def parse_offset(text: str) -> Offset:
    """Read an offset; capitals, extra spaces, '1 hours' and 'canceled' are forgiven.

    Raises:
        ValueError: names the word that is wrong and says what belongs there.
    """
    words = Words("offset", text)
    match words.peek():
        case "when":
            return _event(words)
        case "the":
            return _weekday(words)
        case _:
            return _quantity(words)


def print_offset(offset: Offset) -> str:
    """Write an offset so that `parse_offset` gives it back."""
    match offset:
        case WeekdayBefore(weekday, at):
            return f"the {_WEEKDAYS[weekday]} before at {at:%H:%M}"
        case WhenBooked() | WhenMoved() | WhenCancelled() | WhenMissed():
            return _WORDS_OF[type(offset)]
        case DaysBefore(days, at) | BusinessDaysBefore(days, at) | DaysAfter(days, at):
            return f"{_counted(days, offset)} at {at:%H:%M}"
        case MinutesBefore(count) | HoursBefore(count):
            return _counted(count, offset)
        case MinutesAfter(count) | HoursAfter(count):
            return _counted(count, offset)


def parse_span(text: str) -> Span:
    """Read a length of time: '7 days', '48 hours', '30 minutes'.

    Raises:
        ValueError: names the word that is wrong and says what belongs there.
    """
    words = Words("length of time", text)
    span = take_span(words)
    words.expect_end("a number and its unit are all")
    return span


def print_span(span: Span) -> str:
    """Write a length of time so that `parse_span` gives it back."""
    return counted(span.count, span.unit)


def take_span(words: Words) -> Span:
    """Read a length of time where it stands among other words."""
    count, unit = words.quantity(_SPAN_UNITS, first="a whole number, as in '7 days'")
    return Span(count, unit)


def days_ahead(offset: Offset, business_weekdays: int = 5) -> int:
    """How many days before the visit a step may be due, at the most; 0 if after it.

    Business days are counted with the other days of their weeks and,
    generously, with four public holidays among them; `business_weekdays` is
    how many such days a week of the clinic has.
    """
    match offset:
        case MinutesBefore(minutes):
            return -(-minutes // (24 * 60))
        case HoursBefore(hours):
            return -(-hours // 24)
        case DaysBefore(days):
            return days
        case BusinessDaysBefore(days):
            other_days = (7 - business_weekdays) * -(-days // business_weekdays)
            return days + other_days + -(-20 // business_weekdays)
        case WeekdayBefore():
            return 7
        case _:
            return 0


def default_template(offset: Offset) -> str:
    """The template of a step that names none."""
    match offset:
        case WhenBooked():
            return "booked"
        case WhenMoved():
            return "moved"
        case WhenCancelled():
            return "cancelled"
        case WhenMissed():
            return "missed"
        case MinutesAfter() | HoursAfter() | DaysAfter():
            return "thanks"
        case _:
            return "reminder"


def _event(words: Words) -> Offset:
    words.expect("when")
    word = words.take(_EVENT)
    event = _EVENTS.get("cancelled" if word == "canceled" else word)
    if event is None:
        raise words.wrong(word, _MEANT.get(word, _EVENT))
    words.expect_end("it is told as soon as it is known")
    return event


def _weekday(words: Words) -> Offset:
    words.expect("the")
    word = words.take(_A_WEEKDAY)
    day = word.capitalize()
    if day not in _WEEKDAYS:
        raise words.wrong(word, _A_WEEKDAY)
    words.expect("before")
    return WeekdayBefore(_WEEKDAYS.index(day), _time(words))


def _quantity(words: Words) -> Offset:
    word = words.peek() or ""
    if word.capitalize() in _WEEKDAYS:
        raise words.wrong(word, f"'the {word.capitalize()}'")
    count, unit = words.quantity(_UNITS, first=_FIRST, after_days=" at 10:00")
    sides = "'before'" if unit == "business days" else "'before' or 'after'"
    side = words.take(sides)
    elapsed = _ELAPSED.get(f"{unit} {side}")
    if elapsed is not None:
        words.expect_end(f"{unit} are counted from the visit itself")
        return elapsed(count)
    on_a_day = _ON_A_DAY.get(f"{unit} {side}")
    if on_a_day is None:
        raise words.wrong(side, sides)
    return on_a_day(count, _time(words))


def _time(words: Words) -> time:
    if words.peek() is None:
        words.take("a time of day, as in 'at 10:00'")
    words.expect("at")
    at = words.time_of_day()
    words.expect_end("nothing follows the time of day")
    return at


def _counted(count: int, offset: Offset) -> str:
    unit, side = _WORDS_OF[type(offset)].rsplit(" ", 1)
    return f"{counted(count, unit)} {side}"
