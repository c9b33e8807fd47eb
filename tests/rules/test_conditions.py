from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.reasons import Reason
from reminder.model.rulesets import (
    OnlyFirstOfTheDay,
    OnlyIfBookedAhead,
    OnlyIfConfirmed,
    OnlyIfUnconfirmed,
    Span,
    UnlessConfirmed,
)
from reminder.rules.conditions import (
    Situation,
    parse_condition,
    print_condition,
    unmet,
)
from tests.rules.examples import MADRID, clinic, unhurried, utc

START_AT = utc("2027-03-17 13:30")  # Wed 09:30 in New York
LONG_AGO = utc("2026-12-01 15:00")

spans = st.one_of(
    st.builds(Span, st.integers(1, 366 * 24 * 60), st.just("minutes")),
    st.builds(Span, st.integers(1, 366 * 24), st.just("hours")),
    st.builds(Span, st.integers(1, 366), st.just("days")),
)
conditions = st.builds(OnlyIfBookedAhead, spans) | st.sampled_from(
    [UnlessConfirmed(), OnlyIfUnconfirmed(), OnlyIfConfirmed(), OnlyFirstOfTheDay()]
)


def situation(**changes) -> Situation:
    return Situation(
        **{
            "confirmed": False,
            "answered": False,
            "booked_at": LONG_AGO,
            "start_at": START_AT,
            "is_first_of_day": True,
        }
        | changes
    )


