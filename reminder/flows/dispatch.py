"""Sends what is due: claim, read again, decide again, compose, send, settle."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from reminder.flows.composing import Composing
from reminder.flows.fresh import Fresh
from reminder.flows.prepare import Claims, Prepare
from reminder.flows.send import Send, Stopping, going_on
from reminder.model.clinics import Clinics
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage
from reminder.model.people import Channel, PatientKey
from reminder.model.settlements import Sent, Settlement
from reminder.rules.sending_limits import Room


class Queue(Claims, Protocol):
    """The messages, as this chapter needs them."""

    async def claim_due(
        self,
        *,
        channels: Collection[Channel],
        urgent_on: Collection[Channel] = (),
        now: datetime,
        limit: int,
        lease: timedelta,
        node: str,
    ) -> list[ClaimedMessage]:
        """Take what is due; it is ours until the lease runs out.

        On `urgent_on` only what a patient waits for.
        """


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What one run did with how many messages.

    `held` wait: for the EHR, or for the end of quiet hours. `dropped` had
    nothing left to say. `settlements` are what was tried. `again_in` is when
    more may go, where nothing could any more because of a lane's pace.
    """

    sent: int = 0
    not_sent: int = 0
    held: int = 0
    dropped: int = 0
    settlements: tuple[Settlement, ...] = ()
    again_in: timedelta | None = None

    def __add__(self, other: "DispatchReport") -> "DispatchReport":
        return DispatchReport(
            self.sent + other.sent,
            self.not_sent + other.not_sent,
            self.held + other.held,
            self.dropped + other.dropped,
            self.settlements + other.settlements,
            other.again_in,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How much a node takes at once, and for how long it may keep it."""

    batch: int = 100
    lease: timedelta = timedelta(minutes=5)
    node: str = "node"


class Dispatch:
    """Sends what is due, in batches, until nothing is."""

    def __init__(
        self,
        *,
        queue: Queue,
        composing: Composing,
        fresh: Fresh,
        send: Send,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
        clinics: Clinics,
        channels: Collection[Channel],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._prepare = Prepare(
            queue=queue,
            composing=composing,
            fresh=fresh,
            replan=replan,
            clinics=clinics,
            clock=clock,
        )
        self._send = send
        self._channels = channels
        self._limits = limits
        self._clock = clock

    async def run(self, stopping: Stopping = going_on) -> DispatchReport:
        """Send until nothing more is due, or no more than is under way if `stopping`.

        What was claimed by then and not begun to be sent is given back.
        """
        await self._send.catch_up()
        total = DispatchReport()
        while not stopping():
            rooms = await self._send.rooms()
            claimed = await self._claim(rooms)
            if not claimed:
                waits = [room.again_in for room in rooms.values() if room.again_in]
                return replace(total, again_in=min(waits, default=None))
            total += await self._batch(claimed, stopping)
        return total

    async def _claim(self, rooms: Mapping[Channel, Room]) -> list[ClaimedMessage]:
        """No more than there is room for in each lane."""
        claimed: list[ClaimedMessage] = []
        if free := [one for one in self._channels if rooms[one].urgent is None]:
            claimed += await self._take(self._limits.batch, channels=free)
        for channel in self._channels:
            if most := rooms[channel].ordinary:
                claimed += await self._take(most, channels=[channel])
            elif most := rooms[channel].urgent:
                claimed += await self._take(most, urgent_on=[channel])
        return claimed

    async def _take(
        self,
        most: int,
        *,
        channels: Collection[Channel] = (),
        urgent_on: Collection[Channel] = (),
    ) -> list[ClaimedMessage]:
        return await self._queue.claim_due(
            channels=channels,
            urgent_on=urgent_on,
            now=self._clock(),
            limit=min(most, self._limits.batch),
            lease=self._limits.lease,
            node=self._limits.node,
        )

    async def _batch(
        self, claimed: Sequence[ClaimedMessage], stopping: Stopping
    ) -> DispatchReport:
        prepared = await self._prepare.run(claimed)
        settled = await self._send.refuse(prepared.spoilt)
        settled += await self._send.run(prepared.ready, stopping)
        sent = sum(isinstance(settlement.then, Sent) for settlement in settled)
        return DispatchReport(
            sent, len(settled) - sent, prepared.held, prepared.dropped, tuple(settled)
        )
