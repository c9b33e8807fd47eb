"""Calls unknown what was sent by text message a day ago and never reported on."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.people import Channel
from reminder.store.message_rows import MESSAGE
from reminder.store.statements import claimed

_COME_WITHIN = timedelta(days=1)


async def silent(session: AsyncSession, now: datetime, *, limit: int) -> Sequence[UUID]:
    """Some text messages sent a day ago without a receipt since.

    E-mail has no receipts, and stays sent. This reads the whole table: it is
    for a session that only reads, and not for every round.
    """
    query = select(MESSAGE.c.id).where(
        MESSAGE.c.state == MessageState.SENT.value,
        MESSAGE.c.channel == Channel.SMS.value,
        MESSAGE.c.changed_at <= now - _COME_WITHIN,
    )
    return (await session.execute(query.limit(limit))).scalars().all()


async def call_unknown(
    session: AsyncSession, message_ids: Sequence[UUID], now: datetime
) -> int:
    """Of these, how many are still just sent, and now unknown.

    Their reminders stay sent: the far side took them. A late receipt still
    moves a message on.
    """
    sent = select(MESSAGE.c.id).where(
        MESSAGE.c.id.in_(message_ids), MESSAGE.c.state == MessageState.SENT.value
    )
    some = claimed(sent, MESSAGE, "silent")
    change = (
        update(MESSAGE)
        .where(MESSAGE.c.id == some.c.id)
        .values(state=MessageState.UNKNOWN.value, changed_at=now)
        .returning(MESSAGE.c.id)
    )
    return len((await session.execute(change)).all())
