"""Reading a typed date of birth."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.flows.respond.birth_date import read_birth_date, same_date
from reminder.flows.respond.page_states import Problem
from reminder.flows.respond.pages import TypedDate

TODAY = date(2027, 3, 1)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (("4", "17", "1985"), date(1985, 4, 17)),
        (("04", "07", "1985"), date(1985, 4, 7)),
        ((" 4 ", " 17", "1985 "), date(1985, 4, 17)),
        (("4", "1-7", "19\u200b85"), date(1985, 4, 17)),
        (("\u0664", "\uff11\uff17", "1985"), date(1985, 4, 17)),
        (("2", "29", "2024"), date(2024, 2, 29)),
        (("3", "1", "2027"), date(2027, 3, 1)),
        (("", "", ""), Problem.EMPTY),
        ((" ", "-", "\u200b"), Problem.EMPTY),
        (("", "17", "1985"), Problem.NO_MONTH),
        (("4", "", "1985"), Problem.NO_DAY),
        (("4", "17", ""), Problem.NO_YEAR),
        (("", "", "1985"), Problem.NO_MONTH),
        (("4", "17", "85"), Problem.SHORT_YEAR),
        (("4", "17", "01985"), Problem.SHORT_YEAR),
        (("2", "29", "2023"), Problem.IMPOSSIBLE),
        (("13", "1", "1985"), Problem.IMPOSSIBLE),
        (("4", "x", "1985"), Problem.IMPOSSIBLE),
        (("4", "½", "1985"), Problem.IMPOSSIBLE),
        (("4", "-17", "1985"), date(1985, 4, 17)),
        (("0", "0", "0000"), Problem.IMPOSSIBLE),
        (("3", "2", "2027"), Problem.FUTURE),
        (("12", "31", "1901"), Problem.TOO_LONG_AGO),
        (("1", "1", "1902"), date(1902, 1, 1)),
        (("9" * 5000, "9" * 5000, "1985"), Problem.IMPOSSIBLE),
    ],
)
def test_a_date_is_read_as_it_is_meant(
    typed: tuple[str, str, str], read: date | Problem
) -> None:
    assert read_birth_date(TypedDate(*typed), TODAY) == read


@given(st.text(max_size=50), st.text(max_size=50), st.text(max_size=50))
def test_whatever_is_typed_is_a_date_or_a_problem(
    month: str, day: str, year: str
) -> None:
    assert isinstance(
        read_birth_date(TypedDate(month, day, year), TODAY), date | Problem
    )


@given(st.dates(date(1902, 1, 1), TODAY))
def test_every_date_can_be_typed(born: date) -> None:
    typed = TypedDate(str(born.month), str(born.day), f"{born.year:04}")

    assert read_birth_date(typed, TODAY) == born


def test_two_dates_are_one_or_not() -> None:
    assert same_date(date(1985, 4, 17), date(1985, 4, 17))
    assert not same_date(date(1985, 4, 17), date(1985, 4, 18))


def test_what_was_typed_is_not_in_a_repr() -> None:
    assert "1985" not in repr(TypedDate("4", "17", "1985"))
