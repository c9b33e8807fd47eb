from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    HoursAfter,
    HoursBefore,
    MinutesAfter,
    MinutesBefore,
    WeekdayBefore,
    WhenBooked,
    WhenCancelled,
    WhenMissed,
    WhenMoved,
)
from reminder.model.rulesets import Span
from reminder.rules.offsets import (
    days_ahead,
    default_template,
    parse_offset,
    parse_span,
    print_offset,
    print_span,
)
from tests.rules.examples import unhurried

wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
minutes = st.integers(1, 366 * 24 * 60)
hours = st.integers(1, 366 * 24)
days = st.integers(1, 366)
offsets = st.one_of(
    st.builds(MinutesBefore, minutes),
    st.builds(HoursBefore, hours),
    st.builds(DaysBefore, days, wall_times),
    st.builds(BusinessDaysBefore, st.integers(1, 260), wall_times),
    st.builds(WeekdayBefore, st.integers(0, 6), wall_times),
    st.builds(MinutesAfter, minutes),
    st.builds(HoursAfter, hours),
    st.builds(DaysAfter, days, wall_times),
    st.sampled_from([WhenBooked(), WhenMoved(), WhenCancelled(), WhenMissed()]),
)
spans = st.one_of(
    st.builds(Span, minutes, st.just("minutes")),
    st.builds(Span, hours, st.just("hours")),
    st.builds(Span, days, st.just("days")),
)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        ("when booked", WhenBooked()),
        ("when moved", WhenMoved()),
        ("when cancelled", WhenCancelled()),
        ("when missed", WhenMissed()),
        ("90 minutes before", MinutesBefore(90)),
        ("1 minute before", MinutesBefore(1)),
        ("60 minutes before", MinutesBefore(60)),
        ("527040 minutes before", MinutesBefore(527040)),
        ("24 hours before", HoursBefore(24)),
        ("1 hour before", HoursBefore(1)),
        ("8784 hours before", HoursBefore(8784)),
        ("3 days before at 18:30", DaysBefore(3, time(18, 30))),
        ("1 day before at 00:00", DaysBefore(1, time(0))),
        ("366 days before at 12:00", DaysBefore(366, time(12))),
        ("5 business days before at 10:00", BusinessDaysBefore(5, time(10))),
        ("1 business day before at 23:59", BusinessDaysBefore(1, time(23, 59))),
        ("260 business days before at 12:00", BusinessDaysBefore(260, time(12))),
        ("the Monday before at 09:05", WeekdayBefore(0, time(9, 5))),
        ("the Friday before at 15:00", WeekdayBefore(4, time(15))),
        ("the Sunday before at 12:00", WeekdayBefore(6, time(12))),
        ("45 minutes after", MinutesAfter(45)),
        ("2 hours after", HoursAfter(2)),
        ("1 day after at 10:00", DaysAfter(1, time(10))),
    ],
    ids=lambda one: one if isinstance(one, str) else "",
)
def test_an_offset_is_read_and_written_back_the_same(text, offset):
    assert parse_offset(text) == offset
    assert print_offset(offset) == text


@unhurried
@given(offsets)
def test_whatever_is_printed_is_read_back_as_it_was(offset):
    assert parse_offset(print_offset(offset)) == offset


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        pytest.param(" 24  Hours BEFORE ", "24 hours before", id="spaces-and-capitals"),
        pytest.param("1 hours before", "1 hour before", id="plural-of-one"),
        pytest.param("90 minute before", "90 minutes before", id="singular-of-many"),
        pytest.param("2 day before at 9:05", "2 days before at 09:05", id="short-time"),
        pytest.param(
            "1 business days before at 9:05",
            "1 business day before at 09:05",
            id="plural-of-one-business-day",
        ),
        pytest.param(
            "THE friday Before at 15:00", "the Friday before at 15:00", id="weekday"
        ),
        pytest.param("When Canceled", "when cancelled", id="american-spelling"),
        pytest.param("007 days after at 10:00", "7 days after at 10:00", id="zeros"),
    ],
)
def test_what_is_meant_is_understood(text, printed):
    assert print_offset(parse_offset(text)) == printed


