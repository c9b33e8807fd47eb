"""What happens to a message between its claim and its settlement."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Row,
    Select,
    bindparam,
    delete,
    func,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import ClaimedMessage, MessageState, Protection
from reminder.model.reasons import Reason
from reminder.model.reminders import Reminder, ReminderState
from reminder.store.message_rows import ENDED, MESSAGE, ours
from reminder.store.revisions import raise_revisions
from reminder.store.statements import locked, table
from reminder.store.tables import (
    MessageAppointmentRow,
    PersonRow,
    ReminderMessageRow,
    ReminderRow,
)

_REMINDER = table(ReminderRow)
_FULFILS = table(ReminderMessageRow)
_ABOUT = table(MessageAppointmentRow)
_PERSON = table(PersonRow)


async def put_back(
    session: AsyncSession,
    claimed: Sequence[ClaimedMessage],
    *,
    until: datetime,
    now: datetime,
    reason: Reason | None,
) -> None:
    """Queue what is still ours; with a reason its reminders are held for it."""
    messages = await _claimed_by_us(session, claimed)
    await session.execute(
        update(MESSAGE)
        .where(MESSAGE.c.id.in_(messages))
        .values(
            state=MessageState.QUEUED.value, next_try_at=until, changed_at=now, **ENDED
        )
    )
    if reason is None:
        return
    held = locked(_in(messages), _REMINDER, "held")
    await session.execute(
        update(_REMINDER)
        .where(_REMINDER.c.id == held.c.id)
        .values(state=ReminderState.HELD.value, reason=reason.value, changed_at=now)
    )


async def mark_sending(
    session: AsyncSession,
    claimed: Sequence[ClaimedMessage],
    *,
    transport: Mapping[UUID, str],
    protection: Mapping[UUID, Protection],
    lease_until: datetime,
    now: datetime,
) -> set[UUID]:
    """Write down that these are about to go; those that are still ours."""
    messages = await _claimed_by_us(session, claimed)
    if not messages:
        return set()
    mark = (
        update(MESSAGE)
        .where(MESSAGE.c.id == bindparam("message_id"))
        .values(
            state=MessageState.SENDING.value,
            transport=bindparam("by"),
            protection=bindparam("protected"),
            attempt=MESSAGE.c.attempt + 1,
            first_tried_at=func.coalesce(MESSAGE.c.first_tried_at, now),
            lease_until=lease_until,
            changed_at=now,
        )
    )
    rows = [
        {"message_id": one, "by": transport[one], "protected": protection[one].value}
        for one in messages
    ]
    await session.execute(mark, rows)
    return set(messages)


async def drop(
    session: AsyncSession,
    message: ClaimedMessage,
    reasons: Mapping[UUID, Reason],
    *,
    now: datetime,
) -> ClaimedMessage | None:
    """Withdraw these reminders; the message without them, if it is ours.

    Their people are planned again: what may not go like this may have to go
    in another way, and their last plan was made before the withdrawal.
    """
    keys = {(key.connection, key.patient_id) for key in message.appointments}
    if reasons:
        whose = tuple_(_PERSON.c.connection, _PERSON.c.patient_id).in_(keys)
        await raise_revisions(session, select(_PERSON.c.id).where(whose))
    messages = await _claimed_by_us(session, [message])
    if not messages:
        return None
    left = tuple(one for one in message.reminders if one.reminder_id not in reasons)
    await _withdraw(session, reasons, now)
    values: dict[str, Any] = {"state": MessageState.DROPPED.value, **ENDED}
    smaller = None
    if left:
        smaller = _smaller(message, left)
        values = {"useful_until": smaller.useful_until}
        await _forget(session, smaller, reasons)
    change = update(MESSAGE).where(MESSAGE.c.id == message.message_id)
    await session.execute(change.values(changed_at=now, **values))
    return smaller


async def _claimed_by_us(
    session: AsyncSession, claimed: Sequence[ClaimedMessage]
) -> dict[UUID, Row[Any]]:
    fences = {message.message_id: message.fence for message in claimed}
    return await ours(session, fences, MessageState.CLAIMED)


def _in(message_ids: Collection[UUID]) -> Select[Any]:
    """The reminders that lie in these messages."""
    return (
        select(_REMINDER.c.id)
        .join(_FULFILS, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(
            _FULFILS.c.message_id.in_(message_ids),
            _REMINDER.c.state == ReminderState.IN_MESSAGE.value,
        )
    )


async def _withdraw(
    session: AsyncSession, reasons: Mapping[UUID, Reason], now: datetime
) -> None:
    withdraw = (
        update(_REMINDER)
        .where(
            _REMINDER.c.id == bindparam("reminder_id"),
            _REMINDER.c.state == ReminderState.IN_MESSAGE.value,
        )
        .values(
            state=ReminderState.WITHDRAWN.value,
            reason=bindparam("why"),
            changed_at=now,
        )
    )
    rows = [
        {"reminder_id": reminder_id, "why": reasons[reminder_id].value}
        for reminder_id in sorted(reasons)
    ]
    if rows:
        await session.execute(withdraw, rows)


def _smaller(message: ClaimedMessage, left: tuple[Reminder, ...]) -> ClaimedMessage:
    useful = [one.useful_until for one in left if one.useful_until is not None]
    return replace(
        message,
        reminders=left,
        appointments=tuple(dict.fromkeys(one.key.appointment for one in left)),
        useful_until=max(useful, default=message.useful_until),
    )


async def _forget(
    session: AsyncSession, message: ClaimedMessage, dropped: Collection[UUID]
) -> None:
    """Make the message what it is without the reminders dropped.

    Its link no longer opens their visits, unless a copy may be out there
    already: then its reader shall still find what became of them.
    """
    await session.execute(
        delete(_FULFILS).where(
            _FULFILS.c.message_id == message.message_id,
            _FULFILS.c.reminder_id.in_(dropped),
        )
    )
    if message.first_tried_at is not None:
        return
    booking = tuple_(_ABOUT.c.connection, _ABOUT.c.appointment_id, _ABOUT.c.patient_id)
    await session.execute(
        delete(_ABOUT).where(
            _ABOUT.c.message_id == message.message_id,
            booking.not_in(message.appointments),
        )
    )
