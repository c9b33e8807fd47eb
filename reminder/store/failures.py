"""What follows from a report that a message did not arrive: again, or another way."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageKind, MessageState
from reminder.model.outcomes import DeliveryEvent, DeliveryState, Scope
from reminder.model.reminders import ReminderState
from reminder.model.settlements import GiveUp, NextRoute, TryAgain
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.rules.retries import after_failure
from reminder.store.giving_up import GivenUp, give_up, ways_on
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE
from reminder.store.statements import locked, table
from reminder.store.tables import DeliveryEventRow, ReminderMessageRow, ReminderRow
from reminder.store.worklist import add_entries

_EVENT = table(DeliveryEventRow)
_FULFILS = table(ReminderMessageRow)
_REMINDER = table(ReminderRow)
OF_THE_SENDER = (Scope.SENDER, Scope.ACCOUNT)
"""What IT has to put right: nothing is wrong with the patient's address."""


async def fail(
    session: AsyncSession,
    ring: KeyRing,
    row: Row[Any],
    event: DeliveryEvent,
    *,
    now: datetime,
) -> None:
    """Send a message once more, another way, or nowhere, as the report asks for."""
    then = await _then(session, ring, row, event, now)
    match then:
        case TryAgain(at):
            await _again(session, row, event, at, now)
        case NextRoute(reason) | GiveUp(reason):
            await _end(session, row, event, now)
            given_up = GivenUp(reason, next_route=isinstance(then, NextRoute))
            await give_up(session, ring, {row.id: given_up}, now=now)
    if event.scope in OF_THE_SENDER:
        entry = sender_refused(row.transport or "", row.id, event.code, now)
        await add_entries(session, [entry])


def sender_refused(
    transport: str, message_id: UUID, code: str, at: datetime
) -> WorklistEntry:
    """One entry a transport: it is not about this message, nor about a patient."""
    return WorklistEntry(
        kind=WorklistKind.SENDER_REFUSED,
        subject=transport,
        at=at,
        message_id=message_id,
        details=(f"{at.isoformat(timespec='seconds')} {transport} {code}",),
    )


async def _then(
    session: AsyncSession,
    ring: KeyRing,
    row: Row[Any],
    event: DeliveryEvent,
    now: datetime,
) -> TryAgain | NextRoute | GiveUp:
    ways = await ways_on(session, ring, row.id)
    if row.kind == MessageKind.REMINDER and not ways:
        # Its reminders were answered or withdrawn: nothing is left to say.
        return NextRoute()
    failures = (await session.execute(_failures(row.id))).scalar_one()
    return after_failure(event, row, now, failures=failures, has_next_route=any(ways))


def _failures(message_id: UUID) -> Select[Any]:
    return (
        select(func.count())
        .select_from(_EVENT)
        .where(
            _EVENT.c.message_id == message_id,
            _EVENT.c.state == DeliveryState.FAILED.value,
        )
    )


async def _again(
    session: AsyncSession,
    row: Row[Any],
    event: DeliveryEvent,
    at: datetime,
    now: datetime,
) -> None:
    """The next copy is another: it is not yet known by any name over there."""
    change = update(MESSAGE).where(MESSAGE.c.id == row.id)
    await session.execute(
        change.values(
            state=MessageState.DEFERRED.value,
            provider_id=None,
            code=event.code or None,
            next_try_at=at,
            lease_until=None,
            changed_at=now,
        )
    )
    sent = (
        select(_REMINDER.c.id)
        .join(_FULFILS, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(
            _FULFILS.c.message_id == row.id,
            _REMINDER.c.state == ReminderState.SENT.value,
        )
    )
    rows = locked(sent, _REMINDER, "sent")
    await session.execute(
        update(_REMINDER)
        .where(_REMINDER.c.id == rows.c.id)
        .values(
            state=ReminderState.IN_MESSAGE.value,
            # What did not arrive told nobody anything.
            told_at=None,
            changed_at=now,
        )
    )


async def _end(
    session: AsyncSession, row: Row[Any], event: DeliveryEvent, now: datetime
) -> None:
    change = update(MESSAGE).where(MESSAGE.c.id == row.id)
    await session.execute(
        change.values(
            state=MessageState.FAILED.value,
            provider_id=row.provider_id or event.provider_id,
            code=event.code or None,
            next_try_at=None,
            lease_until=None,
            changed_at=now,
        )
    )
