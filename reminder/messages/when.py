"""Dates and times as people say them, in the clinic's zone; Babel knows the words.

Babel puts U+202F before AM and PM. It would turn a text message into UCS-2
and shows as a box in old mail programs, so every space here is a plain one.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale, dates
from babel.core import get_global

_PLAIN_SPACES = str.maketrans({"\u202f": " ", "\xa0": " "})


@dataclass(frozen=True, slots=True)
class _Speech:
    """How a language says a date: without the year, which nobody says.

    `short` is the whole of it for a text message.
    """

    locale: str
    date_pattern: str
    short: str
    at: str
    at_one: str


_SPEECH = {
    "en": _Speech(
        "en_US", "EEEE, MMMM d", "EEE MMM d 'at' h:mm a", "{} at {}", "{} at {}"
    ),
    # Bare `es` would write 14:30; the region decides the clock.
    "es": _Speech(
        "es_US", "EEEE, d 'de' MMMM", "EEE d MMM, h:mm a", "{} a las {}", "{} a la {}"
    ),
}


def long_date(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """'Thursday, December 3', in the clinic's zone; lower case in Spanish."""
    speech = _speech(language)
    pattern = speech.date_pattern if speech else "full"
    local = _local(instant, zone)
    return _plain(dates.format_date(local, pattern, locale=_locale(language)))


def time_of_day(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """'2:30 PM', '2:30 p.m.', in the clinic's zone."""
    local = _local(instant, zone)
    return _plain(dates.format_time(local, "short", locale=_locale(language)))


def long_date_time(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """'Thursday, December 3 at 2:30 PM', 'jueves, 3 de diciembre a las 2:30 p.m.'.

    Other languages than English and Spanish get Babel's full date, a comma
    and the time.
    """
    day = long_date(instant, zone, language)
    time = time_of_day(instant, zone, language)
    speech = _speech(language)
    if speech is None:
        return f"{day}, {time}"
    is_one = _local(instant, zone).hour in (1, 13)
    return (speech.at_one if is_one else speech.at).format(day, time)


def short_date_time(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """'Thu Dec 3 at 2:30 PM', 'jue 3 dic, 2:30 p.m.', for a text message.

    Other languages than English and Spanish get it as `long_date_time` has it.
    """
    speech = _speech(language)
    if speech is None:
        return long_date_time(instant, zone, language)
    local = _local(instant, zone)
    return _plain(dates.format_datetime(local, speech.short, locale=_locale(language)))


def zone_name(instant: datetime, zone: ZoneInfo, language: str) -> str:
    """'Central Time', 'hora central': what people call the zone, summer and winter.

    A zone that never changes its clocks is named in full ('Mountain Standard
    Time' in Phoenix), or it would be taken for its neighbour in summer.
    """
    return _zone_name(_local(instant, zone).year, zone.key, _language(language))


def text_direction(language: str) -> str:
    """'ltr' or 'rtl', for the `dir` of a page or an e-mail."""
    return _locale(language).text_direction


def upper_first(text: str) -> str:
    """The text with its first letter raised, for the start of a line."""
    return text[:1].upper() + text[1:]


def _language(tag: str) -> str:
    return tag.replace("_", "-").split("-")[0].lower()


def _speech(language: str) -> _Speech | None:
    return _SPEECH.get(_language(language))


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    speech = _speech(language)
    return Locale.parse(speech.locale if speech else language.replace("-", "_"))


def _local(instant: datetime, zone: ZoneInfo) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return instant.astimezone(zone)


def _plain(text: str) -> str:
    return text.translate(_PLAIN_SPACES)


@lru_cache(maxsize=256)
def _zone_name(year: int, key: str, language: str) -> str:
    zone, locale = ZoneInfo(key), _locale(language)
    winter, summer = (datetime(year, month, 1, tzinfo=UTC) for month in (1, 7))
    changes = winter.astimezone(zone).utcoffset() != summer.astimezone(zone).utcoffset()
    names = locale.meta_zones.get(_meta_zone(key), {}).get("long", {})
    name = names.get("generic" if changes else "standard")
    if not isinstance(name, str):
        name = dates.get_timezone_name(winter.astimezone(zone), locale=locale)
    return _plain(name)


def _meta_zone(key: str) -> str:
    """CLDR's group of zones with one name, such as America_Central.

    Babel files some under a former name of the zone (America/Indianapolis,
    now America/Indiana/Indianapolis) and would print an offset instead.
    """
    meta_zones, aliases = get_global("meta_zones"), get_global("zone_aliases")
    current = aliases.get(key, key)
    former = (old for old, new in aliases.items() if new == current)
    known = (meta_zones[name] for name in (key, current, *former) if name in meta_zones)
    return str(next(known, ""))
