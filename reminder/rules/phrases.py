"""How instants, channels and lists are said to the people of a clinic.

English only, as everything staff read: a weekday, a month by its name, AM or
PM, and the zone, so that nobody has to guess which day or whose morning it is.
"""

from collections.abc import Sequence
from datetime import datetime, tzinfo

from reminder.model.people import Channel

CHANNEL: dict[Channel, str] = {
    Channel.EMAIL: "e-mail",
    Channel.SMS: "text message",
    Channel.VOICE: "call",
}
"""The name of each channel, as in 'by e-mail'."""


def moment(at: datetime, zone: tzinfo) -> str:
    """'Tue 1 Dec 2026 at 10:00 AM EST': an instant on the wall clock of a zone."""
    local = at.astimezone(zone)
    return f"{local:%a} {local.day} {local:%b %Y} at {_clock(local)} {_zone(local)}"


def moment_beside(at: datetime, other: datetime, zone: tzinfo) -> str:
    """The same, but only '6:30 AM' where the other instant is of that day and zone."""
    local, beside = at.astimezone(zone), other.astimezone(zone)
    is_same_day = local.date() == beside.date()
    if is_same_day and local.utcoffset() == beside.utcoffset():
        return _clock(local)
    return moment(at, zone)


def listed(words: Sequence[str], last: str = "and") -> str:
    """'a', 'a and b', 'a, b and c'."""
    *rest, end = words
    return f"{', '.join(rest)} {last} {end}" if rest else end


def sentence(words: str) -> str:
    """The same with a capital first and a full stop last."""
    return f"{words[:1].upper()}{words[1:].removesuffix('.')}."


def _clock(local: datetime) -> str:
    return f"{local.hour % 12 or 12}:{local:%M} {'AM' if local.hour < 12 else 'PM'}"


def _zone(local: datetime) -> str:
    """'EST'; zones without letters of their own are said by their offset."""
    name = f"{local:%Z}"
    return f"UTC{name}" if name[:1] in "+-" else name
