"""What templates can say: dates, languages, telephone numbers, values of buttons."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from babel import Locale, dates

from reminder.flows.contact import in_minutes
from reminder.flows.moving import chosen
from reminder.messages.when import (
    long_date,
    long_date_time,
    text_direction,
    time_of_day,
    upper_first,
    zone_name,
)

_KEPT = "+0123456789"
_MINUTES_AN_HOUR = 60


def words(language: str) -> Mapping[str, Callable[..., object]]:
    """What templates of one language may call. Instants are shown in a zone given."""
    return {
        "day": partial(_day, language=language),
        "day_and_time": partial(_in, long_date_time, language),
        "time": partial(_in, time_of_day, language),
        "zone_name": partial(_in, zone_name, language),
        "months": partial(_months, language),
        "direction": text_direction,
        "language_name": language_name,
        "upper_first": upper_first,
        "tel": tel,
        "choice": chosen,
        "minutes": in_minutes,
        "hours": hours,
    }


def language_name(tag: str) -> str:
    """A language in its own words: 'English', 'Español'."""
    locale = Locale.parse(tag.replace("-", "_"))
    return upper_first(str(locale.get_language_name(locale.language) or tag))


def tel(phone: str) -> str:
    """A telephone number as a `tel:` address (RFC 3966)."""
    return "tel:" + "".join(char for char in phone if char in _KEPT)


def hours(lead: timedelta) -> int:
    """A lead in whole hours."""
    return lead // timedelta(minutes=_MINUTES_AN_HOUR)


def _in(
    say: Callable[[datetime, ZoneInfo, str], str],
    language: str,
    instant: datetime,
    zone: ZoneInfo,
) -> str:
    return say(instant, zone, language)


def _day(instant: datetime, zone: ZoneInfo, *, language: str) -> str:
    return long_date(instant, zone, language)


def _months(language: str, _: object = None) -> list[tuple[int, str]]:
    names = dates.get_month_names("wide", locale=Locale.parse(language))
    return sorted(names.items())
