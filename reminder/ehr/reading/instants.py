"""FHIR's instants, dateTimes and Periods, read as aware UTC datetimes."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

_INSTANT = re.compile(
    r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?P<zone>Z|[+-]\d\d:\d\d)?",
    re.ASCII,
)
_YEARS = range(1900, 2200)
_PARTIAL = re.compile(r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?", re.ASCII)


def instant(value: object) -> datetime | None:
    """A FHIR `instant` in UTC; None when it is none, or has no zone.

    A leap second is read as the second before it. The year 1 (.NET's date
    that was never set) and others nobody meets a patient in are none: a day
    before them, or after them, cannot be reckoned.
    """
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    if match is None or match["zone"] is None:
        return None
    try:
        read = datetime.fromisoformat(re.sub(r":60(?=[.Z+-])", ":59", match[0]))
        at = read.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return at if at.year in _YEARS else None


def lacks_zone(value: object) -> bool:
    """Whether this would be an instant if it only said which zone."""
    match = _INSTANT.fullmatch(value) if isinstance(value, str) else None
    return match is not None and match["zone"] is None


def instant_text(at: datetime) -> str:
    """How an instant goes into a search: whole seconds, always `Z`.

    An offset's `+` is lost on the way with some servers, a bare date is read
    in the server's own zone by others.

    Raises:
        ValueError: `at` is naive.
    """
    if at.tzinfo is None:
        raise ValueError("an instant needs a zone")
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_current(period: object, now: datetime) -> bool:
    """Whether a FHIR Period holds at `now`; one that says nothing always does.

    A bound known only to the day, month or year counts to its very end, in
    UTC and with half a day's grace, since it names no zone.
    """
    if not isinstance(period, Mapping):
        return True
    begins, ends = _span(period.get("start")), _span(period.get("end"))
    begun = begins is None or begins[0] <= now
    return begun and (ends is None or now <= ends[1])


def _span(value: object) -> tuple[datetime, datetime] | None:
    at = instant(value)
    if at is not None:
        return at, at
    match = _PARTIAL.match(value) if isinstance(value, str) else None
    if match is None:
        return None
    try:
        return _widened(int(match[1]), match[2], match[3])
    except (ValueError, OverflowError):
        return None


def _widened(
    year: int, month: str | None, day: str | None
) -> tuple[datetime, datetime]:
    first = datetime(year, int(month or 1), int(day or 1), tzinfo=UTC)
    if day:
        after = first + timedelta(days=1)
    elif month:
        after = (first + timedelta(days=32)).replace(day=1)
    else:
        after = first.replace(year=year + 1)
    grace = timedelta(hours=12)
    return first - grace, after + grace
