"""What templates can say: dates, languages, telephone numbers, values of buttons."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from babel import Locale, dates
from jinja2 import pass_context
from jinja2.runtime import Context

from reminder.flows.respond.moving import chosen
from reminder.flows.respond.offers import as_value
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


@pass_context
def _day(context: Context, instant: datetime, zone: ZoneInfo) -> str:
    return long_date(instant, zone, context["lang"])


@pass_context
def _day_and_time(context: Context, instant: datetime, zone: ZoneInfo) -> str:
    return long_date_time(instant, zone, context["lang"])


@pass_context
def _time(context: Context, instant: datetime, zone: ZoneInfo) -> str:
    return time_of_day(instant, zone, context["lang"])


@pass_context
def _zone_name(context: Context, instant: datetime, zone: ZoneInfo) -> str:
    return zone_name(instant, zone, context["lang"])


def months(language: str) -> list[tuple[int, str]]:
    """The months of the year with their numbers."""
    names = dates.get_month_names("wide", locale=Locale.parse(language))
    return sorted(names.items())


WORDS: Mapping[str, Callable[..., object]] = {
    "day": _day,
    "day_and_time": _day_and_time,
    "time": _time,
    "zone_name": _zone_name,
    "months": months,
    "direction": text_direction,
    "language_name": language_name,
    "upper_first": upper_first,
    "tel": tel,
    "choice": chosen,
    "as_value": as_value,
    "hours": hours,
}
"""The filters. An instant (UTC) is said in the page's language, in a zone given."""
