"""Takes in what a provider reports later: repeated, out of order, or too early."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.outcomes import DeliveryEvent, DeliveryState
from reminder.store.acceptance import accept
from reminder.store.addresses import open_point
from reminder.store.failures import fail, has_failed
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE
from reminder.store.preferences import block
from reminder.store.statements import insert, table
from reminder.store.tables import DeliveryEventRow

_EVENT = table(DeliveryEventRow)
_NOT_KNOWN_AS_SENT = (
    MessageState.QUEUED,
    MessageState.CLAIMED,
    MessageState.SENDING,
    MessageState.UNCERTAIN,
    MessageState.DEFERRED,
)
_BECOMES = {
    DeliveryState.SENT: MessageState.SENT,
    DeliveryState.DELIVERED: MessageState.DELIVERED,
}


async def record_event(
    session: AsyncSession, ring: KeyRing, event: DeliveryEvent, *, now: datetime
) -> bool:
    """Whether it moved the message on; a terminal state is never left.

    Whatever we thought of the message, a report proves that the far side has
    it. The claim of a node that is just sending it stays open, so that the
    node can still write its evidence down.
    """
    if event.opted_out:
        await _remember_stop(session, ring, event, now)
    query = select(MESSAGE).where(MESSAGE.c.id == event.message_id)
    row = (await session.execute(query.with_for_update())).first()
    if row is None or not await _is_new(session, event, now):
        return False
    if not _moves_on(row, event) or await _is_overtaken(session, event):
        return False
    if event.state is DeliveryState.FAILED:
        await fail(session, ring, row, event, now=now)
    else:
        await _move(session, row, event, now)
        await accept(session, {row.id: now}, now=now)
    return True


def _moves_on(row: Row[Any], event: DeliveryEvent) -> bool:
    if event.state is DeliveryState.FAILED and _is_of_another_copy(row, event):
        return False
    if row.state in (MessageState.SENT, MessageState.UNKNOWN):
        return event.state is not DeliveryState.SENT
    return row.state in _NOT_KNOWN_AS_SENT and row.attempt > 0


def _is_of_another_copy(row: Row[Any], event: DeliveryEvent) -> bool:
    """After an uncertain try a second copy went: the failure of one is not of both."""
    return row.provider_id not in (None, event.provider_id)


async def _is_overtaken(session: AsyncSession, event: DeliveryEvent) -> bool:
    """A copy that failed was sent before: hearing so late tells nothing of the next."""
    return event.state is DeliveryState.SENT and await has_failed(session, event)


async def _is_new(session: AsyncSession, event: DeliveryEvent, now: datetime) -> bool:
    values = {
        "id": uuid4(),
        "message_id": event.message_id,
        "provider_id": event.provider_id,
        "state": event.state.value,
        "code": event.code,
        "segments": event.segments,
        "price": event.price,
        "currency": event.currency,
        "at": now,
    }
    keep = insert(session, DeliveryEventRow).on_conflict_do_nothing()
    kept = await session.execute(keep.returning(_EVENT.c.id), values)
    return kept.first() is not None


async def _move(
    session: AsyncSession, row: Row[Any], event: DeliveryEvent, now: datetime
) -> None:
    change = update(MESSAGE).where(MESSAGE.c.id == row.id)
    await session.execute(
        change.values(
            state=_BECOMES[event.state].value,
            provider_id=row.provider_id or event.provider_id,
            code=None,
            next_try_at=None,
            lease_until=None,
            changed_at=now,
        )
    )


async def _remember_stop(
    session: AsyncSession, ring: KeyRing, event: DeliveryEvent, now: datetime
) -> None:
    """Block the address before the message is locked: everyone locks people first."""
    query = select(MESSAGE.c.sealed).where(MESSAGE.c.id == event.message_id)
    cell = (await session.execute(query)).scalar_one_or_none()
    if cell is not None:
        to = open_point(ring, event.message_id, cell)
        await block(session, ring, {to: event.code}, at=now)