@pytest.mark.parametrize(
    ("text", "condition"),
    [
        ("unless confirmed", UnlessConfirmed()),
        ("only if unconfirmed", OnlyIfUnconfirmed()),
        ("only if confirmed", OnlyIfConfirmed()),
        ("only first of the day", OnlyFirstOfTheDay()),
        (
            "only if booked more than 7 days before",
            OnlyIfBookedAhead(Span(7, "days")),
        ),
        ("only if booked more than 1 day before", OnlyIfBookedAhead(Span(1, "days"))),
        (
            "only if booked more than 48 hours before",
            OnlyIfBookedAhead(Span(48, "hours")),
        ),
        (
            "only if booked more than 30 minutes before",
            OnlyIfBookedAhead(Span(30, "minutes")),
        ),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_a_condition_is_read_and_written_back_the_same(text, condition):
    assert parse_condition(text) == condition
    assert print_condition(condition) == text


@unhurried
@given(conditions)
def test_whatever_is_printed_is_read_back_as_it_was(condition):
    assert parse_condition(print_condition(condition)) == condition


def test_capitals_and_spaces_do_not_count():
    found = parse_condition("  Only IF booked  more than 1 days before ")

    assert print_condition(found) == "only if booked more than 1 day before"


@pytest.mark.parametrize(
    ("text", "word", "allowed"),
    [
        pytest.param("", "too early", "'unless confirmed'", id="nothing"),
        pytest.param("if confirmed", "'if'", "'only if …'", id="if"),
        pytest.param("unless", "too early", "'confirmed'", id="unless-what"),
        pytest.param("unless booked", "'booked'", "say 'confirmed'", id="unless"),
        pytest.param("only", "too early", "'if' or 'first", id="only-what"),
        pytest.param("only unconfirmed", "'unconfirmed'", "'if'", id="without-if"),
        pytest.param("only if", "too early", "'unconfirmed'", id="only-if-what"),
        pytest.param("only if new", "'new'", "'unconfirmed'", id="only-if"),
        pytest.param("only first", "too early", "'of the day'", id="first-of-what"),
        pytest.param("only first of a day", "'a'", "say 'the day'", id="of-a-day"),
        pytest.param("only if booked", "too early", "'more than'", id="booked-what"),
        pytest.param(
            "only if booked less than 7 days before", "'less'", "'more than'", id="less"
        ),
        pytest.param(
            "only if booked more than 1 week before",
            "'week'",
            "say '7 days'",
            id="week",
        ),
        pytest.param(
            "only if booked more than seven days before", "'seven'", "whole", id="word"
        ),
        pytest.param(
            "only if booked more than 0 days before", "'0'", "1 to 366", id="none"
        ),
        pytest.param(
            "only if booked more than 7 days", "too early", "'before'", id="no-before"
        ),
        pytest.param(
            "only if booked more than 7 days ago", "'ago'", "'before'", id="ago"
        ),
        pytest.param(
            "unless confirmed and first", "'and'", "each by itself", id="several"
        ),
    ],
)
def test_an_error_names_the_word_and_what_belongs_there(text, word, allowed):
    with pytest.raises(ValueError, match="condition") as refused:
        parse_condition(text)

    assert word in str(refused.value)
    assert allowed in str(refused.value)


words = st.sampled_from(
    [
        *("only", "if", "unless", "confirmed", "unconfirmed", "booked", "more", "than"),
        *("first", "of", "the", "day", "7", "days", "before"),
    ]
)


@unhurried
@given(st.text() | st.lists(words, max_size=8).map(" ".join))
def test_any_text_is_read_or_refused_as_a_value_error(text):
    try:
        condition = parse_condition(text)
    except ValueError:
        return

    assert parse_condition(print_condition(condition)) == condition


@pytest.mark.parametrize(
    ("text", "changes", "reason"),
    [
        pytest.param("unless confirmed", {}, None, id="nothing-said"),
        pytest.param(
            "unless confirmed", {"answered": True}, None, id="answered-otherwise"
        ),
        pytest.param(
            "unless confirmed",
            {"confirmed": True, "answered": True},
            Reason.CONFIRMED,
            id="confirmed",
        ),
        pytest.param("only if unconfirmed", {}, None, id="no-answer-yet"),
        pytest.param(
            "only if unconfirmed", {"answered": True}, Reason.ANSWERED, id="answered"
        ),
        pytest.param(
            "only if unconfirmed",
            {"confirmed": True, "answered": True},
            Reason.CONFIRMED,
            id="answered-by-confirming",
        ),
        pytest.param("only if confirmed", {"confirmed": True}, None, id="as-asked"),
        pytest.param(
            "only if confirmed",
            {"answered": True},
            Reason.NOT_CONFIRMED,
            id="answered-is-not-confirmed",
        ),
        pytest.param("only first of the day", {}, None, id="the-first"),
        pytest.param(
            "only first of the day",
            {"is_first_of_day": False},
            Reason.NOT_FIRST_OF_THE_DAY,
            id="the-second",
        ),
    ],
)
def test_what_the_patient_did_decides(text, changes, reason):
    assert unmet([parse_condition(text)], situation(**changes), clinic()) is reason


@pytest.mark.parametrize(
    ("span", "booked_at", "is_met"),
    [
        pytest.param("7 days", None, True, id="nobody-knows-when"),
        pytest.param("7 days", "2027-03-09 23:00", True, id="eight-days-before"),
        pytest.param("7 days", "2027-03-10 15:00", False, id="seven-days-before"),
        # 23:30 on the 9th in New York is the 10th in UTC.
        pytest.param("7 days", "2027-03-10 04:30", True, id="days-are-the-clinics"),
        pytest.param("48 hours", "2027-03-15 13:29", True, id="a-minute-more"),
        pytest.param("48 hours", "2027-03-15 13:30", False, id="just-48-hours"),
        # A day of 23 hours lies between.
        pytest.param("96 hours", "2027-03-13 13:31", False, id="hours-are-elapsed"),
        pytest.param("3 days", "2027-03-13 14:31", True, id="days-are-of-the-calendar"),
        pytest.param("30 minutes", "2027-03-17 12:59", True, id="31-minutes"),
        pytest.param("30 minutes", "2027-03-17 13:00", False, id="30-minutes"),
        pytest.param("30 minutes", "2027-03-17 13:45", False, id="booked-afterwards"),
    ],
)
def test_how_long_ahead_it_was_booked_decides(span, booked_at, is_met):
    condition = parse_condition(f"only if booked more than {span} before")
    now = situation(booked_at=None if booked_at is None else utc(booked_at))

    found = unmet([condition], now, clinic())

    assert found is (None if is_met else Reason.BOOKED_SHORTLY_BEFORE)


def test_days_are_those_of_the_clinic_that_asks():
    booked_at = utc("2027-03-09 23:30")  # the 10th in Madrid
    week = [parse_condition("only if booked more than 7 days before")]
    now = situation(booked_at=booked_at)

    assert unmet(week, now, clinic()) is None
    assert unmet(week, now, clinic(MADRID)) is Reason.BOOKED_SHORTLY_BEFORE


def test_the_first_condition_that_fails_gives_the_reason():
    both = [
        parse_condition("only first of the day"),
        parse_condition("unless confirmed"),
    ]
    now = situation(confirmed=True, is_first_of_day=False)

    assert unmet(both, now, clinic()) is Reason.NOT_FIRST_OF_THE_DAY
    assert unmet(both[::-1], now, clinic()) is Reason.CONFIRMED
    assert unmet(both[1:], situation(), clinic()) is None
    assert unmet([], now, clinic()) is None


@unhurried
@given(spans, st.timedeltas(timedelta(0), timedelta(days=400)))
def test_who_booked_longer_ahead_is_never_told_less(span, ahead):
    condition = [OnlyIfBookedAhead(span)]
    sooner = unmet(condition, situation(booked_at=START_AT - ahead), clinic())
    earlier = START_AT - ahead - timedelta(hours=7)

    if sooner is None:
        assert unmet(condition, situation(booked_at=earlier), clinic()) is None