@pytest.mark.parametrize(
    ("text", "word", "allowed"),
    [
        pytest.param("", "too early", "a whole number, 'when' or 'the'", id="nothing"),
        pytest.param("soon", "'soon'", "'24 hours before'", id="a-word-alone"),
        pytest.param("3", "too early", "'hours', 'days'", id="a-number-alone"),
        pytest.param("before when booked", "'before'", "'when booked'", id="before"),
        pytest.param("two hours before", "'two'", "a whole number", id="spelled"),
        pytest.param("1.5 hours before", "'1.5'", "1 to 8784", id="fraction"),
        pytest.param("-2 hours before", "'-2'", "1 to 8784", id="negative"),
        pytest.param("3rd hour before", "'3rd'", "1 to 8784", id="ordinal"),
        pytest.param("0 days before at 10:00", "'0'", "1 to 366", id="zero"),
        pytest.param("367 days before at 10:00", "'367'", "1 to 366", id="too-many"),
        pytest.param("367 days after at 10:00", "'367'", "1 to 366", id="after-a-year"),
        pytest.param("8785 hours before", "'8785'", "1 to 8784", id="a-year-of-hours"),
        pytest.param("527041 minutes after", "'527041'", "527040", id="minutes"),
        pytest.param(
            "261 business days before at 10:00", "'261'", "1 to 260", id="working-year"
        ),
        pytest.param("9" * 5000 + " hours before", "'999", "1 to 8784", id="endless"),
        pytest.param("٣ hours before", "'٣'", "whole number", id="other-digits"),
        pytest.param(
            "2 weeks before", "'weeks'", "'14 days before at 10:00'", id="weeks"
        ),
        pytest.param("1 week before", "'week'", "'7 days before at 10:00'", id="week"),
        pytest.param(
            "1 month before", "'month'", "'30 days before at 10:00'", id="month"
        ),
        pytest.param(
            "3 week after", "'week'", "'21 days after at 10:00'", id="weeks-after"
        ),
        pytest.param("3 fortnights before", "'fortnights'", "'business days'", id="x"),
        pytest.param("2 hrs before", "'hrs'", "say 'hours'", id="abbreviated"),
        pytest.param("3 business hours before", "'hours'", "'days'", id="business-h"),
        pytest.param("3 business", "too early", "'days'", id="business-what"),
        pytest.param("3 hours", "too early", "'before' or 'after'", id="no-before"),
        pytest.param("3 hours prior", "'prior'", "'before' or 'after'", id="prior"),
        pytest.param("3 business days", "too early", "add 'before'", id="no-side"),
        pytest.param(
            "3 business days after at 10:00", "'after'", "say 'before'", id="after"
        ),
        pytest.param("1 day before", "too early", "'at 10:00'", id="no-at"),
        pytest.param("1 day after", "too early", "'at 10:00'", id="no-at-after"),
        pytest.param("the Friday before", "too early", "'at 10:00'", id="no-at-friday"),
        pytest.param("3 days before by 10:00", "'by'", "say 'at'", id="by"),
        pytest.param("3 days before at", "too early", "'10:00'", id="no-time"),
        pytest.param("3 days before at 25:00", "'25:00'", "'10:00'", id="hour-25"),
        pytest.param("3 days before at 24:00", "'24:00'", "'10:00'", id="hour-24"),
        pytest.param("3 days before at 10:60", "'10:60'", "'10:00'", id="minute-60"),
        pytest.param("3 days before at noon", "'noon'", "'10:00'", id="noon"),
        pytest.param("3 days before at 10:00 pm", "'pm'", "nothing more", id="pm"),
        pytest.param(
            "3 hours before at 10:00", "'at'", "from the visit itself", id="hours-at"
        ),
        pytest.param("the day before at 10:00", "'day'", "a weekday", id="the-day"),
        pytest.param("the", "too early", "a weekday", id="the-what"),
        pytest.param("the Friday", "too early", "'before'", id="friday-alone"),
        pytest.param(
            "the Friday after at 10:00", "'after'", "say 'before'", id="friday-after"
        ),
        pytest.param(
            "Friday before at 10:00", "'friday'", "'the Friday", id="without-the"
        ),
        pytest.param(
            "5 working days before at 10:00",
            "'working'",
            "say 'business days'",
            id="working",
        ),
        pytest.param("when", "too early", "'booked', 'moved'", id="when-what"),
        pytest.param("when confirmed", "'confirmed'", "'booked', 'moved'", id="event"),
        pytest.param("when rescheduled", "'rescheduled'", "say 'moved'", id="moved"),
        pytest.param("when no-show", "'no-show'", "say 'missed'", id="missed"),
        pytest.param(
            "when booked at 10:00", "'at'", "as soon as it is known", id="event-at"
        ),
    ],
)
def test_an_error_names_the_word_and_what_belongs_there(text, word, allowed):
    with pytest.raises(ValueError, match="offset") as refused:
        parse_offset(text)

    assert word in str(refused.value)
    assert allowed in str(refused.value)


