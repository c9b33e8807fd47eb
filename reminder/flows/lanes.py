"""The ways out as the sending sees them: each transport a lane with its own limits."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Protocol, Self

from reminder.model.clock import Clock
from reminder.model.messages import Message, SMSContent
from reminder.model.outcomes import Deferred, Outcome, Rejected
from reminder.model.people import Channel
from reminder.rules.sending_limits import (
    Pace,
    Room,
    SendingLimits,
    at_rest,
    next_day,
    recovered,
    room_by_day,
    room_by_pace,
    smaller,
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
    part. The day is counted for all of them.
    """

    def __init__(
        self,
        transport: Sender,
        limits: SendingLimits = SendingLimits(),  # noqa: B008 - frozen
        sent_days: CountsDays | None = None,
    ) -> None:
        if limits.per_day is not None and sent_days is None:
            raise ValueError("a limit a day needs somebody who counts")
        self.transport = transport
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
    """Every lane, by the channel it is for."""

    def __init__(self, lanes: Mapping[Channel, Lane], clock: Clock) -> None:
        self._lanes = lanes
        self._clock = clock

    @classmethod
    def unlimited(cls, transports: Mapping[Channel, Sender], clock: Clock) -> Self:
        """A lane without limits for each transport."""
        return cls({channel: Lane(one) for channel, one in transports.items()}, clock)

    @property
    def channels(self) -> tuple[Channel, ...]:
        """Those that something can be sent by."""
        return tuple(self._lanes)

    def of(self, channel: Channel) -> Lane:
        """The lane of a channel."""
        return self._lanes[channel]

    async def rooms(self) -> dict[Channel, Room]:
        """How many messages may be claimed now for each channel."""
        now = self._clock()
        return {channel: await lane.room(now) for channel, lane in self._lanes.items()}


def segments_of(message: Message) -> int:
    """What a carrier counts; whatever has no segments counts as one."""
    content = message.content
    return max(content.segments, 1) if isinstance(content, SMSContent) else 1


def did_not_go(outcome: Outcome) -> bool:
    """Whether nothing was sent for certain."""
    return isinstance(outcome, Deferred | Rejected)
