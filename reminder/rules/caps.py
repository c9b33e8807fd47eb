"""How many messages one person gets a day and a week, and what gives way.

What cannot wait goes first and goes anyway, and takes the room of what can:
who does not hear of a cancelled visit comes in vain. Of the others those
nearest to their visit are worth most. What finds no room goes by a channel
that is not limited, if its step has one, and else is not told, for all to see.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from reminder.model.people import Channel, ContactPoint
from reminder.model.reasons import Note, Reason
from reminder.model.rulesets import Caps, Urgency
from reminder.rules.candidates import Candidate
from reminder.rules.world import World

_WEEK = 7
_Message = list[Candidate]


def limit(candidates: Sequence[Candidate], world: World, zone: ZoneInfo) -> bool:
    """Keep a person's messages within the caps of their clinics; whether any gave way.

    A message counts on the day it is due where the person is, today if that is
    over; messages that went count whoever of one address they were about.
    """
    capped = [one for one in candidates if _is_capped(one)]
    if not capped:
        return False
    messages, days = _messages(capped), _Days(world, zone)
    if days.is_roomy_for(messages):
        return False
    gave_way = False
    for message in sorted(messages, key=_worth):
        gave_way |= _place(message, days)
    return gave_way


class _Days:
    """On which days there are messages already; days are ordinals in the zone."""

    def __init__(self, world: World, zone: ZoneInfo) -> None:
        self._zone, self._today = zone, _ordinal(world.now, zone)
        self._told: dict[UUID, tuple[int, Channel]] = {
            told.message_id: (_ordinal(told.at, zone), told.channel)
            for told in world.person.told
        }
        for one in world.person.kept:
            if one.told_at and one.message_id and one.channel:
                went = (_ordinal(one.told_at, zone), one.channel)
                self._told.setdefault(one.message_id, went)
        self._planned: list[int] = []

    def is_roomy_for(self, messages: Sequence[_Message]) -> bool:
        """Whether there are so few that no cap can be reached."""
        lowest = min(_lowest(message[0].clinic.ruleset.caps) for message in messages)
        return len(messages) + len(self._told) <= lowest

    def find_room(self, message: _Message) -> bool:
        """Take one more on its day, if every seven days around it leave room."""
        day = self._day(message)
        if not self._has_room(message[0].clinic.ruleset.caps, day):
            return False
        self._planned.append(day)
        return True

    def take(self, message: _Message) -> None:
        """One more on its day, whether there is room or not."""
        self._planned.append(self._day(message))

    def _day(self, message: _Message) -> int:
        # What is overdue can only go today.
        return max(_ordinal(message[0].due_at, self._zone), self._today)

    def _has_room(self, caps: Caps, day: int) -> bool:
        taken = self._planned
        if self._told:
            counted = caps.channels
            taken = [*taken, *(on for on, by in self._told.values() if by in counted)]
        if caps.a_day is not None and taken.count(day) >= caps.a_day:
            return False
        if caps.a_week is None or len(taken) < caps.a_week:
            return True
        near = [on for on in taken if day - _WEEK < on < day + _WEEK]
        if len(near) < caps.a_week:
            return True
        # The fullest seven days begin on a day with a message, or on this one.
        return all(
            sum(first <= on < first + _WEEK for on in near) < caps.a_week
            for first in {day, *(on for on in near if on < day)}
        )


def _messages(candidates: Iterable[Candidate]) -> list[_Message]:
    """What goes as one message counts as one."""
    messages: dict[tuple[object, ...], _Message] = defaultdict(list)
    for one in candidates:
        messages[_goes_with(one)].append(one)
    return list(messages.values())


def _goes_with(one: Candidate) -> tuple[object, ...]:
    if one.kept is not None and not one.is_to_come:
        return (one.kept.message_id or one.key,)
    return (
        one.clinic.clinic_id,
        one.to,
        one.template,
        one.language,
        one.due_at,
    )


def _is_capped(one: Candidate) -> bool:
    if one.reason is not None or one.is_over:
        return False
    return one.to.channel in one.clinic.ruleset.caps.channels


def _worth(message: _Message) -> tuple[object, ...]:
    """The most urgent first, then what is on its way, then the nearest to its visit."""
    urgency = max(one.prepared.urgency for one in message)
    nearest = min(abs(one.appointment.start_at - one.due_at) for one in message)
    first = message[0]
    return (-urgency, first.is_to_come, nearest, first.due_at, first.key)


def _place(message: _Message, days: _Days) -> bool:
    """Find room for a message; whether it had to give way."""
    if days.find_room(message):
        return False
    if all(map(_by_another_channel, message)):
        for one in message:
            one.routes = _uncapped(one)
            one.notes = (*one.notes, Note.CAP_CHANNEL)
        return False
    if any(one.prepared.urgency is Urgency.HIGH for one in message):
        days.take(message)
        for one in message:
            one.notes = (*one.notes, Note.CAP_PASSED)
        return False
    for one in message:
        one.reason = Reason.OVER_CAP
    return True


def _by_another_channel(one: Candidate) -> bool:
    return bool(_uncapped(one))


def _uncapped(one: Candidate) -> tuple[ContactPoint, ...]:
    """The routes left without those that are limited, and those given up."""
    capped, left = one.clinic.ruleset.caps.channels, one.routes
    left = left[left.index(one.to) :]
    return tuple(point for point in left if point.channel not in capped)


def _lowest(caps: Caps) -> int:
    given = [cap for cap in (caps.a_day, caps.a_week) if cap is not None]
    return min(given, default=10**6)


def _ordinal(at: datetime, zone: ZoneInfo) -> int:
    return at.astimezone(zone).toordinal()
