"""The clinic's own days and wall clock: the one place where local time is reckoned.

A wall time that the clocks skip in spring stands for the first instant after
the gap; one that comes twice in autumn stands for its first coming. So every
day and time of day has exactly one instant, and a later wall time on one day
never has an earlier one.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from holidays import country_holidays

from reminder.model.clinics import Clinic

_DAY = timedelta(days=1)
_SATURDAY = 5


def local_date(clinic: Clinic, at: datetime) -> date:
    """The clinic's calendar day at an instant."""
    return at.astimezone(clinic.zone).date()


def instant(clinic: Clinic, day: date, at: time) -> datetime:
    """The instant (UTC) at which the clinic's clocks show `at` on `day`."""
    return _instant(clinic.zone, day, at)


def is_business_day(clinic: Clinic, day: date) -> bool:
    """Monday to Friday, no public holiday, and not closed by the clinic itself."""
    return (
        day.weekday() < _SATURDAY
        and day not in clinic.closures
        and day not in public_holidays(clinic.country, clinic.subdivision, day.year)
    )


def business_days_before(clinic: Clinic, day: date, count: int) -> date:
    """The business day that is `count` (at least 1) business days before `day`.

    `day` itself may be any day: one business day before a Sunday is Friday.
    """
    while count:
        day -= _DAY
        count -= is_business_day(clinic, day)
    return day


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


@lru_cache(maxsize=8192)
def _instant(zone: ZoneInfo, day: date, at: time) -> datetime:
    wall = datetime.combine(day, at.replace(fold=0), tzinfo=zone)
    found = wall.astimezone(UTC)
    if found.astimezone(zone).replace(tzinfo=None) == wall.replace(tzinfo=None):
        return found
    return _end_of_gap(wall)


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
