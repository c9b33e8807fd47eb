"""Writes down what became of the messages of one batch."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, assert_never
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.outcomes import Accepted, Rejected
from reminder.model.settlements import (
    AwaitReport,
    GiveUp,
    NextRoute,
    Sent,
    Settlement,
    TryAgain,
)
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store import deliveries
from reminder.store.acceptance import accept
from reminder.store.addresses import open_point
from reminder.store.failures import OF_THE_SENDER, sender_refused
from reminder.store.giving_up import GivenUp, give_up
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import ENDED, MESSAGE, ours
from reminder.store.preferences import block
from reminder.store.statements import insert
from reminder.store.tables import DeliveryRow
from reminder.store.worklist import add_entries

_OPEN = (MessageState.CLAIMED, MessageState.SENDING, MessageState.UNCERTAIN)
_REPORTED = (
    MessageState.SENT,
    MessageState.DELIVERED,
    MessageState.FAILED,
    # A report may ask for another try before the first one is written down.
    MessageState.DEFERRED,
)


async def settle(
    session: AsyncSession,
    ring: KeyRing,
    settlements: Sequence[Settlement],
    *,
    now: datetime,
) -> set[UUID]:
    """Write all that follows from these tries; the messages that were still ours.

    A report may have come before the settlement. Then the report stands, and
    only the try itself is written down.
    """
    await _remember_stops(session, ring, settlements, now)
    rows = await _awaited(session, settlements)
    mine = [one for one in settlements if one.message_id in rows]
    if not mine:
        return set()
    news = [one for one in mine if rows[one.message_id].state in _OPEN]
    tries = [deliveries.to_row(one.delivery) for one in mine]
    await session.execute(insert(session, DeliveryRow), tries)
    await _move_messages(session, mine, rows, now)
    sent = {one.message_id: one.delivery.ended_at for one in news if one.then == Sent()}
    await accept(session, sent, now=now)
    await give_up(session, ring, _given_up(news), now=now)
    await add_entries(session, [_unprotected(one) for one in mine if one.unprotected])
    await add_entries(session, [_refused(one) for one in mine if _is_refused(one)])
    return set(rows)


async def _remember_stops(
    session: AsyncSession,
    ring: KeyRing,
    settlements: Sequence[Settlement],
    now: datetime,
) -> None:
    """Block the addresses that said stop, before any message is locked.

    The people at them are planned again, and everyone locks people first.
    """
    stopped = {one.message_id: one for one in settlements if one.opted_out}
    if not stopped:
        return
    query = select(MESSAGE.c.id, MESSAGE.c.sealed, MESSAGE.c.fence)
    rows = await session.execute(query.where(MESSAGE.c.id.in_(stopped)))
    codes = {
        open_point(ring, row.id, row.sealed): _code(stopped[row.id]) or ""
        for row in rows
        if row.fence == stopped[row.id].fence
    }
    await block(session, ring, codes, at=now)


async def _awaited(
    session: AsyncSession, settlements: Sequence[Settlement]
) -> dict[UUID, Row[Any]]:
    """Those that are ours and not settled yet."""
    fences = {one.message_id: one.fence for one in settlements}
    rows = await ours(session, fences, *_OPEN, *_REPORTED)
    return {one: row for one, row in rows.items() if row.claimed_by is not None}


async def _move_messages(
    session: AsyncSession,
    settlements: Sequence[Settlement],
    rows: Mapping[UUID, Row[Any]],
    now: datetime,
) -> None:
    move = (
        update(MESSAGE)
        .where(MESSAGE.c.id == bindparam("message_id"))
        .values(
            state=bindparam("becomes"),
            next_try_at=bindparam("again_at"),
            provider_id=bindparam("named"),
            code=bindparam("said"),
            uncertain_tries=bindparam("doubts"),
            changed_at=now,
            **ENDED,
        )
    )
    changes = [_change(one, rows[one.message_id]) for one in settlements]
    await session.execute(move, changes)


def _change(settlement: Settlement, row: Row[Any]) -> dict[str, Any]:
    state, again_at = _becomes(settlement, row)
    outcome = settlement.delivery.outcome
    named = outcome.provider_id if isinstance(outcome, Accepted) else None
    # Asking the far side about a message is no second sending of it.
    in_doubt = state is MessageState.UNCERTAIN and row.state == MessageState.SENDING
    return {
        "message_id": settlement.message_id,
        "becomes": state.value,
        "again_at": again_at,
        "named": named or row.provider_id,
        "said": _code(settlement),
        "doubts": row.uncertain_tries + in_doubt,
    }


def _becomes(
    settlement: Settlement, row: Row[Any]
) -> tuple[MessageState, datetime | None]:
    if row.state in _REPORTED:
        return MessageState(row.state), row.next_try_at
    match settlement.then:
        case Sent():
            return MessageState.SENT, None
        case TryAgain(at):
            return MessageState.DEFERRED, at
        case NextRoute() | GiveUp():
            return MessageState.FAILED, None
        case AwaitReport(at):
            return MessageState.UNCERTAIN, at
        case _:
            assert_never(settlement.then)


def _given_up(settlements: Sequence[Settlement]) -> dict[UUID, GivenUp]:
    given_up = {}
    for one in settlements:
        match one.then:
            case NextRoute(reason):
                given_up[one.message_id] = GivenUp(reason, next_route=True)
            case GiveUp(reason):
                given_up[one.message_id] = GivenUp(reason)
            case _:
                pass
    return given_up


def _unprotected(settlement: Settlement) -> WorklistEntry:
    """One entry a transport: it is not about this message, nor about a patient."""
    delivery = settlement.delivery
    at = delivery.ended_at.isoformat(timespec="seconds")
    return WorklistEntry(
        kind=WorklistKind.TRANSPORT_UNPROTECTED,
        subject=delivery.transport,
        at=delivery.ended_at,
        message_id=settlement.message_id,
        details=(f"{at} {delivery.transport} {_code(settlement)}",),
    )


def _is_refused(settlement: Settlement) -> bool:
    outcome = settlement.delivery.outcome
    return isinstance(outcome, Rejected) and outcome.scope in OF_THE_SENDER


def _refused(settlement: Settlement) -> WorklistEntry:
    delivery, code = settlement.delivery, _code(settlement) or ""
    return sender_refused(
        delivery.transport, settlement.message_id, code, delivery.ended_at
    )


def _code(settlement: Settlement) -> str | None:
    outcome = settlement.delivery.outcome
    return None if isinstance(outcome, Accepted) else outcome.code
