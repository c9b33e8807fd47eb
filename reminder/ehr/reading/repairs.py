"""Puts right what is unmistakable in an instant that breaks FHIR, and says so."""

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.raw import Resource
from reminder.ehr.reading.validate import Problem

WITHOUT_ZONE = "instant-without-zone-repaired"
IN_CLOCK_CHANGE = "instant-in-clock-change-repaired"
MISSPELT = "instant-misspelt-repaired"

# Seen in the wild: no seconds, a space or a small t, +0100 or +01, a small z.
_LOOSE = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)[Tt ](?P<hour>\d\d):(?P<minute>\d\d)"
    r"(?::(?P<second>\d\d)(?P<fraction>\.\d{1,9})?)?"
    r" ?(?P<zone>[Zz]|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_ELEMENTS = ("start", "end", "created")


class Repair(NamedTuple):
    """What stands there now, and a short code for what was wrong."""

    text: str
    problem: str


def repair(
    value: object, zone: ZoneInfo | None, *, ends: bool = False
) -> Repair | None:
    """A FHIR `instant` for what can mean but one; None when it is one, or cannot.

    A time without a zone is that of `zone`: of two such times, when the clocks
    go back, the first; one they leap over comes as much later as they leap.
    With `ends`, 24:00 is the end of its day; nothing begins then.
    """
    match = _LOOSE.fullmatch(value) if isinstance(value, str) else None
    if match is None or instant(value) is not None:
        return None
    try:
        local = _local(match, ends=ends)
        return _zoned(local, match["zone"], zone) if local is not None else None
    except (ValueError, OverflowError):
        return None


def repaired(
    appointment: Resource, zone: ZoneInfo | None
) -> tuple[Resource, tuple[Problem, ...]]:
    """The Appointment with its instants put right, and where that was needed.

    What needs no repair is handed back as it is, and never changed.
    """
    found = {
        name: fixed
        for name in _ELEMENTS
        if (fixed := repair(appointment.get(name), zone, ends=name == "end"))
    }
    problems = [
        Problem(f"Appointment.{name}", fixed.problem) for name, fixed in found.items()
    ]
    sound: Resource = {name: fixed.text for name, fixed in found.items()}
    meta = appointment.get("meta")
    if isinstance(meta, dict):
        updated = repair(meta.get("lastUpdated"), zone)
        if updated is not None:
            sound["meta"] = meta | {"lastUpdated": updated.text}
            problems.append(Problem("Appointment.meta.lastUpdated", updated.problem))
    return (appointment | sound if sound else appointment), tuple(problems)


def _local(match: re.Match[str], *, ends: bool) -> datetime | None:
    """The time on the wall; a leap second is the second before it."""
    hour, minute, second = match["hour"], match["minute"], match["second"] or "00"
    is_midnight = (hour, minute, second) == ("24", "00", "00")
    if is_midnight and not ends:
        return None
    second = "59" if second == "60" else second
    fraction = (match["fraction"] or "")[:7]
    time = "00:00:00" if is_midnight else f"{hour}:{minute}:{second}{fraction}"
    day = timedelta(days=1) if is_midnight else timedelta(0)
    return datetime.fromisoformat(f"{match['date']}T{time}") + day


def _zoned(local: datetime, stated: str | None, zone: ZoneInfo | None) -> Repair | None:
    if stated is not None:
        offset = stated.upper().replace(":", "")
        offset = offset if offset == "Z" else f"{offset[:3]}:{offset[3:] or '00'}"
        return Repair(f"{local.isoformat()}{offset}", MISSPELT)
    if zone is None:
        return None
    first, second = (local.replace(tzinfo=zone, fold=fold) for fold in (0, 1))
    certain = first.utcoffset() == second.utcoffset()
    at = first.astimezone(UTC).replace(tzinfo=None)
    return Repair(f"{at.isoformat()}Z", WITHOUT_ZONE if certain else IN_CLOCK_CHANGE)
