"""Conditions of a step: in words, and whether they hold."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.model.clinics import Clinic
from reminder.model.reasons import Reason
from reminder.model.rulesets import (
    Condition,
    OnlyFirstOfTheDay,
    OnlyIfBookedAhead,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    Span,
    UnlessConfirmed,
)
from reminder.rules.calendar import local_date
from reminder.rules.offsets import print_span, take_span
from reminder.rules.words import Words

_FIRST = "'unless confirmed', 'only if …' or 'only first of the day'"
_AFTER_ONLY = "'if' or 'first of the day'"
_AFTER_IF = "'unconfirmed', 'confirmed' or 'booked more than 7 days before'"


@dataclass(frozen=True, slots=True)
class Situation:
    """What the conditions of a step ask about one visit.

    `confirmed` and `answered` are about the start it has now. `booked_at`
    (UTC) is None when nobody knows.
    """

    confirmed: bool
    answered: bool
    booked_at: datetime | None
    start_at: datetime
    is_first_of_day: bool


def parse_condition(text: str) -> Condition:
    """Read a condition; capitals and extra spaces are forgiven.

    Raises:
        ValueError: names the word that is wrong and says what belongs there.
    """
    words = Words("condition", text)
    condition = _condition(words)
    words.expect_end("a step may have several conditions, each by itself")
    return condition


def print_condition(condition: Condition) -> str:
    """Write a condition so that `parse_condition` gives it back."""
    match condition:
        case UnlessConfirmed():
            return "unless confirmed"
        case OnlyIfUnconfirmed():
            return "only if unconfirmed"
        case OnlyIfConfirmed():
            return "only if confirmed"
        case OnlyIfBookedAhead(span):
            return f"only if booked more than {print_span(span)} before"
        case OnlyFirstOfTheDay():
            return "only first of the day"


def unmet(
    conditions: Sequence[Condition], situation: Situation, clinic: Clinic
) -> Reason | None:
    """Why a step is not told: the first of its conditions that fails; None if none.

    Days are the clinic's calendar days. Where nobody knows when a visit was
    booked, it counts as booked long before: to tell is the safer mistake.
    """
    for condition in conditions:
        reason = _unmet(condition, situation, clinic)
        if reason is not None:
            return reason
    return None


def _unmet(condition: Condition, situation: Situation, clinic: Clinic) -> Reason | None:
    match condition:
        case UnlessConfirmed():
            return Reason.CONFIRMED if situation.confirmed else None
        case OnlyIfUnconfirmed():
            if situation.confirmed:
                return Reason.CONFIRMED
            return Reason.ANSWERED if situation.answered else None
        case OnlyIfConfirmed():
            return None if situation.confirmed else Reason.NOT_CONFIRMED
        case OnlyIfBookedAhead(span):
            is_ahead = _is_booked_ahead(span, situation, clinic)
            return None if is_ahead else Reason.BOOKED_SHORTLY_BEFORE
        case OnlyFirstOfTheDay():
            is_first = situation.is_first_of_day
            return None if is_first else Reason.NOT_FIRST_OF_THE_DAY


def _is_booked_ahead(more_than: Span, situation: Situation, clinic: Clinic) -> bool:
    booked_at, start_at = situation.booked_at, situation.start_at
    if booked_at is None:
        return True
    match more_than.unit:
        case "days":
            days = local_date(clinic, start_at) - local_date(clinic, booked_at)
            return days > timedelta(days=more_than.count)
        case "hours":
            return start_at - booked_at > timedelta(hours=more_than.count)
        case "minutes":
            return start_at - booked_at > timedelta(minutes=more_than.count)


def _condition(words: Words) -> Condition:
    first = words.take(_FIRST)
    if first == "unless":
        words.expect("confirmed")
        return UnlessConfirmed()
    if first != "only":
        raise words.wrong(first, _FIRST)
    second = words.take(_AFTER_ONLY)
    if second == "first":
        words.expect("of", "the", "day")
        return OnlyFirstOfTheDay()
    if second != "if":
        raise words.wrong(second, _AFTER_ONLY)
    return _only_if(words)


def _only_if(words: Words) -> Condition:
    word = words.take(_AFTER_IF)
    match word:
        case "confirmed":
            return OnlyIfConfirmed()
        case "unconfirmed":
            return OnlyIfUnconfirmed()
        case "booked":
            words.expect("more", "than")
            span = take_span(words)
            words.expect("before")
            return OnlyIfBookedAhead(span)
        case _:
            raise words.wrong(word, _AFTER_IF)
