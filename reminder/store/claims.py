"""Takes messages for one node, under a lease."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage, MessageKind, MessageState
from reminder.model.people import Channel
from reminder.model.reminders import Reminder, ReminderState
from reminder.store.forming import form
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE, Claim, to_claimed
from reminder.store.reminder_rows import appointment_key, to_reminder
from reminder.store.statements import among, claimed, constant, locked, table
from reminder.store.tables import (
    MessageAppointmentRow,
    ReminderMessageRow,
    ReminderRow,
)

_REMINDER = table(ReminderRow)
_FULFILS = table(ReminderMessageRow)
_ABOUT = table(MessageAppointmentRow)


async def claim_due(
    session: AsyncSession,
    ring: KeyRing,
    channels: Collection[Channel],
    claim: Claim,
    *,
    limit: int,
    urgent_on: Collection[Channel] = (),
) -> list[ClaimedMessage]:
    """What a patient waits for, then what waits to be tried, then new reminders.

    On `urgent_on` only the first of these.
    """
    due = (
        among(MESSAGE.c.state, MessageState.QUEUED, MessageState.DEFERRED)
        & (MESSAGE.c.next_try_at <= claim.now)
        & (MESSAGE.c.useful_until > claim.now)
    )
    waiting = due & MESSAGE.c.channel.in_(_values(channels))
    urgent = due & MESSAGE.c.channel.in_(_values([*channels, *urgent_on]))
    urgent &= MESSAGE.c.kind != constant(MessageKind.REMINDER)
    rows: list[Row[Any]] = []
    for condition in (urgent, waiting):
        if room := limit - len(rows):
            rows += await _take(
                session, condition, claim, room, state=MessageState.CLAIMED.value
            )
    queued = await _load(session, ring, rows, claim.now)
    room = limit - len(rows)
    if not room or not channels:
        return queued
    return queued + await form(session, ring, channels, claim, limit=room)


def _values(channels: Collection[Channel]) -> list[str]:
    return [channel.value for channel in channels]


async def claim_uncertain(
    session: AsyncSession, ring: KeyRing, claim: Claim, *, limit: int
) -> list[ClaimedMessage]:
    """Uncertain messages about which the far side is to be asked now.

    They stay uncertain while they are claimed: if this node dies too, they
    are asked about again once its lease is over, and never simply sent.
    """
    state = among(MESSAGE.c.state, MessageState.UNCERTAIN)
    due = state & (MESSAGE.c.next_try_at <= claim.now)
    rows = await _take(session, due, claim, limit, next_try_at=claim.until)
    return await _load(session, ring, rows, claim.now)


async def _take(
    session: AsyncSession,
    condition: ColumnElement[bool],
    claim: Claim,
    limit: int,
    **values: object,
) -> list[Row[Any]]:
    due = select(MESSAGE.c.id).where(condition).order_by(MESSAGE.c.next_try_at)
    taken = claimed(due.limit(limit), MESSAGE, "due")
    take = (
        update(MESSAGE)
        .where(MESSAGE.c.id == taken.c.id)
        .values(
            fence=MESSAGE.c.fence + 1,
            lease_until=claim.until,
            claimed_by=claim.node,
            changed_at=claim.now,
            **values,
        )
        .returning(*MESSAGE.c)
    )
    rows = await session.execute(take)
    return sorted(rows, key=lambda row: (row.next_try_at, row.id))


async def _load(
    session: AsyncSession, ring: KeyRing, rows: Sequence[Row[Any]], now: datetime
) -> list[ClaimedMessage]:
    if not rows:
        return []
    message_ids = [row.id for row in rows]
    await _take_up(session, message_ids, now)
    reminders = await _reminders(session, ring, message_ids)
    about = await _about(session, message_ids)
    return [
        to_claimed(ring, row, about.get(row.id, []), reminders.get(row.id, []))
        for row in rows
    ]


async def _take_up(
    session: AsyncSession, message_ids: Sequence[UUID], now: datetime
) -> None:
    """What was held goes on."""
    held = (
        select(_REMINDER.c.id)
        .join(_FULFILS, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(
            _FULFILS.c.message_id.in_(message_ids),
            _REMINDER.c.state == ReminderState.HELD.value,
        )
    )
    rows = locked(held, _REMINDER, "held")
    await session.execute(
        update(_REMINDER)
        .where(_REMINDER.c.id == rows.c.id)
        .values(state=ReminderState.IN_MESSAGE.value, reason=None, changed_at=now)
    )


async def _reminders(
    session: AsyncSession, ring: KeyRing, message_ids: Sequence[UUID]
) -> dict[UUID, list[Reminder]]:
    query = (
        select(_FULFILS.c.message_id.label("claimed_id"), *_REMINDER.c)
        .join(_REMINDER, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(
            _FULFILS.c.message_id.in_(message_ids),
            _REMINDER.c.state == ReminderState.IN_MESSAGE.value,
        )
        .order_by(_REMINDER.c.start_at, _REMINDER.c.id)
    )
    found: dict[UUID, list[Reminder]] = {}
    for row in await session.execute(query):
        found.setdefault(row.claimed_id, []).append(to_reminder(ring, row))
    return found


async def _about(
    session: AsyncSession, message_ids: Sequence[UUID]
) -> dict[UUID, list[AppointmentKey]]:
    query = select(_ABOUT).where(_ABOUT.c.message_id.in_(message_ids))
    found: dict[UUID, list[AppointmentKey]] = {}
    for row in await session.execute(query.order_by(*_ABOUT.c)):
        found.setdefault(row.message_id, []).append(appointment_key(row))
    return found
