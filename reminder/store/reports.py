"""Takes in a provider's report of a failure: repeated, out of order, or too early."""

from datetime import datetime
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.outcomes import DeliveryEvent
from reminder.store.addresses import open_point
from reminder.store.failures import fail
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE
from reminder.store.preferences import block
from reminder.store.report_batches import keep_new, receipt_moves_on


async def record_failure(
    session: AsyncSession, ring: KeyRing, event: DeliveryEvent, *, now: datetime
) -> bool:
    """Whether it moved the message on; a terminal state is never left."""
    if event.opted_out:
        await _remember_stop(session, ring, event, now)
    query = select(MESSAGE).where(MESSAGE.c.id == event.message_id)
    row = (await session.execute(query.with_for_update())).first()
    if row is None or not await keep_new(session, [event], now):
        return False
    moves = receipt_moves_on(row.state, row.attempt, event)
    if not moves or _is_of_another_copy(row, event):
        return False
    await fail(session, ring, row, event, now=now)
    return True


def _is_of_another_copy(row: Row[Any], event: DeliveryEvent) -> bool:
    """After an uncertain try a second copy went: the failure of one is not of both."""
    return row.provider_id not in (None, event.provider_id)


async def _remember_stop(
    session: AsyncSession, ring: KeyRing, event: DeliveryEvent, now: datetime
) -> None:
    """Block the address before the message is locked: everyone locks people first."""
    query = select(MESSAGE.c.sealed).where(MESSAGE.c.id == event.message_id)
    cell = (await session.execute(query)).scalar_one_or_none()
    if cell is not None:
        to = open_point(ring, event.message_id, cell)
        await block(session, ring, {to: event.code}, at=now)
