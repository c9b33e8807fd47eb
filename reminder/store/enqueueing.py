"""Queues messages that are no reminders: a new link, the answer to a request."""

from datetime import datetime
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, func, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import NewMessage
from reminder.store.keyring import KeyRing
from reminder.store.links import count_reissued, usable_until
from reminder.store.message_rows import Draft, write_down
from reminder.store.statements import table
from reminder.store.tables import AppointmentRow

_APPOINTMENT = table(AppointmentRow)


async def enqueue(
    session: AsyncSession, ring: KeyRing, message: NewMessage, *, now: datetime
) -> UUID:
    """Queue it to go at once; its id."""
    latest = select(func.max(_APPOINTMENT.c.start_at)).where(_about(message))
    start = (await session.execute(latest)).scalar_one()
    expires_at = message.useful_until if start is None else usable_until([start])
    draft = Draft(uuid4(), message, expires_at)
    await write_down(session, ring, [draft], now=now)
    return draft.message_id


async def reissue(
    session: AsyncSession,
    ring: KeyRing,
    message: NewMessage,
    *,
    at_most: int,
    now: datetime,
) -> UUID | None:
    """Queue a new link, unless `at_most` were made for its appointments already.

    The appointments are locked first: many requests at once count one by one.
    """
    bookings = select(_APPOINTMENT.c.id).where(_about(message))
    await session.execute(bookings.order_by(_APPOINTMENT.c.id).with_for_update())
    if await count_reissued(session, message.appointments) >= at_most:
        return None
    return await enqueue(session, ring, message, now=now)


def _about(message: NewMessage) -> ColumnElement[bool]:
    booking = tuple_(
        _APPOINTMENT.c.connection,
        _APPOINTMENT.c.appointment_id,
        _APPOINTMENT.c.patient_id,
    )
    return booking.in_(message.appointments)
