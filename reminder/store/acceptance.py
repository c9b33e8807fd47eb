"""What follows when the far side has a message: reminders sent, the EHR to be told."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.answers import WriteBackKind, WriteBackState
from reminder.model.reminders import ReminderState
from reminder.store.statements import insert, locked, table
from reminder.store.tables import (
    MessageAppointmentRow,
    MessageRow,
    ReminderMessageRow,
    ReminderRow,
    WriteBackRow,
)

_ABOUT = table(MessageAppointmentRow)
_FULFILS = table(ReminderMessageRow)
_MESSAGE = table(MessageRow)
_REMINDER = table(ReminderRow)
_UNDER_WAY = (ReminderState.IN_MESSAGE.value, ReminderState.HELD.value)


async def accept(
    session: AsyncSession, sent_at: Mapping[UUID, datetime], *, now: datetime
) -> None:
    """These messages were sent, each at its instant; repeated, it changes nothing."""
    if not sent_at:
        return
    await _reminders_sent(session, sent_at, now)
    communications = await _communications(session, sent_at, now)
    if communications:
        new = insert(session, WriteBackRow).on_conflict_do_nothing()
        await session.execute(new, communications)


async def _reminders_sent(
    session: AsyncSession, messages: Mapping[UUID, object], now: datetime
) -> None:
    under_way = (
        select(_REMINDER.c.id, _FULFILS.c.message_id)
        .join(_FULFILS, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(_FULFILS.c.message_id.in_(messages), _REMINDER.c.state.in_(_UNDER_WAY))
    )
    rows = locked(under_way, _REMINDER, "under_way")
    await session.execute(
        update(_REMINDER)
        .where(_REMINDER.c.id == rows.c.id)
        .values(
            state=ReminderState.SENT.value,
            reason=None,
            message_id=rows.c.message_id,
            told_at=now,
            changed_at=now,
        )
    )


async def _communications(
    session: AsyncSession, sent_at: Mapping[UUID, datetime], now: datetime
) -> list[dict[str, Any]]:
    query = (
        select(_MESSAGE.c.channel, _MESSAGE.c.template, *_ABOUT.c)
        .join(_ABOUT, _ABOUT.c.message_id == _MESSAGE.c.id)
        .where(_MESSAGE.c.id.in_(sent_at))
    )
    rows = await session.execute(query)
    return [_communication(row, sent_at[row.message_id], now) for row in rows]


def _communication(row: Row[Any], sent_at: datetime, now: datetime) -> dict[str, Any]:
    about = f"{row.connection}/{row.appointment_id}/{row.patient_id}"
    return {
        "id": uuid5(row.message_id, about),
        "kind": WriteBackKind.COMMUNICATION.value,
        "state": WriteBackState.WAITING.value,
        "connection": row.connection,
        "appointment_id": row.appointment_id,
        "patient_id": row.patient_id,
        "answer_id": None,
        "message_id": row.message_id,
        "channel": row.channel,
        "template": row.template,
        "sent_at": sent_at,
        "slot_ids": "",
        "slot_start_at": None,
        "attempt": 0,
        "created_at": now,
        "next_try_at": now,
        "fence": 0,
    }
