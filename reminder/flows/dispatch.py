"""Sends what is due: claim, read again, decide again, compose, send, settle."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.composing import Composing, Ready
from reminder.flows.fresh import Fresh
from reminder.flows.send import Send
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.messages import ClaimedMessage
from reminder.model.people import Channel, PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.model.settlements import Sent, Settlement
from reminder.rules.again import decide_again
from reminder.rules.quiet_hours import quiet_until

log = structlog.get_logger()

_HOLD = timedelta(minutes=1)


class Queue(Protocol):
    """The messages, as this chapter needs them."""

    async def claim_due(
        self,
        *,
        channels: Collection[Channel],
        now: datetime,
        limit: int,
        lease: timedelta,
        node: str,
    ) -> list[ClaimedMessage]:
        """Take what is due; it is ours until the lease runs out."""

    async def drop(
        self,
        claimed: ClaimedMessage,
        reasons: Mapping[UUID, Reason],
        *,
        now: datetime,
    ) -> ClaimedMessage | None:
        """Take reminders out of a message; None when nothing is left."""

    async def hold(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        until: datetime,
        now: datetime,
        reason: Reason = Reason.EHR_UNAVAILABLE,
    ) -> None:
        """Put messages back until an instant, saying why."""


@dataclass(frozen=True, slots=True)
class DispatchReport:
    """What one run did."""

    sent: int = 0
    not_sent: int = 0
    held: int = 0
    dropped: int = 0
    settlements: tuple[Settlement, ...] = ()

    def __add__(self, other: "DispatchReport") -> "DispatchReport":
        return DispatchReport(
            self.sent + other.sent,
            self.not_sent + other.not_sent,
            self.held + other.held,
            self.dropped + other.dropped,
            self.settlements + other.settlements,
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
        clinics: ClinicDirectory,
        channels: Collection[Channel],
        limits: Limits,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._composing = composing
        self._fresh = fresh
        self._send = send
        self._replan = replan
        self._clinics = clinics
        self._channels = channels
        self._limits = limits
        self._clock = clock

    async def run(self) -> DispatchReport:
        """Send until nothing more is due."""
        total = DispatchReport()
        while claimed := await self._claim():
            total += await self._batch(claimed)
        return total

    async def _claim(self) -> list[ClaimedMessage]:
        return await self._queue.claim_due(
            channels=self._channels,
            now=self._clock(),
            limit=self._limits.batch,
            lease=self._limits.lease,
            node=self._limits.node,
        )

    async def _batch(self, claimed: Sequence[ClaimedMessage]) -> DispatchReport:
        now = self._clock()
        going, held = await self._confirm(claimed, now)
        people = await self._composing.people_of(going)
        ready: list[Ready] = []
        dropped = 0
        for message in going:
            kept = await self._decide(message, people, now)
            if kept is None:
                dropped += 1
            else:
                ready.append(self._composing.one(kept, people))
        settled = await self._send.run(ready)
        sent = sum(isinstance(settlement.then, Sent) for settlement in settled)
        return DispatchReport(
            sent, len(settled) - sent, len(held), dropped, tuple(settled)
        )

    async def _confirm(
        self, claimed: Sequence[ClaimedMessage], now: datetime
    ) -> tuple[list[ClaimedMessage], list[ClaimedMessage]]:
        """Those the EHR still vouches for, and those it could not be asked about."""
        keys = {key for message in claimed for key in message.appointments}
        people = await self._composing.people_of(claimed)
        stale = self._fresh.stale(keys, list(people.values()), now)
        unknown = await self._fresh.read(stale, now) if stale else set()
        if stale - unknown:
            await self._replan([key.patient for key in stale - unknown])
        held = [one for one in claimed if unknown.intersection(one.appointments)]
        if held:
            await self._queue.hold(held, until=now + _HOLD, now=now)
        going = [one for one in claimed if one not in held]
        return going, held

    async def _decide(
        self,
        message: ClaimedMessage,
        people: Mapping[PatientKey, Person],
        now: datetime,
    ) -> ClaimedMessage | None:
        """What of the message may still go; None when nothing may, or not yet."""
        reasons = {
            reminder.reminder_id: reason
            for reminder in message.reminders
            if (
                reason := decide_again(
                    reminder,
                    people[reminder.key.appointment.patient],
                    self._clinics,
                    now,
                )
            )
        }
        if Reason.QUIET_HOURS in reasons.values():
            await self._queue.hold(
                [message],
                until=quiet_until(self._clinics.by_id(message.clinic_id), now),
                now=now,
                reason=Reason.QUIET_HOURS,
            )
            return None
        if not reasons:
            return message
        log.info(
            "withdrew_reminders",
            message_id=str(message.message_id),
            reasons=sorted(set(reasons.values())),
        )
        return await self._queue.drop(message, reasons, now=now)
