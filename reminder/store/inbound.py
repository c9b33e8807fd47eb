"""Keeps what patients sent back: once, sealed, until somebody is done with it."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.inbound import Inbound, KeptReply, Wish
from reminder.model.people import ContactPoint
from reminder.model.replies import Correspondent, Deed, PendingReply
from reminder.store import enqueueing, questions
from reminder.store.addresses import address_index, from_cell, to_cell
from reminder.store.correspondents import correspondent
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import block, unblock
from reminder.store.sealing import Sealer
from reminder.store.statements import insert, table
from reminder.store.tables import InboundRow
from reminder.store.worklist import add_entries

_INBOUND = table(InboundRow)
_PENDING = ""
"""The `wish` of a reply that nothing was done about yet."""
_MOST_CHARACTERS = 4000


class InboundStore:
    """Replies: kept first, acted on afterwards, and read by a human where needed."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring
        self._sealer = Sealer(ring, "inbound")

    async def add(self, inbound: Inbound, *, at: datetime) -> bool:
        """Keep it; False when this very reply was kept before."""
        row_id, point = uuid4(), inbound.from_point
        text = inbound.text[:_MOST_CHARACTERS].encode(errors="replace").decode()
        row = {
            "id": row_id,
            "transport": inbound.transport,
            "provider_id": inbound.provider_id,
            "channel": point.channel.value,
            "address_index": address_index(self._ring, point),
            "wish": _PENDING,
            "received_at": at,
            "sealed": self._sealer.seal(
                row_id,
                {"from": to_cell(point), "to": inbound.sender_id, "text": text},
            ),
        }
        async with self._database.write() as session:
            once = insert(session, InboundRow).on_conflict_do_nothing()
            kept = await session.execute(once.returning(_INBOUND.c.id), row)
            return kept.first() is not None

    async def pending(self, *, limit: int) -> list[PendingReply]:
        """What nothing was done about yet, in the order it came."""
        query = (
            select(_INBOUND)
            .where(_INBOUND.c.done_at.is_(None), _INBOUND.c.wish == _PENDING)
            .order_by(_INBOUND.c.received_at, _INBOUND.c.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return [self._pending(row) for row in rows]

    async def correspondent(
        self, point: ContactPoint, *, now: datetime
    ) -> Correspondent:
        """All that is kept about a number."""
        async with self._database.read() as session:
            return await correspondent(session, self._ring, point, now=now)

    async def settle(self, reply: PendingReply, deed: Deed, *, now: datetime) -> bool:
        """Write what follows from a reply; False when somebody was faster.

        Its answer is queued in the same transaction: there is one, or none.
        """
        async with self._database.write() as session:
            settled = await session.execute(_settle(reply, deed, now))
            if settled.first() is None:
                return False
            await self._follow(session, reply.from_point, deed, now)
        return True

    async def open(self, *, limit: int = 1000) -> list[KeptReply]:
        """What a human has to read, the oldest first."""
        query = (
            select(_INBOUND)
            .where(_INBOUND.c.done_at.is_(None), _INBOUND.c.wish != _PENDING)
            .order_by(_INBOUND.c.received_at, _INBOUND.c.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return [self._kept(row) for row in rows]

    async def done(self, reply_id: UUID, *, at: datetime) -> bool:
        """Somebody has read it; False when there is no such open reply."""
        read = update(_INBOUND).where(
            _INBOUND.c.id == reply_id,
            _INBOUND.c.done_at.is_(None),
            _INBOUND.c.wish != _PENDING,
        )
        async with self._database.write() as session:
            done = await session.execute(
                read.values(done_at=at).returning(_INBOUND.c.id)
            )
            return done.first() is not None

    async def _follow(
        self, session: AsyncSession, point: ContactPoint, deed: Deed, now: datetime
    ) -> None:
        if deed.stop:
            await block(session, self._ring, {point: deed.stop}, at=now)
        if deed.starts:
            await unblock(session, self._ring, point)
        if deed.asking is not None:
            await questions.ask(session, self._ring, deed.asking)
        elif deed.wish is Wish.WHICH:
            await questions.forget(session, self._ring, point)
        await add_entries(session, deed.entries)
        if deed.answer is not None:
            await enqueueing.enqueue(session, self._ring, deed.answer, now=now)

    def _pending(self, row: Row[Any]) -> PendingReply:
        cell = self._sealer.open(row.id, row.sealed)
        return PendingReply(
            reply_id=row.id,
            transport=row.transport,
            from_point=from_cell(cell["from"]),
            text=cell["text"],
            received_at=row.received_at,
        )

    def _kept(self, row: Row[Any]) -> KeptReply:
        cell, about = self._sealer.open(row.id, row.sealed), None
        if row.appointment_id is not None:
            about = AppointmentKey(row.connection, row.appointment_id, row.patient_id)
        return KeptReply(
            reply_id=row.id,
            from_point=from_cell(cell["from"]),
            wish=Wish(row.wish),
            received_at=row.received_at,
            text=cell["text"],
            clinic_id=row.clinic_id,
            appointment=about,
            done_at=row.done_at,
        )


def _settle(reply: PendingReply, deed: Deed, now: datetime) -> Update:
    connection, appointment_id, patient_id = deed.appointment or (None, None, None)
    pending = (_INBOUND.c.id == reply.reply_id) & (_INBOUND.c.wish == _PENDING)
    return (
        update(_INBOUND)
        .where(pending)
        .values(
            wish=deed.wish.value,
            clinic_id=deed.clinic_id,
            connection=connection,
            appointment_id=appointment_id,
            patient_id=patient_id,
            done_at=now if deed.is_done else None,
        )
        .returning(_INBOUND.c.id)
    )
