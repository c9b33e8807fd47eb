"""Takes back the messages of nodes whose lease ran out."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import CTE, Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.outcomes import Delivery, Uncertain
from reminder.store import deliveries
from reminder.store.message_rows import ENDED, MESSAGE
from reminder.store.statements import among, claimed, insert
from reminder.store.tables import DeliveryRow

RECONCILE_AFTER = timedelta(minutes=3)
"""How long a report may take before the far side is asked about a message."""

_LEASE_RAN_OUT = "lease-ran-out"


async def requeue(session: AsyncSession, now: datetime) -> int:
    """Queue again what was claimed, and certainly not sent; how many."""
    lost = _ran_out(MessageState.CLAIMED, now)
    again = (
        update(MESSAGE)
        .where(MESSAGE.c.id == lost.c.id)
        .values(
            state=MessageState.QUEUED.value, next_try_at=now, changed_at=now, **ENDED
        )
        .returning(MESSAGE.c.id)
    )
    return len((await session.execute(again)).all())


async def doubt(session: AsyncSession, now: datetime) -> int:
    """Call uncertain what was being sent when its lease ran out; how many.

    The fence and `claimed_by` stay: until another node takes the message up,
    the one that sent it may still come to say what it was told.
    """
    lost = _ran_out(MessageState.SENDING, now)
    uncertain = (
        update(MESSAGE)
        .where(MESSAGE.c.id == lost.c.id)
        .values(
            state=MessageState.UNCERTAIN.value,
            uncertain_tries=MESSAGE.c.uncertain_tries + 1,
            next_try_at=now + RECONCILE_AFTER,
            lease_until=None,
            code=_LEASE_RAN_OUT,
        )
        .returning(MESSAGE.c.id, MESSAGE.c.transport, MESSAGE.c.changed_at)
    )
    rows = (await session.execute(uncertain)).all()
    if rows:
        tries = [_lost_try(row, now) for row in rows]
        await session.execute(insert(session, DeliveryRow), tries)
    return len(rows)


def _ran_out(state: MessageState, now: datetime) -> CTE:
    # SQLite uses a partial index only if its condition stands there word by word.
    under_lease = among(MESSAGE.c.state, MessageState.CLAIMED, MessageState.SENDING)
    lost = (MESSAGE.c.state == state.value) & (MESSAGE.c.lease_until <= now)
    return claimed(select(MESSAGE.c.id).where(under_lease, lost), MESSAGE, "lost")


def _lost_try(row: Row[Any], now: datetime) -> dict[str, Any]:
    return deliveries.to_row(
        Delivery(
            message_id=row.id,
            transport=row.transport,
            started_at=row.changed_at,
            ended_at=now,
            outcome=Uncertain(_LEASE_RAN_OUT),
        )
    )
