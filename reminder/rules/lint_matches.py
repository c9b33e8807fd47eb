"""Finds rules that fit no appointment, or none that another rule does not take."""

from collections.abc import Collection, Iterator, Sequence
from datetime import timedelta

from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import Match, OnlyIfBookedAhead, Rule, Span
from reminder.rules.criteria import BANDS, TOKENS, criteria
from reminder.rules.masks import Band

_DAY = timedelta(days=1)
_CLOCK_CHANGE = timedelta(hours=1)


def contradictions(rule: Rule) -> Iterator[Remark]:
    """Bounds of a rule that leave nothing between them."""
    match = rule.match
    place = f"rule {rule.rule_id}"
    ages = Band(match.age_from, match.age_below)
    if ages.least is not None and ages.below is not None and ages.least >= ages.below:
        yield Remark(
            Severity.ERROR,
            place,
            f"nobody is {match.age_from} or older and younger than {match.age_below}",
            "Make age_below greater than age_from.",
        )
    least, below = match.booked_ahead_at_least, match.booked_ahead_less_than
    if least is not None and never_between(least, below):
        yield Remark(
            Severity.ERROR,
            place,
            "no visit is booked at least so long ahead and less than that",
            "Make booked_ahead_less_than longer than booked_ahead_at_least.",
        )


def never_between(least: Span, below: Span | None) -> bool:
    """Whether no booking is made at least `least` and less than `below` ahead.

    Of a span in days and one in hours it is said only where it holds on every
    day of the year, those of the clock changes too.
    """
    if below is None:
        return False
    if least.unit == "days" and below.unit == "days":
        return least.count >= below.count
    return _least(least) >= below_elapsed(below)


def below_elapsed(span: Span) -> timedelta:
    """What passes at the most from a booking less than a span ahead to the visit."""
    if span.unit == "days":
        return span.count * _DAY + _CLOCK_CHANGE
    return _elapsed(span)


def booked_ahead(condition: OnlyIfBookedAhead) -> Span:
    """'More than 7 days' as the least it can be: 8 days, but 7 hours as they are."""
    span = condition.more_than
    return Span(span.count + 1, "days") if span.unit == "days" else span


def shadowed(rules: Sequence[Rule]) -> Iterator[Remark]:
    """Rules for which an earlier one, with as many criteria, is always chosen."""
    for place, rule in enumerate(rules):
        for earlier in rules[:place]:
            if _takes_all(earlier.match, rule.match):
                yield Remark(
                    Severity.WARNING,
                    f"rule {rule.rule_id}",
                    f"never used: rule {earlier.rule_id} comes first and takes all"
                    " its visits",
                    f"Put it before {earlier.rule_id}, or give it one criterion more.",
                )
                break


def _takes_all(first: Match, other: Match) -> bool:
    """Whether every visit of the other fits the first, and the first is preferred."""
    return (
        len(criteria(first)) >= len(criteria(other))
        and all(_holds_all(one.wanted(first), one.wanted(other)) for one in TOKENS)
        and all(_spans(one.wanted(first), one.wanted(other)) for one in BANDS)
    )


def _holds_all(first: Collection[str], other: Collection[str]) -> bool:
    if not first:
        return True
    # An appointment has each of its codes with its system and without.
    return bool(other) and all(
        value in first or value.rpartition("|")[2] in first for value in other
    )


def _spans(first: Band, other: Band) -> bool:
    least = first.least is None or (
        other.least is not None and other.least >= first.least
    )
    return least and (
        first.below is None or (other.below is not None and other.below <= first.below)
    )


def _least(span: Span) -> timedelta:
    """What passes at the least from a booking that many days ahead to the visit."""
    if span.unit == "days":
        return (span.count - 1) * _DAY - _CLOCK_CHANGE
    return _elapsed(span)


def _elapsed(span: Span) -> timedelta:
    return timedelta(**{span.unit: span.count})
