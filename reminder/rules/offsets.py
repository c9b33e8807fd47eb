"""Offsets as people write them: '24 hours before', '3 days before at 18:30'."""

import re
from datetime import time

from reminder.model.offsets import BusinessDaysBefore, DaysBefore, HoursBefore, Offset

_MOST = {"hours": 24 * 366, "days": 366, "business days": 260}
"""About a year ahead of the visit; more is a slip of the pen."""

_SINGULAR = {"hour": "hours", "day": "days"}
_UNITS = "'hours', 'days' or 'business days'"
_TIME = "a time of day such as '10:00'"
_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")


def parse_offset(text: str) -> Offset:
    """Read an offset; capitals, extra spaces and '1 hours' are forgiven.

    Raises:
        ValueError: names the word that is wrong and says what belongs there.
    """
    words = _Words(text)
    count_word = words.take("a whole number")
    unit = _unit(words)
    count = _count(words, count_word, unit)
    words.expect("before")
    if unit == "hours":
        words.expect_end("hours are counted back from the visit itself")
        return HoursBefore(count)
    words.expect("at")
    at = _time_of_day(words)
    words.expect_end("nothing follows the time of day")
    return DaysBefore(count, at) if unit == "days" else BusinessDaysBefore(count, at)


def print_offset(offset: Offset) -> str:
    """Write an offset so that `parse_offset` gives it back."""
    match offset:
        case HoursBefore(hours):
            return f"{_counted(hours, 'hour')} before"
        case DaysBefore(days, at):
            return f"{_counted(days, 'day')} before at {at:%H:%M}"
        case BusinessDaysBefore(days, at):
            return f"{_counted(days, 'business day')} before at {at:%H:%M}"
        case _:
            raise ValueError(f"not in words yet: {type(offset).__name__}")


class _Words:
    """The words of an offset, taken one by one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._left = text.lower().split()

    def take(self, allowed: str) -> str:
        if not self._left:
            raise ValueError(f"offset {self._text!r} ends too early: add {allowed}")
        return self._left.pop(0)

    def expect(self, word: str) -> None:
        found = self.take(f"'{word}'")
        if found != word:
            raise self.wrong(found, f"'{word}'")

    def expect_end(self, because: str) -> None:
        if self._left:
            raise self.wrong(self._left[0], f"nothing more: {because}")

    def wrong(self, word: str, allowed: str) -> ValueError:
        return ValueError(
            f"offset {self._text!r}: {word!r} does not fit, say {allowed}"
        )


def _unit(words: _Words) -> str:
    word = words.take(_UNITS)
    unit = _SINGULAR.get(word, word)
    if unit in ("hours", "days"):
        return unit
    if unit != "business":
        raise words.wrong(word, _UNITS)
    word = words.take("'days'")
    if _SINGULAR.get(word, word) != "days":
        raise words.wrong(word, "'days'")
    return "business days"


def _count(words: _Words, word: str, unit: str) -> int:
    most = _MOST[unit]
    if not re.fullmatch("[0-9]{1,5}", word) or not 1 <= int(word) <= most:
        raise words.wrong(word, f"a whole number of {unit} from 1 to {most}")
    return int(word)


def _time_of_day(words: _Words) -> time:
    word = words.take(_TIME)
    found = _TIME_OF_DAY.fullmatch(word)
    if found is None:
        raise words.wrong(word, _TIME)
    return time(int(found[1]), int(found[2]))


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" if count == 1 else f"{count} {unit}s"


def days_ahead(offset: Offset) -> int:
    """How many calendar days before the visit a step may be due, at the most.

    Business days are counted with their weekends and, generously, with four
    public holidays among them.
    """
    match offset:
        case HoursBefore(hours):
            return -(-hours // 24)
        case DaysBefore(days):
            return days
        case BusinessDaysBefore(days):
            return days + 2 * -(-days // 5) + 4
        case _:
            return 7
