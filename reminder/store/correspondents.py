"""Knows what a number was told, who can be reached there, and what it wrote."""

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.inbound import Wish
from reminder.model.people import ContactPoint, PatientKey
from reminder.model.replies import Correspondent, ToldMessage
from reminder.store.addresses import address_index
from reminder.store.keyring import KeyRing
from reminder.store.preferences import blocked
from reminder.store.questions import asked
from reminder.store.reminder_rows import appointment_key
from reminder.store.statements import table
from reminder.store.tables import (
    InboundRow,
    MessageAppointmentRow,
    PersonAddressRow,
    PersonRow,
    ReminderRow,
)

TOLD_WITHIN = timedelta(days=35)
"""A reply is about what was said no longer ago; a month's reminder and its week."""

_MOST_PATIENTS = 50
_ADDRESS = table(PersonAddressRow)
_PERSON = table(PersonRow)
_REMINDER = table(ReminderRow)
_ABOUT = table(MessageAppointmentRow)
_INBOUND = table(InboundRow)


async def correspondent(
    session: AsyncSession, ring: KeyRing, point: ContactPoint, *, now: datetime
) -> Correspondent:
    """All that is kept about the number."""
    index = address_index(ring, point)
    asking = await asked(session, ring, point, now)
    return Correspondent(
        told=await _told(session, index, now),
        patients=await _patients(session, index),
        is_stopped=bool(await blocked(session, ring, [point])),
        recent=await _count(session, index, now - timedelta(hours=1)),
        words=await _count(session, index, now - timedelta(days=1), Wish.OTHER),
        question=asking.question if asking else None,
        starts=asking.starts if asking else (),
    )


async def _told(
    session: AsyncSession, index: bytes, now: datetime
) -> tuple[ToldMessage, ...]:
    query = select(
        _REMINDER.c.message_id,
        _REMINDER.c.clinic_id,
        _REMINDER.c.language,
        _REMINDER.c.told_at,
    ).where(_REMINDER.c.address_index == index, _REMINDER.c.told_at > now - TOLD_WITHIN)
    rows = {row.message_id: row for row in await session.execute(query)}
    about = await _about(session, rows)
    told = (
        ToldMessage(
            message_id=message_id,
            clinic_id=row.clinic_id,
            language=row.language,
            told_at=row.told_at,
            appointments=tuple(sorted(about[message_id])),
        )
        for message_id, row in rows.items()
        if message_id is not None
    )
    newest_first = sorted(told, key=lambda one: one.told_at, reverse=True)
    return tuple(newest_first)


async def _about(
    session: AsyncSession, messages: Collection[UUID]
) -> dict[UUID, set[AppointmentKey]]:
    """What each is about: also the visits that theirs were booked anew as."""
    query = select(_ABOUT).where(_ABOUT.c.message_id.in_(messages))
    about: dict[UUID, set[AppointmentKey]] = defaultdict(set)
    for row in await session.execute(query):
        about[row.message_id].add(appointment_key(row))
    return about


async def _patients(session: AsyncSession, index: bytes) -> tuple[PatientKey, ...]:
    query = (
        select(_PERSON.c.connection, _PERSON.c.patient_id)
        .join(_ADDRESS, _ADDRESS.c.person_id == _PERSON.c.id)
        .where(_ADDRESS.c.address_index == index)
        .order_by(_PERSON.c.connection, _PERSON.c.patient_id)
        .limit(_MOST_PATIENTS)
    )
    return tuple(PatientKey(*row) for row in await session.execute(query))


async def _count(
    session: AsyncSession, index: bytes, since: datetime, *wishes: Wish
) -> int:
    query = select(func.count()).where(
        _INBOUND.c.address_index == index,
        _INBOUND.c.received_at > since,
        _INBOUND.c.wish != "",
    )
    if wishes:
        query = query.where(_INBOUND.c.wish.in_(wishes))
    count: int = (await session.execute(query)).scalar_one()
    return count
