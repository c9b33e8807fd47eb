"""What a rule may ask of an appointment, and how each criterion is said."""

from collections.abc import Callable, Collection, Iterator
from operator import attrgetter
from typing import NamedTuple

from reminder.model.rulesets import Match, Mode, Span
from reminder.rules.facts import Facts, primary_subtag
from reminder.rules.masks import Band
from reminder.rules.offsets import print_span

_SECONDS = {"minutes": 60, "hours": 3600}


class TokenCriterion(NamedTuple):
    """One of several values: what a rule wants, and what an appointment has."""

    wanted: Callable[[Match], Collection[str]]
    found: Callable[[Facts], Collection[str]]


class BandCriterion(NamedTuple):
    """A number within bounds: what a rule wants, and what an appointment has."""

    wanted: Callable[[Match], Band]
    found: Callable[[Facts], float | None]


def _tokens(name: str) -> TokenCriterion:
    def wanted(match: Match) -> Collection[str]:
        return {value.strip().lower() for value in getattr(match, name)}

    return TokenCriterion(wanted, attrgetter(name))


def _languages(match: Match) -> Collection[str]:
    return {primary_subtag(tag) for tag in match.languages}


def _ages(match: Match) -> Band:
    return Band(match.age_from, match.age_below)


def _lead_days(match: Match) -> Band:
    return Band(_days(match.booked_ahead_at_least), _days(match.booked_ahead_less_than))


def _lead_s(match: Match) -> Band:
    return Band(
        _elapsed(match.booked_ahead_at_least), _elapsed(match.booked_ahead_less_than)
    )


def _days(span: Span | None) -> int | None:
    return span.count if span is not None and span.unit == "days" else None


def _elapsed(span: Span | None) -> int | None:
    if span is None or span.unit == "days":
        return None
    return span.count * _SECONDS[span.unit]


TOKENS = (
    _tokens("appointment_types"),
    _tokens("service_types"),
    _tokens("service_categories"),
    _tokens("specialties"),
    _tokens("locations"),
    _tokens("practitioners"),
    _tokens("tags"),
    TokenCriterion(_languages, attrgetter("languages")),
    TokenCriterion(
        lambda match: (match.mode,) if match.mode else (), attrgetter("modes")
    ),
    TokenCriterion(
        lambda match: (match.visitor,) if match.visitor else (), attrgetter("visitors")
    ),
)
"""Those that hold for any of their values."""

BANDS = (
    BandCriterion(_ages, attrgetter("age")),
    BandCriterion(_lead_days, attrgetter("lead_days")),
    BandCriterion(_lead_s, attrgetter("lead_s")),
)
"""Those that hold within bounds; a lead in days is not one in hours."""


def criteria(match: Match) -> tuple[str, ...]:
    """Each criterion that is given, in words: 'telehealth', 'age below 18'.

    As many as there are, so specific is the rule.
    """
    return tuple(_words(match))


_NAMES = {
    "appointment_types": "appointment type",
    "service_types": "service type",
    "service_categories": "service category",
    "specialties": "specialty",
    "locations": "location",
    "practitioners": "practitioner",
    "tags": "tag",
    "languages": "language",
}


def _words(match: Match) -> Iterator[str]:
    for field, name in _NAMES.items():
        if values := getattr(match, field):
            yield f"{name} {' or '.join(sorted(values))}"
    if match.mode is not None:
        yield "telehealth" if match.mode is Mode.TELEHEALTH else "in person"
    if match.visitor is not None:
        yield f"{match.visitor} patient"
    if match.age_from is not None:
        yield f"age from {match.age_from}"
    if match.age_below is not None:
        yield f"age below {match.age_below}"
    yield from _lead_words(match.booked_ahead_at_least, match.booked_ahead_less_than)


def _lead_words(at_least: Span | None, less_than: Span | None) -> Iterator[str]:
    if at_least is not None:
        yield f"booked at least {print_span(at_least)} ahead"
    if less_than is not None:
        yield f"booked less than {print_span(less_than)} ahead"
