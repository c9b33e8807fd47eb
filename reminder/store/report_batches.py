"""Takes in many reports in one transaction: thousands a minute come of one campaign."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.outcomes import DeliveryEvent, DeliveryState
from reminder.store.acceptance import accept
from reminder.store.message_rows import MESSAGE
from reminder.store.statements import insert, one_of, table
from reminder.store.tables import DeliveryEventRow

_EVENT = table(DeliveryEventRow)
_KEY = (_EVENT.c.message_id, _EVENT.c.provider_id, _EVENT.c.state)
_ACCEPTED = (MessageState.SENT, MessageState.UNKNOWN)
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


async def record_receipts(
    session: AsyncSession, events: Sequence[DeliveryEvent], *, now: datetime
) -> list[bool]:
    """Of reports that a message was sent or delivered, which moved it on.

    Whatever we thought of a message, a report proves that the far side has
    it. The claim of a node that is just sending it stays open, so that the
    node can still write its evidence down.
    """
    rows = await _locked(session, {event.message_id for event in events})
    new = await keep_new(
        session, [one for one in events if one.message_id in rows], now
    )
    failed = await _failed_copies(session, rows.values())
    moved: dict[UUID, DeliveryEvent] = {}
    named: dict[UUID, str] = {}
    news = []
    for event in events:
        moves = _key(event) in new and _moves_on(rows, moved, failed, event)
        new.discard(_key(event))
        if moves:
            moved[event.message_id] = event
            named.setdefault(event.message_id, event.provider_id)
        news.append(moves)
    await _move(session, rows, moved, named, now)
    return news


async def keep_new(
    session: AsyncSession, events: Iterable[DeliveryEvent], now: datetime
) -> set[tuple[UUID, str, str]]:
    """Keep these reports, each once; message, provider's name and state of the new."""
    values = {_key(event): _to_row(event, now) for event in events}
    if not values:
        return set()
    keep = insert(session, DeliveryEventRow).on_conflict_do_nothing()
    kept = await session.execute(keep.returning(*_KEY), list(values.values()))
    return {(row.message_id, row.provider_id, row.state) for row in kept}


def receipt_moves_on(state: str, attempt: int, event: DeliveryEvent) -> bool:
    """Whether this report tells more of a message than its state says."""
    if state in _ACCEPTED:
        return event.state is not DeliveryState.SENT
    return state in _NOT_KNOWN_AS_SENT and attempt > 0


async def _locked(
    session: AsyncSession, message_ids: Collection[UUID]
) -> dict[UUID, Row[Any]]:
    query = select(MESSAGE).where(one_of(session, MESSAGE.c.id, sorted(message_ids)))
    rows = await session.execute(query.order_by(MESSAGE.c.id).with_for_update())
    return {row.id: row for row in rows}


async def _failed_copies(
    session: AsyncSession, rows: Iterable[Row[Any]]
) -> set[tuple[UUID, str]]:
    """Copies that were sent, failed, and have another one on its way."""
    waiting = [row.id for row in rows if row.state in _NOT_KNOWN_AS_SENT]
    if not waiting:
        return set()
    query = select(*_KEY).where(
        one_of(session, _EVENT.c.message_id, waiting),
        _EVENT.c.state == DeliveryState.FAILED.value,
    )
    found = await session.execute(query)
    return {(row.message_id, row.provider_id) for row in found}


def _moves_on(
    rows: dict[UUID, Row[Any]],
    moved: dict[UUID, DeliveryEvent],
    failed: set[tuple[UUID, str]],
    event: DeliveryEvent,
) -> bool:
    row, before = rows[event.message_id], moved.get(event.message_id)
    if event.state is DeliveryState.SENT and (row.id, event.provider_id) in failed:
        return False
    state = row.state if before is None else _BECOMES[before.state]
    return receipt_moves_on(state, row.attempt, event)


async def _move(
    session: AsyncSession,
    rows: dict[UUID, Row[Any]],
    moved: dict[UUID, DeliveryEvent],
    named: dict[UUID, str],
    now: datetime,
) -> None:
    if not moved:
        return
    change = (
        update(MESSAGE)
        .where(MESSAGE.c.id == bindparam("moved_id"))
        .values(
            state=bindparam("becomes"),
            provider_id=bindparam("named"),
            code=None,
            next_try_at=None,
            lease_until=None,
            changed_at=now,
        )
    )
    changes = [
        {
            "moved_id": one,
            "becomes": _BECOMES[event.state].value,
            "named": rows[one].provider_id or named[one],
        }
        for one, event in moved.items()
    ]
    await session.execute(change, changes)
    # What was taken for sent before was accepted then.
    first = {one: now for one in moved if rows[one].state not in _ACCEPTED}
    await accept(session, first, now=now)


def _key(event: DeliveryEvent) -> tuple[UUID, str, str]:
    return event.message_id, event.provider_id, event.state.value


def _to_row(event: DeliveryEvent, now: datetime) -> dict[str, Any]:
    return {
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
