"""Keeps house: leases that ran out, messages nobody knows of, what came too late."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.composing import Composing, Ready, Spoilt
from reminder.flows.send import has_next_route
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage, Message, Recovered
from reminder.model.outcomes import Delivery, Outcome, Uncertain
from reminder.model.settlements import Settlement
from reminder.rules.retries import after_uncertain

log = structlog.get_logger()

_AT_ONCE = 8
"""How many far sides are asked at the same time."""

_RECEIPTS_EVERY = timedelta(hours=1)
"""Nobody waits for it, and it reads all messages."""


class Queue(Protocol):
    """The messages, as this chapter needs them."""

    async def recover(self, *, now: datetime) -> Recovered:
        """Take back what dead nodes held."""

    async def claim_uncertain(
        self, *, now: datetime, limit: int, lease: timedelta, node: str
    ) -> list[ClaimedMessage]:
        """Take the uncertain ones that are due to be asked about."""

    async def settle(
        self, settlements: Sequence[Settlement], /, *, now: datetime
    ) -> set[UUID]:
        """Write what became of them."""

    async def expire(self, *, now: datetime) -> int:
        """End what is no longer useful, onto the worklist."""

    async def call_unknown(self, *, now: datetime) -> int:
        """Call unknown what was sent a day ago without a receipt since."""


class Reconciling(Protocol):
    """A transport as this chapter needs it."""

    @property
    def name(self) -> str:
        """Its name in the settings."""

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        """What became of a message; None when the far side cannot know."""


@dataclass(frozen=True, slots=True)
class KeepReport:
    """What one round found."""

    requeued: int = 0
    uncertain: int = 0
    reconciled: int = 0
    expired: int = 0
    unknown: int = 0


class Keep:
    """Housekeeping; safe to run at any time and by several nodes."""

    def __init__(
        self,
        *,
        queue: Queue,
        transports: Mapping[str, Reconciling],
        composing: Composing,
        clock: Clock,
        lease: timedelta,
        node: str,
    ) -> None:
        self._queue = queue
        self._transports = transports
        self._composing = composing
        self._clock = clock
        self._lease = lease
        self._node = node
        self._receipts_at: datetime | None = None

    async def run(self) -> KeepReport:
        """One round."""
        now = self._clock()
        recovered = await self._queue.recover(now=now)
        reconciled = await self._reconcile(now)
        expired = await self._queue.expire(now=now)
        report = KeepReport(
            requeued=recovered.requeued,
            uncertain=recovered.uncertain,
            reconciled=reconciled,
            expired=expired,
            unknown=await self._receipts(now),
        )
        if report != KeepReport():
            log.info(
                "kept_house",
                requeued=report.requeued,
                uncertain=report.uncertain,
                reconciled=report.reconciled,
                expired=report.expired,
                unknown=report.unknown,
            )
        return report

    async def _receipts(self, now: datetime) -> int:
        if self._receipts_at is not None and now < self._receipts_at:
            return 0
        self._receipts_at = now + _RECEIPTS_EVERY
        return await self._queue.call_unknown(now=now)

    async def _reconcile(self, now: datetime) -> int:
        """Ask about the uncertain ones, a few at a time, each within its lease."""
        total = 0
        while claimed := await self._queue.claim_uncertain(
            now=now, limit=_AT_ONCE, lease=self._lease, node=self._node
        ):
            made = await self._composing.all(claimed)
            settlements = await asyncio.gather(*(self._ask(one) for one in made))
            await self._queue.settle(settlements, now=self._clock())
            total += len(settlements)
        return total

    async def _ask(self, made: Ready | Spoilt) -> Settlement:
        claimed, started_at = made.claimed, self._clock()
        transport = self._transports.get(claimed.transport or "")
        found = None
        if transport is not None and isinstance(made, Ready):
            since = claimed.first_tried_at or claimed.queued_at
            found = await _found(transport, made.message, since)
        now = self._clock()
        return Settlement(
            message_id=claimed.message_id,
            fence=claimed.fence,
            delivery=Delivery(
                message_id=claimed.message_id,
                transport=transport.name if transport is not None else "",
                started_at=started_at,
                ended_at=now,
                outcome=found or Uncertain("not-known-there"),
            ),
            then=after_uncertain(
                found, claimed, now, has_next_route=has_next_route(claimed)
            ),
        )


async def _found(
    transport: Reconciling, message: Message, since: datetime
) -> Outcome | None:
    try:
        return await transport.reconcile(message, since)
    except Exception as error:  # noqa: BLE001 - a plug-in's bug says nothing certain
        return Uncertain(type(error).__name__)
