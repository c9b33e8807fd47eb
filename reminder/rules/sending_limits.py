"""How much one way out may send now: its pace, and its share of a day spread out.

Carriers count segments. What exceeds the pace waits moments, what exceeds the
day's even flow waits for its turn, and what a patient waits for may use up the
day at any hour.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_DAY = timedelta(days=1)
_AHEAD = timedelta(hours=1)
"""How far the day's even flow may run ahead, so that it begins with something."""


@dataclass(frozen=True, slots=True)
class SendingLimits:
    """Segments a second and segments a day (UTC); None is as many as there are."""

    per_s: float | None = None
    per_day: int | None = None


@dataclass(frozen=True, slots=True)
class Pace:
    """How many segments may go at once, as of an instant; below zero some are owed."""

    level: float
    at: datetime


@dataclass(frozen=True, slots=True)
class Room:
    """How many messages may go now; None is as many as there are.

    `urgent` is for what a patient waits for, and never less than `ordinary`.
    `again_in` is when the pace lets something go if it lets nothing go now.
    """

    ordinary: int | None = None
    urgent: int | None = None
    again_in: timedelta | None = None


def at_rest(per_s: float, now: datetime) -> Pace:
    """The pace of a way out that has not sent for a while: a second's worth, or one."""
    return Pace(_most(per_s), now)


def recovered(pace: Pace, per_s: float, now: datetime) -> Pace:
    """The pace after the time that has passed since it was looked at."""
    passed_s = max((now - pace.at).total_seconds(), 0)
    return Pace(min(_most(per_s), pace.level + passed_s * per_s), max(now, pace.at))


def room_by_pace(pace: Pace, per_s: float) -> Room:
    """What the pace leaves room for at its instant.

    A message of several segments may go while there is room for one: what
    comes after it waits the longer.
    """
    if pace.level >= 1:
        return Room(math.floor(pace.level), math.floor(pace.level))
    # Half a second's worth at a time, not a claim for each segment.
    wanted = max(1.0, per_s / 2)
    return Room(0, 0, timedelta(seconds=(wanted - pace.level) / per_s))


def room_by_day(per_day: int, used: int, now: datetime) -> Room:
    """What the day leaves room for after `used` segments of it."""
    passed = (now - _start_of_day(now) + _AHEAD) / _DAY
    by_now = math.ceil(per_day * min(passed, 1.0))
    return Room(max(by_now - used, 0), max(per_day - used, 0))


def next_day(now: datetime) -> datetime:
    """When the next day of counting begins (UTC)."""
    return _start_of_day(now) + _DAY


def smaller(one: Room, other: Room) -> Room:
    """The room both leave."""
    return Room(
        _least(one.ordinary, other.ordinary),
        _least(one.urgent, other.urgent),
        one.again_in or other.again_in,
    )


def less_one(room: Room) -> Room:
    """The room once another message goes."""
    return Room(_less_one(room.ordinary), _less_one(room.urgent), room.again_in)


def _less_one(room: int | None) -> int | None:
    return None if room is None else room - 1


def together(rooms: Sequence[Room]) -> Room:
    """The room that several ways out have for the messages of one channel."""
    ordinary = _sum([room.ordinary for room in rooms])
    urgent = _sum([room.urgent for room in rooms])
    # As long as one of them takes something nobody waits for the others.
    waits = [room.again_in for room in rooms if room.again_in and urgent == 0]
    return Room(ordinary, urgent, min(waits, default=None))


def _sum(rooms: Sequence[int | None]) -> int | None:
    """Any number, where one of them takes any number."""
    known = [room for room in rooms if room is not None]
    return sum(known) if len(known) == len(rooms) else None


def _most(per_s: float) -> float:
    return max(1.0, per_s)


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)


def _start_of_day(now: datetime) -> datetime:
    utc = now.astimezone(UTC)
    return utc.replace(hour=0, minute=0, second=0, microsecond=0)
