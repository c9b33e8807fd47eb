"""The ways out as the sending sees them: each transport a lane with its own limits."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, Self
from uuid import UUID

from reminder.flows.composing import Ready
from reminder.flows.switching import Switching, way_of
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage, Message, MessageKind, SMSContent
from reminder.model.outcomes import Deferred, Delivery, Outcome, Rejected
from reminder.model.people import Channel
from reminder.rules.sending_limits import (
    Pace,
    Room,
    SendingLimits,
    at_rest,
    less_one,
    next_day,
    recovered,
    room_by_day,
    room_by_pace,
    smaller,
    together,
)


class Sender(Protocol):
    """A transport as this chapter needs it."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    async def send(self, message: Message) -> Outcome:
        """Send once; what the far side said."""


class CountsDays(Protocol):
    """Where the segments of a day are counted, for all nodes."""

    async def used(self, transport: str, day: date) -> int:
        """How many of the day are gone."""

    async def take(
        self, transport: str, day: date, sizes: Sequence[int], *, at_most: int
    ) -> int:
        """How many of the messages, from the first, fit; they are counted."""

    async def give_back(self, transport: str, day: date, segments: int) -> None:
        """Count these no longer."""


class Lane:
    """One transport within its limits.

    The pace is this process's own: where several send, each is given its
    part. The day is counted for all of them. `weight` is its share of the
    channel, relative to the others'.
    """

    def __init__(
        self,
        transport: Sender,
        limits: SendingLimits = SendingLimits(),  # noqa: B008 - frozen
        sent_days: CountsDays | None = None,
        *,
        weight: float = 1.0,
    ) -> None:
        if limits.per_day is not None and sent_days is None:
            raise ValueError("a limit a day needs somebody who counts")
        self.transport = transport
        self.weight = weight
        self._limits = limits
        self._sent_days = sent_days
        self._pace: Pace | None = None

    async def room(self, now: datetime) -> Room:
        """How many messages may be claimed now."""
        room, per_s, per_day = Room(), self._limits.per_s, self._limits.per_day
        if per_s is not None:
            room = smaller(room, room_by_pace(self._paced(per_s, now), per_s))
        if per_day is not None and self._sent_days is not None:
            used = await self._sent_days.used(self.transport.name, now.date())
            room = smaller(room, room_by_day(per_day, used, now))
        return room

    async def take(self, messages: Sequence[Message], now: datetime) -> int:
        """How many of them, from the first, may go: counted before they do.

        The pace lets all of them go that were claimed for it.
        """
        sizes, per_s = [segments_of(one) for one in messages], self._limits.per_s
        fits, per_day = len(sizes), self._limits.per_day
        if per_day is not None and self._sent_days is not None:
            fits = await self._sent_days.take(
                self.transport.name, now.date(), sizes, at_most=per_day
            )
        if per_s is not None:
            pace = self._paced(per_s, now)
            self._pace = Pace(pace.level - sum(sizes[:fits]), pace.at)
        return fits

    async def give_back(self, messages: Sequence[Message], taken_at: datetime) -> None:
        """Of the day, not of the pace: these certainly did not go."""
        if messages and self._limits.per_day is not None and self._sent_days:
            segments = sum(map(segments_of, messages))
            day = taken_at.date()
            await self._sent_days.give_back(self.transport.name, day, segments)

    @staticmethod
    def opens_at(now: datetime) -> datetime:
        """When there is room again for what a day had no room for."""
        return next_day(now)

    def _paced(self, per_s: float, now: datetime) -> Pace:
        pace = self._pace or at_rest(per_s, now)
        return recovered(pace, per_s, now)


class Lanes:
    """Every lane, by the channel it is for; of several the healthy get more."""

    def __init__(self, lanes: Mapping[Channel, Sequence[Lane]], clock: Clock) -> None:
        self._clock = clock
        self._lanes = {
            channel: {lane.transport.name: lane for lane in several}
            for channel, several in lanes.items()
        }
        self._switching = {
            channel: Switching(
                channel, {one: lane.weight for one, lane in named.items()}
            )
            for channel, named in self._lanes.items()
        }

    @classmethod
    def unlimited(cls, transports: Mapping[Channel, Sender], clock: Clock) -> Self:
        """A lane without limits for each transport."""
        return cls({channel: [Lane(one)] for channel, one in transports.items()}, clock)

    def first(self, channel: Channel) -> Lane:
        """The lane of a channel that is written first."""
        return next(iter(self._lanes[channel].values()))

    async def rooms(self) -> dict[Channel, Room]:
        """How many messages may be claimed now for each channel."""
        now = self._clock()
        return {
            channel: together([await lane.room(now) for lane in named.values()])
            for channel, named in self._lanes.items()
        }

    async def assign(self, ready: Sequence[Ready]) -> dict[Lane | None, list[Ready]]:
        """Each of them in its lane; under None those no lane has room for any more."""
        ways: dict[UUID, Lane] = {}
        for channel in self._lanes:
            ours = [one.claimed for one in ready if one.claimed.channel is channel]
            if ours:
                ways |= await self._ways(channel, ours)
        assigned: dict[Lane | None, list[Ready]] = {}
        for one in ready:
            lane = ways.get(one.claimed.message_id)
            assigned.setdefault(lane, []).append(one)
        return assigned

    def tell(self, channel: Channel, delivery: Delivery) -> None:
        """Take in how one try went."""
        self._switching[channel].tell(delivery)

    async def _ways(
        self, channel: Channel, messages: Sequence[ClaimedMessage]
    ) -> dict[UUID, Lane]:
        named = self._lanes[channel]
        if len(named) == 1:
            # What was claimed for the only one was claimed within its limits.
            return {one.message_id: lane for lane in named.values() for one in messages}
        now = self._clock()
        shares = self._switching[channel].review(now)
        left = {name: await lane.room(now) for name, lane in named.items()}
        assigned = {}
        for one in messages:
            open_ways = [name for name, room in left.items() if _has_room(room, one)]
            name = way_of(one, shares, open_ways)
            if name is not None:
                assigned[one.message_id] = named[name]
                left[name] = less_one(left[name])
        return assigned


def _has_room(room: Room, message: ClaimedMessage) -> bool:
    is_reminder = message.kind is MessageKind.REMINDER
    most = room.ordinary if is_reminder else room.urgent
    return most is None or most > 0


def segments_of(message: Message) -> int:
    """What a carrier counts; whatever has no segments counts as one."""
    content = message.content
    return max(content.segments, 1) if isinstance(content, SMSContent) else 1


def did_not_go(outcome: Outcome) -> bool:
    """Whether nothing was sent for certain."""
    return isinstance(outcome, Deferred | Rejected)
