"""Which rule an appointment follows: the most specific of those that fit it.

Each criterion has an index from its values to the rules that name them, as a
bit mask in order of precedence. So what a choice costs grows with the
criteria in use, and hardly with the number of rules.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from reminder.model.rulesets import Match, Rule
from reminder.rules.criteria import BANDS, TOKENS, criteria
from reminder.rules.facts import Facts, facts
from reminder.rules.masks import BandIndex, TokenIndex

__all__ = ["Choice", "Facts", "Matcher", "criteria", "facts"]


@dataclass(frozen=True, slots=True)
class Choice:
    """The rule an appointment follows, and why.

    `criteria` are those of the rule, in words; `passed_over` are the ids of
    the other rules that fit, the next best first.
    """

    rule: Rule
    criteria: tuple[str, ...]
    passed_over: tuple[str, ...]


class Matcher:
    """The rules of one clinic, made ready to be searched.

    The rule with the most criteria wins, and of several the earlier.
    """

    def __init__(self, rules: Sequence[Rule]) -> None:
        self._rules = sorted(rules, key=lambda rule: -len(criteria(rule.match)))
        matches = [rule.match for rule in self._rules]
        self._every = (1 << len(matches)) - 1
        self._indexes = (*_token_indexes(matches), *_band_indexes(matches))
        self.needs_facts = bool(self._indexes)
        """Whether any rule has a criterion; if none has, `only` is the answer."""
        self.only = self._rules[0] if matches and not self._indexes else None
        """The rule that every appointment follows, if that is so."""

    def choose(self, facts: Facts) -> Rule | None:
        """The rule for an appointment, or None when none is for its kind."""
        fitting = self._fitting(facts)
        if not fitting:
            return None
        return self._rules[_lowest(fitting)]

    def explain(self, facts: Facts) -> Choice | None:
        """As `choose`, with what the rule was chosen by and before which others."""
        fitting = [self._rules[place] for place in _places(self._fitting(facts))]
        if not fitting:
            return None
        rule, *others = fitting
        passed_over = tuple(one.rule_id for one in others)
        return Choice(rule, criteria(rule.match), passed_over)

    def _fitting(self, facts: Facts) -> int:
        fitting = self._every
        for fits in self._indexes:
            fitting &= fits(facts)
            if not fitting:
                break
        return fitting


_Fits = Callable[[Facts], int]


def _token_indexes(matches: Sequence[Match]) -> Iterable[_Fits]:
    for criterion in TOKENS:
        wanted = [criterion.wanted(match) for match in matches]
        if any(wanted):
            yield TokenIndex(wanted, criterion.found).fits


def _band_indexes(matches: Sequence[Match]) -> Iterable[_Fits]:
    for criterion in BANDS:
        wanted = [criterion.wanted(match) for match in matches]
        if any(band.is_given for band in wanted):
            yield BandIndex(wanted, criterion.found).fits


def _lowest(mask: int) -> int:
    return (mask & -mask).bit_length() - 1


def _places(mask: int) -> Iterable[int]:
    while mask:
        yield _lowest(mask)
        mask &= mask - 1
