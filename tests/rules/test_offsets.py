from datetime import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.offsets import BusinessDaysBefore, DaysBefore, HoursBefore
from reminder.rules.offsets import days_ahead, parse_offset, print_offset
from tests.rules.examples import unhurried

wall_times = st.builds(time, st.integers(0, 23), st.integers(0, 59))
offsets = (
    st.builds(HoursBefore, st.integers(1, 8784))
    | st.builds(DaysBefore, st.integers(1, 366), wall_times)
    | st.builds(BusinessDaysBefore, st.integers(1, 260), wall_times)
)


@pytest.mark.parametrize(
    ("text", "offset"),
    [
        pytest.param("24 hours before", HoursBefore(24), id="hours"),
        pytest.param("1 hour before", HoursBefore(1), id="one-hour"),
        pytest.param("3 days before at 18:30", DaysBefore(3, time(18, 30)), id="days"),
        pytest.param("1 day before at 00:00", DaysBefore(1, time(0)), id="one-day"),
        pytest.param(
            "5 business days before at 10:00",
            BusinessDaysBefore(5, time(10)),
            id="business-days",
        ),
        pytest.param("8784 hours before", HoursBefore(8784), id="most-hours"),
        pytest.param(
            "366 days before at 12:00", DaysBefore(366, time(12)), id="most-days"
        ),
        pytest.param(
            "260 business days before at 12:00",
            BusinessDaysBefore(260, time(12)),
            id="most-business-days",
        ),
        pytest.param(
            "1 business day before at 23:59",
            BusinessDaysBefore(1, time(23, 59)),
            id="one-business-day",
        ),
    ],
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
        pytest.param("2 day before at 9:05", "2 days before at 09:05", id="short-time"),
    ],
)
def test_what_is_meant_is_understood(text, printed):
    assert print_offset(parse_offset(text)) == printed


@pytest.mark.parametrize(
    ("text", "word", "allowed"),
    [
        pytest.param("", "too early", "a whole number", id="nothing"),
        pytest.param("soon", "'hours', 'days'", "", id="a-word-alone"),
        pytest.param("two hours before", "'two'", "1 to 8784", id="spelled-number"),
        pytest.param("1.5 hours before", "'1.5'", "whole number", id="fraction"),
        pytest.param("-2 hours before", "'-2'", "1 to 8784", id="negative"),
        pytest.param("0 days before at 10:00", "'0'", "1 to 366", id="zero"),
        pytest.param("367 days before at 10:00", "'367'", "1 to 366", id="too-many"),
        pytest.param("8785 hours before", "'8785'", "1 to 8784", id="a-year-of-hours"),
        pytest.param(
            "261 business days before at 10:00", "'261'", "1 to 260", id="working-year"
        ),
        pytest.param("٣ hours before", "'٣'", "whole number", id="other-digits"),
        pytest.param("3 weeks before", "'weeks'", "'business days'", id="unit"),
        pytest.param(
            "3 business hours before", "'hours'", "'days'", id="business-hour"
        ),
        pytest.param("3 hours after", "'after'", "'before'", id="after"),
        pytest.param("3 hours", "too early", "'before'", id="no-before"),
        pytest.param("3 days before", "too early", "'at'", id="no-at"),
        pytest.param("3 days before by 10:00", "'by'", "'at'", id="by"),
        pytest.param("3 days before at", "too early", "'10:00'", id="no-time"),
        pytest.param("3 days before at 25:00", "'25:00'", "'10:00'", id="hour-25"),
        pytest.param("3 days before at 24:00", "'24:00'", "'10:00'", id="hour-24"),
        pytest.param("3 days before at 10:60", "'10:60'", "'10:00'", id="minute-60"),
        pytest.param("3 days before at noon", "'noon'", "'10:00'", id="noon"),
        pytest.param("3 days before at 10:00 pm", "'pm'", "nothing more", id="pm"),
        pytest.param("3 hours before at 10:00", "'at'", "nothing more", id="hours-at"),
    ],
)
def test_an_error_names_the_word_and_what_belongs_there(text, word, allowed):
    with pytest.raises(ValueError, match="offset") as refused:
        parse_offset(text)

    assert word in str(refused.value)
    assert allowed in str(refused.value)


@unhurried
@given(st.text())
def test_any_text_is_read_or_refused_as_a_value_error(text):
    try:
        offset = parse_offset(text)
    except ValueError:
        return

    assert parse_offset(print_offset(offset)) == offset


@pytest.mark.parametrize(
    ("text", "days"),
    [
        pytest.param("2 hours before", 1, id="hours-of-one-day"),
        pytest.param("25 hours before", 2, id="a-day-begun-counts"),
        pytest.param("3 days before at 18:30", 3, id="days"),
        # A week has a weekend, and holidays may fall into it.
        pytest.param("5 business days before at 10:00", 11, id="business-days"),
    ],
)
def test_how_far_ahead_a_step_looks_is_never_too_little(text, days):
    assert days_ahead(parse_offset(text)) == days
