"""The queue of messages: what is due, whose it is, and what became of it."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from reminder.model.messages import (
    ClaimedMessage,
    MessageState,
    NewMessage,
    Protection,
    Recovered,
)
from reminder.model.outcomes import DeliveryEvent, DeliveryState
from reminder.model.people import Channel
from reminder.model.reasons import Reason
from reminder.model.reminders import ReminderState
from reminder.model.rulesets import Urgency
from reminder.model.settlements import Settlement
from reminder.store import (
    claims,
    enqueueing,
    expiry,
    leases,
    receipts,
    recovery,
    reports,
)
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE, Claim
from reminder.store.report_batches import record_receipts
from reminder.store.settlements import settle
from reminder.store.statements import among, table
from reminder.store.tables import ReminderRow

_REMINDER = table(ReminderRow)
_WENT = (MessageState.SENT, MessageState.DELIVERED, MessageState.UNKNOWN)


class MessageQueue:
    """Every message from the moment it is due; any number of nodes may share it.

    A claim is proven by its fence. Methods that end one write nothing once
    another node has claimed the message.
    """

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

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
        """At most `limit` messages on these channels, ours until the lease is over.

        First those a patient waits for, then those to be tried again, then
        new ones, the most urgent first: all reminders due for one address (of
        one clinic, template and language) become one message, even if they
        alone are more than `limit`, and those that are to go together with
        one of them come along. What is no longer useful is left to `expire`.
        On `urgent_on` only those a patient waits for are taken.
        """
        claim = Claim(node, now, now + lease)
        async with self._database.write() as session:
            return await claims.claim_due(
                session,
                self._ring,
                channels,
                claim,
                limit=limit,
                urgent_on=urgent_on,
            )

    async def claim_uncertain(
        self, *, now: datetime, limit: int, lease: timedelta, node: str
    ) -> list[ClaimedMessage]:
        """Messages that may have gone, and about which it is time to ask.

        They are settled like the others. They cannot be marked as sending:
        only a settlement makes them ready to be sent again.
        """
        claim = Claim(node, now, now + lease)
        async with self._database.write() as session:
            return await claims.claim_uncertain(session, self._ring, claim, limit=limit)

    async def drop(
        self,
        claimed: ClaimedMessage,
        reasons: Mapping[UUID, Reason],
        *,
        now: datetime,
    ) -> ClaimedMessage | None:
        """The message without these reminders, which are withdrawn for a reason each.

        None when no reminder is left in it (then it is dropped), or when it
        is no longer ours.
        """
        async with self._database.write() as session:
            return await leases.drop(session, claimed, reasons, now=now)

    async def hold(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        until: datetime,
        now: datetime,
        reason: Reason = Reason.EHR_UNAVAILABLE,
    ) -> None:
        """Put them back until then; meanwhile their reminders are held, saying why."""
        async with self._database.write() as session:
            await leases.put_back(session, claimed, until=until, now=now, reason=reason)

    async def give_back(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """Put them back for anyone to take at once, or from `until` on.

        For a node that shuts down, or has no room for them.
        """
        async with self._database.write() as session:
            await leases.put_back(
                session, claimed, until=until or now, now=now, reason=None
            )

    async def mark_sending(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        transport: Mapping[UUID, str],
        protection: Mapping[UUID, Protection],
        lease_until: datetime,
        now: datetime,
    ) -> set[UUID]:
        """Commit that these are about to go; only those returned may be sent.

        From here on a lease that runs out makes a message uncertain.
        """
        async with self._database.write() as session:
            return await leases.mark_sending(
                session,
                claimed,
                transport=transport,
                protection=protection,
                lease_until=lease_until,
                now=now,
            )

    async def settle(
        self, settlements: Sequence[Settlement], *, now: datetime
    ) -> set[UUID]:
        """Write what became of them and all that follows; those that were ours.

        A node whose lease ran out may still settle until another has claimed
        the message: what it was told is the truth, and saves a second copy.
        """
        async with self._database.write() as session:
            return await settle(session, self._ring, settlements, now=now)

    async def recover(self, *, now: datetime) -> Recovered:
        """Take back what nodes held whose lease ran out.

        What they had not begun to send is queued again; what they had is
        uncertain, and to be asked about a little later.
        """
        async with self._database.write() as session:
            requeued = await recovery.requeue(session, now)
            return Recovered(requeued, await recovery.doubt(session, now))

    async def enqueue(self, message: NewMessage, *, now: datetime) -> UUID:
        """Have a message go at once, ahead of all reminders; its id."""
        async with self._database.write() as session:
            return await enqueueing.enqueue(session, self._ring, message, now=now)

    async def reissue(
        self, message: NewMessage, *, at_most: int, now: datetime
    ) -> UUID | None:
        """As `enqueue`, for a new link; None when its appointments had `at_most`.

        Safe against any number of requests at the same time.
        """
        async with self._database.write() as session:
            return await enqueueing.reissue(
                session, self._ring, message, at_most=at_most, now=now
            )

    async def record_event(self, event: DeliveryEvent, *, now: datetime) -> bool:
        """Take in a later report; False when it told nothing new.

        Reports only move a message forward, the first terminal one wins, and
        a failure sends its reminders another way.
        """
        [is_news] = await self.record_events([event], now=now)
        return is_news

    async def record_events(
        self, events: Sequence[DeliveryEvent], *, now: datetime
    ) -> list[bool]:
        """As `record_event`, for many at once; an answer for each, in their order.

        All receipts are one transaction. Each failure, which changes what is
        planned for people, is one of its own.
        """
        failed = [one.state is DeliveryState.FAILED for one in events]
        receipts = [
            one for one, is_one in zip(events, failed, strict=True) if not is_one
        ]
        news = iter(await self._record_receipts(receipts, now))
        return [
            await self._record_failure(one, now) if is_one else next(news)
            for one, is_one in zip(events, failed, strict=True)
        ]

    async def expire(self, *, now: datetime) -> int:
        """End whatever waits although it is no longer useful; how many.

        In pieces, each a transaction: after a long outage there may be many,
        and nobody should wait for all of them.
        """
        total = 0
        while ended := await self._expire_some(now):
            total += ended
        return total

    async def call_unknown(self, *, now: datetime, piece: int = 500) -> int:
        """Call unknown the text messages a day old without a receipt; how many.

        In pieces, each a transaction, so that nobody waits for all of them.
        What another node changes at the same moment is left to the next round.
        """
        total = 0
        while True:
            async with self._database.read() as session:
                silent = await receipts.silent(session, now, limit=piece)
            if not silent:
                return total
            async with self._database.write() as session:
                changed = await receipts.call_unknown(session, silent, now)
            if not changed:
                return total
            total += changed

    async def next_due_at(self) -> datetime | None:
        """When the next message or reminder is due; None when nothing waits.

        It may lie in the past: what nobody can send is due until it expires.
        """
        waiting = among(MESSAGE.c.state, MessageState.QUEUED, MessageState.DEFERRED)
        uncertain = among(MESSAGE.c.state, MessageState.UNCERTAIN)
        planned = among(_REMINDER.c.state, ReminderState.PLANNED)
        firsts = (
            select(func.min(MESSAGE.c.next_try_at)).where(waiting),
            select(func.min(MESSAGE.c.next_try_at)).where(uncertain),
            # One each: the index is ordered by time only within an urgency.
            *(
                select(func.min(_REMINDER.c.due_at)).where(
                    planned, _REMINDER.c.urgency == urgency.value
                )
                for urgency in Urgency
            ),
        )
        async with self._database.read() as session:
            query = select(*(first.scalar_subquery() for first in firsts))
            row = (await session.execute(query)).one()
        return min((instant for instant in row if instant is not None), default=None)

    async def counts(self) -> dict[MessageState, int]:
        """How many messages there are in each state that has any."""
        query = select(MESSAGE.c.state, func.count()).group_by(MESSAGE.c.state)
        async with self._database.read() as session:
            rows = await session.execute(query)
            return {MessageState(state): count for state, count in rows}

    async def sent_by(self) -> dict[tuple[Channel, Protection], int]:
        """How many messages the far side took and holds for sent, by what way."""
        went = among(MESSAGE.c.state, *_WENT)
        way = (MESSAGE.c.channel, MESSAGE.c.protection)
        query = select(*way, func.count()).where(went).group_by(*way)
        async with self._database.read() as session:
            rows = await session.execute(query)
            return {
                (Channel(channel), Protection(protection)): count
                for channel, protection, count in rows
            }

    async def _record_receipts(
        self, events: Sequence[DeliveryEvent], now: datetime
    ) -> list[bool]:
        if not events:
            return []
        async with self._database.write() as session:
            return await record_receipts(session, events, now=now)

    async def _record_failure(self, event: DeliveryEvent, now: datetime) -> bool:
        async with self._database.write() as session:
            return await reports.record_failure(session, self._ring, event, now=now)

    async def _expire_some(self, now: datetime) -> int:
        async with self._database.write() as session:
            messages = await expiry.expire_messages(session, self._ring, now)
            return messages + await expiry.expire_reminders(session, now)