words = st.sampled_from(
    [
        *("when", "booked", "canceled", "the", "friday", "Monday"),
        *("0", "1", "2", "minute", "hours", "days", "business", "week"),
        *("before", "after", "at", "10:00", "24:00"),
    ]
)


@unhurried
@given(st.text() | st.lists(words, max_size=7).map(" ".join))
def test_any_text_is_read_or_refused_as_a_value_error(text):
    try:
        offset = parse_offset(text)
    except ValueError:
        return

    assert parse_offset(print_offset(offset)) == offset


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("7 days", Span(7, "days")),
        ("1 day", Span(1, "days")),
        ("48 hours", Span(48, "hours")),
        ("30 minutes", Span(30, "minutes")),
    ],
)
def test_a_length_of_time_is_read_and_written_back_the_same(text, span):
    assert parse_span(text) == span
    assert print_span(span) == text


@unhurried
@given(spans)
def test_whatever_length_is_printed_is_read_back_as_it_was(span):
    assert parse_span(print_span(span)) == span


@pytest.mark.parametrize(
    ("text", "word", "allowed"),
    [
        pytest.param("", "too early", "'7 days'", id="nothing"),
        pytest.param("a week", "'a'", "'7 days'", id="spelled"),
        pytest.param("2 weeks", "'weeks'", "say '14 days'", id="weeks"),
        pytest.param("2 business days", "'business'", "'hours' or 'days'", id="unit"),
        pytest.param("2 working days", "'working'", "'minutes'", id="working"),
        pytest.param("367 days", "'367'", "1 to 366", id="too-many"),
        pytest.param("3 days before", "'before'", "nothing more", id="before"),
    ],
)
def test_a_wrong_length_of_time_is_told_by_its_word(text, word, allowed):
    with pytest.raises(ValueError, match="length of time") as refused:
        parse_span(text)

    assert word in str(refused.value)
    assert allowed in str(refused.value)


@pytest.mark.parametrize(
    ("text", "days"),
    [
        pytest.param("90 minutes before", 1, id="minutes"),
        pytest.param("1441 minutes before", 2, id="a-day-and-a-minute"),
        pytest.param("2 hours before", 1, id="hours-of-one-day"),
        pytest.param("25 hours before", 2, id="a-day-begun-counts"),
        pytest.param("3 days before at 18:30", 3, id="days"),
        # A week has a weekend, and holidays may fall into it.
        pytest.param("5 business days before at 10:00", 11, id="business-days"),
        pytest.param("6 business days before at 10:00", 14, id="a-week-and-a-day"),
        pytest.param("the Friday before at 15:00", 7, id="the-friday-before-a-friday"),
        pytest.param("3 days after at 10:00", 0, id="after"),
        pytest.param("when booked", 0, id="event"),
    ],
)
def test_how_far_ahead_a_step_looks_is_never_too_little(text, days):
    assert days_ahead(parse_offset(text)) == days


def test_business_days_of_a_clinic_open_once_a_week_reach_further():
    offset = parse_offset("5 business days before at 10:00")

    assert days_ahead(offset, business_weekdays=1) == 55
    assert days_ahead(offset, business_weekdays=7) == 8


@pytest.mark.parametrize(
    ("text", "template"),
    [
        ("when booked", "booked"),
        ("when moved", "moved"),
        ("when cancelled", "cancelled"),
        ("when missed", "missed"),
        ("90 minutes before", "reminder"),
        ("24 hours before", "reminder"),
        ("3 days before at 10:00", "reminder"),
        ("3 business days before at 10:00", "reminder"),
        ("the Friday before at 15:00", "reminder"),
        ("90 minutes after", "thanks"),
        ("2 hours after", "thanks"),
        ("1 day after at 10:00", "thanks"),
    ],
)
def test_every_offset_has_its_usual_template(text, template):
    assert default_template(parse_offset(text)) == template
