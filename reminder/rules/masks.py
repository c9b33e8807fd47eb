"""Indexes that say at once, as a bit mask, which of many rules a fact fits.

Bit n stands for the nth rule. A rule that does not ask is fitted by any fact,
an unknown one too.
"""

from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass

from reminder.rules.facts import Facts


@dataclass(frozen=True, slots=True)
class Band:
    """What a rule asks of a number: from `least` on, and below `below`."""

    least: float | None = None
    below: float | None = None

    @property
    def is_given(self) -> bool:
        """Whether it asks anything."""
        return self.least is not None or self.below is not None

    def holds(self, number: float) -> bool:
        """Whether a number lies in the band."""
        return (self.least is None or number >= self.least) and (
            self.below is None or number < self.below
        )


class TokenIndex:
    """Which rules ask for a value: those that name it, and those that name none."""

    def __init__(
        self,
        wanted: Sequence[Collection[str]],
        found: Callable[[Facts], Collection[str]],
    ) -> None:
        self._found = found
        self._unasked = _mask(not values for values in wanted)
        self._by_value: dict[str, int] = {}
        for place, values in enumerate(wanted):
            for value in values:
                before = self._by_value.get(value, 0)
                self._by_value[value] = before | 1 << place

    def fits(self, facts: Facts) -> int:
        """The rules that one of the values found fits."""
        fitting, by_value = self._unasked, self._by_value
        for value in self._found(facts):
            if value in by_value:
                fitting |= by_value[value]
        return fitting


class BandIndex:
    """Which rules ask for a number: one mask for each stretch between two bounds."""

    def __init__(
        self, wanted: Sequence[Band], found: Callable[[Facts], float | None]
    ) -> None:
        self._found = found
        self._unasked = _mask(not one.is_given for one in wanted)
        bounds = {bound for one in wanted for bound in (one.least, one.below)}
        self._bounds = sorted(bound for bound in bounds if bound is not None)
        self._masks = [
            _mask(one.least is None for one in wanted),
            *(_mask(one.holds(bound) for one in wanted) for bound in self._bounds),
        ]

    def fits(self, facts: Facts) -> int:
        """The rules in whose band the number found lies."""
        number = self._found(facts)
        if number is None:
            return self._unasked
        return self._masks[bisect_right(self._bounds, number)]


def _mask(holds: Iterable[bool]) -> int:
    return sum(1 << place for place, one in enumerate(holds) if one)
