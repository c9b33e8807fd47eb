"""Sends what is composed, once, and settles what the far side said."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

import structlog

from reminder.flows.composing import Ready, Spoilt
from reminder.flows.lanes import Lane, Lanes, Sender, did_not_go
from reminder.flows.ledger import Ledger
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage, Message
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Delivery,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.people import Channel
from reminder.model.settlements import Settlement
from reminder.rules.retries import after
from reminder.rules.sending_limits import Room
from reminder.store.errors import StoreUnavailable

log = structlog.get_logger()

_OF_THE_LEASE = 0.9
"""How much of a lease a try may take."""

_NO_ROOM = timedelta(minutes=1)
"""What waits when all its lanes are full: nothing is claimed before one is not."""


Stopping = Callable[[], bool]
"""Whether this process was told to stop."""


def going_on() -> bool:
    """Nobody was told to stop."""
    return False


class Send:
    """Sends over each channel's lane, a few at a time."""

    def __init__(
        self,
        lanes: Lanes,
        ledger: Ledger,
        clock: Clock,
        *,
        lease: timedelta,
        in_flight: int,
    ) -> None:
        self._lanes = lanes
        self._ledger = ledger
        self._clock = clock
        self._lease = lease
        self._in_flight = in_flight
        self._unwritten: list[Settlement] = []

    async def rooms(self) -> dict[Channel, Room]:
        """How many messages may be claimed now for each channel."""
        return await self._lanes.rooms()

    async def run(
        self, ready: Sequence[Ready], stopping: Stopping = going_on
    ) -> list[Settlement]:
        """Send all of them, each lane beside the others; what was settled."""
        lanes = await self._assigned(ready)
        running = [
            asyncio.create_task(self._lane(lane, some, stopping))
            for lane, some in lanes.items()
        ]
        # A lane that fails must not leave the others to run on unwatched.
        await asyncio.gather(*running, return_exceptions=True)
        return [settlement for lane in running for settlement in lane.result()]

    async def refuse(self, spoilt: Sequence[Spoilt]) -> list[Settlement]:
        """Settle what could not be made as if it had been refused for what it says.

        Another channel has other words and may succeed; else a human must.
        """
        settlements = [self._refused(one) for one in spoilt]
        await self._settle(settlements)
        return settlements

    async def catch_up(self) -> None:
        """Write down what was sent while the database did not answer.

        As long as nobody else has taken these messages up, that saves each a
        second copy.
        """
        unwritten, self._unwritten = self._unwritten, []
        await self._settle(unwritten)

    def _refused(self, spoilt: Spoilt) -> Settlement:
        now = self._clock()
        delivery = Delivery(
            message_id=spoilt.claimed.message_id,
            transport=self._lanes.first(spoilt.claimed.channel).transport.name,
            started_at=now,
            ended_at=now,
            outcome=Rejected(spoilt.code, Scope.CONTENT),
        )
        return settlement(spoilt.claimed, delivery)

    async def _assigned(self, ready: Sequence[Ready]) -> dict[Lane, list[Ready]]:
        """Each of them in its lane; those no lane has room for any more wait."""
        lanes = await self._lanes.assign(ready)
        if waiting := [one.claimed for one in lanes.pop(None, [])]:
            now = self._clock()
            await self._ledger.give_back(waiting, now=now, until=now + _NO_ROOM)
        return {lane: some for lane, some in lanes.items() if lane is not None}

    async def _lane(
        self, lane: Lane, ready: Sequence[Ready], stopping: Stopping
    ) -> list[Settlement]:
        settled: list[Settlement] = []
        for start in range(0, len(ready), self._in_flight):
            if stopping():
                left = [one.claimed for one in ready[start:]]
                await self._ledger.give_back(left, now=self._clock())
                break
            group = ready[start : start + self._in_flight]
            settled += await self._group(lane, group)
        return settled

    async def _group(self, lane: Lane, group: Sequence[Ready]) -> list[Settlement]:
        """Mark, send and settle no more than are in flight at once.

        A crash between the mark and the settlement leaves just these
        uncertain, and nothing else.
        """
        now = self._clock()
        group = await self._within_the_day(lane, group, now)
        if not group:
            return []
        ours = await self._ledger.mark_sending(
            [one.claimed for one in group],
            transport={one.message.message_id: lane.transport.name for one in group},
            protection={
                one.message.message_id: one.message.protection for one in group
            },
            lease_until=now + self._lease,
            now=now,
        )
        going = [one for one in group if one.message.message_id in ours]
        settlements = await asyncio.gather(
            *(self._one(lane.transport, one) for one in going)
        )
        await self._settle(settlements)
        went = {
            one.message_id
            for one in settlements
            if not did_not_go(one.delivery.outcome)
        }
        unsent = [one.message for one in group if one.message.message_id not in went]
        await lane.give_back(unsent, now)
        return list(settlements)

    async def _within_the_day(
        self, lane: Lane, group: Sequence[Ready], now: datetime
    ) -> Sequence[Ready]:
        """Those the day has room for, counted; the others wait for the next."""
        fits = await lane.take([one.message for one in group], now)
        if late := [one.claimed for one in group[fits:]]:
            await self._ledger.give_back(late, now=now, until=lane.opens_at(now))
        return group[:fits]

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        if not settlements:
            return
        try:
            await self._ledger.settle(settlements, now=self._clock())
        except StoreUnavailable:
            self._unwritten += settlements
            raise

    async def _one(self, transport: Sender, ready: Ready) -> Settlement:
        started_at = self._clock()
        outcome = await self._try(transport, ready.message)
        delivery = Delivery(
            message_id=ready.message.message_id,
            transport=transport.name,
            started_at=started_at,
            ended_at=self._clock(),
            outcome=outcome,
        )
        _log(delivery, ready.message)
        self._lanes.tell(ready.message.channel, delivery)
        return settlement(ready.claimed, delivery)

    async def _try(self, transport: Sender, message: Message) -> Outcome:
        """What the far side says, as long as the message is certainly ours.

        After the lease another node takes it for lost: an answer that came
        still later could no longer be written down.
        """
        try:
            async with asyncio.timeout(self._lease.total_seconds() * _OF_THE_LEASE):
                return await transport.send(message)
        except Exception as error:  # noqa: BLE001 - a plug-in's bug must become Uncertain
            return Uncertain(type(error).__name__)


def settlement(claimed: ClaimedMessage, delivery: Delivery) -> Settlement:
    """What follows from one try."""
    outcome = delivery.outcome
    return Settlement(
        message_id=claimed.message_id,
        fence=claimed.fence,
        delivery=delivery,
        then=after(
            outcome,
            claimed,
            delivery.ended_at,
            has_next_route=has_next_route(claimed),
        ),
        opted_out=isinstance(outcome, Rejected) and outcome.scope is Scope.OPTED_OUT,
        unprotected=isinstance(outcome, Deferred) and outcome.policy,
    )


def has_next_route(claimed: ClaimedMessage) -> bool:
    """Whether any of its reminders has an address left to try."""
    return any(
        claimed.to in reminder.routes and reminder.routes[-1] != claimed.to
        for reminder in claimed.reminders
    )


def _log(delivery: Delivery, message: Message) -> None:
    outcome = delivery.outcome
    fields = {
        "message_id": str(delivery.message_id),
        "channel": message.channel.value,
        "transport": delivery.transport,
        "outcome": type(outcome).__name__.lower(),
    }
    if isinstance(outcome, Accepted):
        log.info("sent_message", **fields)
    else:
        log.warning("did_not_send_message", code=outcome.code, **fields)
