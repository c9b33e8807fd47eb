"""The clinic's own days and wall clock: the one place where local time is reckoned.

A wall time that the clocks skip in spring stands for the first instant after
the gap; one that comes twice in autumn stands for its first coming. So every
day and time of day has exactly one instant, and a later wall time on one day
never has an earlier one. Where the skipped hour is the last of a day, as in
Nuuk, the first instant after it is the midnight that begins the next day.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from holidays import country_holidays

from reminder.model.clinics import Clinic

_DAY = timedelta(days=1)
_TEN_YEARS = 3653
"""How far back a business day is looked for before there is said to be none."""


class _Business(NamedTuple):
    """All of a clinic that decides which days are its business days."""

    weekdays: frozenset[int]
    closures: frozenset[date]
    open_days: frozenset[date]
    country: str | None
    subdivision: str | None


def local_date(clinic: Clinic, at: datetime) -> date:
    """The clinic's calendar day at an instant."""
    return date_in(clinic.zone, at)


def instant(clinic: Clinic, day: date, at: time) -> datetime:
    """The instant (UTC) at which the clinic's clocks show `at` on `day`."""
    return instant_in(clinic.zone, day, at)


# The steps of one visit ask for the same day again and again.
@lru_cache(maxsize=16384)
def date_in(zone: ZoneInfo, at: datetime) -> date:
    """The calendar day of a zone at an instant."""
    return at.astimezone(zone).date()


def is_business_day(clinic: Clinic, day: date) -> bool:
    """Whether the clinic works on a day.

    Its own closures say no before all else, its opening days yes; then it
    works on its usual weekdays that are no public holiday.
    """
    return _is_business_day(_business(clinic), day)


def business_days_before(clinic: Clinic, day: date, count: int) -> date:
    """The business day that is `count` (at least 1) business days before `day`.

    `day` itself may be any day: one business day before a Sunday is Friday.

    Raises:
        ValueError: the clinic does not have so many in ten years.
    """
    return _business_days_before(_business(clinic), day, count)


def weekday_before(day: date, weekday: int) -> date:
    """The last such weekday (0 for Monday) before `day`, never `day` itself."""
    return day - timedelta(days=(day.weekday() - weekday - 1) % 7 + 1)


@lru_cache(maxsize=1024)
def public_holidays(
    country: str | None, subdivision: str | None, year: int
) -> frozenset[date]:
    """The public holidays of a year, substitute days included; none without a country.

    Raises:
        ValueError: the country or its subdivision is not known by its ISO code.
    """
    if country is None:
        return frozenset()
    try:
        return frozenset(country_holidays(country, subdivision, years=year))
    except NotImplementedError:
        place = country if subdivision is None else f"{country}-{subdivision}"
        raise ValueError(f"no public holidays are known for {place!r}") from None


@lru_cache(maxsize=16384)
def instant_in(zone: ZoneInfo, day: date, at: time) -> datetime:
    """The instant (UTC) at which the clocks of a zone show `at` on `day`."""
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    return _end_of_gap(wall)


def _business(clinic: Clinic) -> _Business:
    return _Business(
        clinic.business_weekdays,
        clinic.closures,
        clinic.open_days,
        clinic.country,
        clinic.subdivision,
    )


def _is_business_day(business: _Business, day: date) -> bool:
    if day in business.closures:
        return False
    if day in business.open_days:
        return True
    return day.weekday() in business.weekdays and day not in public_holidays(
        business.country, business.subdivision, day.year
    )


@lru_cache(maxsize=16384)
def _business_days_before(business: _Business, day: date, count: int) -> date:
    earliest = day - _TEN_YEARS * _DAY
    while count:
        day -= _DAY
        if day < earliest:
            raise ValueError("the clinic has too few business days to count back")
        count -= _is_business_day(business, day)
    return day


def _end_of_gap(wall: datetime) -> datetime:
    """The instant of the clock change that skips a wall time.

    With fold 0 Python reckons a skipped wall time by the offset before the
    change, which lands after it, and with fold 1 the other way round: the
    change, on a whole second, lies between the two.
    """
    whole = wall.replace(microsecond=0)
    early, late = whole.replace(fold=1).astimezone(UTC), whole.astimezone(UTC)
    new_offset = late.astimezone(wall.tzinfo).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = (early + (late - early) / 2).replace(microsecond=0)
        if middle.astimezone(wall.tzinfo).utcoffset() == new_offset:
            late = middle
        else:
            early = middle
    return late
