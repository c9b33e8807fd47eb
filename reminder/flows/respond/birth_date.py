"""Reads a typed date of birth, or says what about it is to be put right."""

import hmac
import unicodedata
from datetime import date

from reminder.flows.respond.page_states import Problem
from reminder.flows.respond.pages import TypedDate

_OLDEST = 125
"""Years: nobody has lived longer, so an earlier date is a slip of the finger."""


def read_birth_date(typed: TypedDate, today: date) -> date | Problem:
    """The date, or the first problem: what is missing comes before what is wrong.

    Spaces, hyphens, invisible characters and other scripts' digits are taken
    as they are meant. A year needs four digits.
    """
    month, day, year = map(_plain, (typed.month, typed.day, typed.year))
    if missing := _missing(month, day, year):
        return missing
    if not (month.isdecimal() and day.isdecimal() and year.isdecimal()):
        return Problem.IMPOSSIBLE
    if len(year) != 4:
        return Problem.SHORT_YEAR
    try:
        born = date(int(year), int(month[:9]), int(day[:9]))
    except ValueError:
        return Problem.IMPOSSIBLE
    if born > today:
        return Problem.FUTURE
    return Problem.TOO_LONG_AGO if today.year - born.year > _OLDEST else born


def same_date(ours: date, typed: date) -> bool:
    """Whether they are one date, in a time that does not tell where they differ."""
    return hmac.compare_digest(ours.isoformat().encode(), typed.isoformat().encode())


def _plain(text: str) -> str:
    normal = unicodedata.normalize("NFKC", text[:40])
    return "".join(
        char
        for char in normal
        if not char.isspace() and unicodedata.category(char) not in {"Cf", "Pd"}
    )


def _missing(month: str, day: str, year: str) -> Problem | None:
    if not (month or day or year):
        return Problem.EMPTY
    if not month:
        return Problem.NO_MONTH
    if not day:
        return Problem.NO_DAY
    return None if year else Problem.NO_YEAR
