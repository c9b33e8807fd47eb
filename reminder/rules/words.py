"""What is written in words (offsets, spans, conditions), taken one word at a time.

Whatever is wrong is told as a ValueError that names the word and says what
belongs in its place.
"""

import re
from collections.abc import Sequence
from datetime import time
from typing import TypeVar

Unit = TypeVar("Unit", bound=str)

_LONGEST = 60

_TIME = "a time of day such as '10:00'"
_TIME_OF_DAY = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])")
_NUMBER = re.compile("[0-9]{1,6}")

_MOST = {
    "minutes": 60 * 24 * 366,
    "hours": 24 * 366,
    "days": 366,
    "business days": 260,
}
"""About a year; more is a slip of the pen."""

_DAYS_IN = {"weeks": 7, "months": 30}
_MEANT = {
    "hrs": "hours",
    "mins": "minutes",
    "weekdays": "business days",
    "workings": "business days",
}
"""What others say, with an s at the end, for our units."""


class Words:
    """The words of a text, in order and in small letters; spaces do not count.

    `kind` is what the text is to be, as errors call it: 'offset', 'condition'.
    """

    def __init__(self, kind: str, text: str) -> None:
        self._text = f"{kind} {shortened(text)!r}"
        self._left = text.lower().split()

    def peek(self) -> str | None:
        """The next word, left where it is; None at the end."""
        return self._left[0] if self._left else None

    def take(self, allowed: str) -> str:
        """The next word; `allowed` says what to add where there is none."""
        if not self._left:
            raise ValueError(f"{self._text} ends too early: add {allowed}")
        return self._left.pop(0)

    def expect(self, *phrase: str) -> None:
        """Take just these words."""
        for place, word in enumerate(phrase):
            rest = "'" + " ".join(phrase[place:]) + "'"
            found = self.take(rest)
            if found != word:
                raise self.wrong(found, rest)

    def expect_end(self, because: str) -> None:
        """Nothing may follow; `because` says why not."""
        if self._left:
            raise self.wrong(self._left[0], f"nothing more: {because}")

    def wrong(self, word: str, allowed: str) -> ValueError:
        """That a word does not fit, and what would."""
        return ValueError(
            f"{self._text}: {shortened(word)!r} does not fit, say {allowed}"
        )

    def time_of_day(self) -> time:
        """Take a time of day, to the minute."""
        word = self.take(_TIME)
        found = _TIME_OF_DAY.fullmatch(word)
        if found is None:
            raise self.wrong(word, _TIME)
        return time(int(found[1]), int(found[2]))

    def quantity(
        self, units: Sequence[Unit], *, first: str, after_days: str = ""
    ) -> tuple[int, Unit]:
        """Take a whole number, at least 1, and one of the units.

        `first` is what may be said where no number stands; `after_days` is
        what comes after '14 days before', should that be said for '2 weeks'.
        """
        count = self.take(first)
        if re.match("[-+]?[0-9]", count) is None:
            raise self.wrong(count, first)
        unit = self._unit(units, count, after_days)
        most = _MOST[unit]
        if not _NUMBER.fullmatch(count) or not 1 <= int(count) <= most:
            raise self.wrong(count, f"a whole number of {unit} from 1 to {most}")
        return int(count), unit

    def _unit(self, units: Sequence[Unit], count: str, after_days: str) -> Unit:
        word = self.take(_either(units))
        if word == "business" and "business days" in units:
            word = self.take("'days'")
            if _plural(word) != "days":
                raise self.wrong(word, "'days'")
            word = "business days"
        for unit in units:
            if unit == _plural(word):
                return unit
        raise self.wrong(word, self._instead(_plural(word), units, count, after_days))

    def _instead(
        self, name: str, units: Sequence[str], count: str, after_days: str
    ) -> str:
        """What to say where no unit stands; for weeks and months so many days."""
        if name in _DAYS_IN and _NUMBER.fullmatch(count):
            days = f"{int(count) * _DAYS_IN[name]} days"
            side = f" {self.peek() or 'before'}" if after_days else ""
            return f"'{days}{side}{after_days}'"
        meant = [unit for unit in units if unit == _MEANT.get(name)]
        return _either(meant or units)


def shortened(text: str) -> str:
    """The same, or its beginning: enough to find it again where it was written."""
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def counted(count: int, unit: str) -> str:
    """A quantity as it is written: '1 day', '3 business days'."""
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def _plural(word: str) -> str:
    return word if word.endswith("s") else f"{word}s"


def _either(choices: Sequence[str]) -> str:
    *others, last = [f"'{choice}'" for choice in choices]
    return f"{', '.join(others)} or {last}" if others else last
