"""How old a patient is on a day, be the birth date known whole or in part."""

from calendar import monthrange
from datetime import date
from functools import lru_cache


def age(birth_date: str, on: date) -> int:
    """Whole years on a day; a partly known date is the latest day it can mean.

    So somebody may be older than this says, and never younger.
    """
    born = _latest(birth_date)
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))


@lru_cache(maxsize=4096)
def _latest(birth_date: str) -> date:
    """The last day that FHIR's `date` (year, year and month, or full) can mean."""
    year, month, day, *_ = (*map(int, birth_date.split("-")), 0, 0)
    month = month or 12
    return date(year, month, day or monthrange(year, month)[1])
