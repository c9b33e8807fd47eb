"""Keeps the link of each message: its token as a keyed hash, and its tries."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Select,
    exists,
    func,
    literal,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.messages.links import link_token
from reminder.model.answers import Link
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import MessageKind, MessageState
from reminder.model.people import Channel
from reminder.store.addresses import open_point
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.reminder_rows import appointment_key
from reminder.store.statements import insert, table
from reminder.store.tables import (
    AnswerRow,
    AppointmentRow,
    LinkRow,
    MessageAppointmentRow,
    MessageRow,
)

TRIES = 5
"""How many dates of birth one link takes; a sixth is not looked at."""

_USABLE_AFTER_START = timedelta(hours=24)
_ANSWER = table(AnswerRow)
_APPOINTMENT = table(AppointmentRow)
_LINK = table(LinkRow)
_ABOUT = table(MessageAppointmentRow)
_MESSAGE = table(MessageRow)
_HELD = [
    state.value
    for state in (
        MessageState.UNCERTAIN,
        MessageState.DEFERRED,
        MessageState.SENT,
        MessageState.DELIVERED,
        MessageState.UNKNOWN,
        MessageState.FAILED,
    )
]
"""The states of a message whose link a patient may hold."""


class LinkStore:
    """What the links that patients hold open."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

    async def find(self, token: str) -> Link | None:
        """The link with this token, used up and expired ones too; None if unknown."""
        found = _LINK.c.token_index == self._ring.index("link", token)
        return await self._link(_links().where(found))

    async def link(self, message_id: UUID) -> Link | None:
        """The link of this message."""
        return await self._link(_links().where(_LINK.c.message_id == message_id))

    async def of_answer(self, answer_id: UUID) -> Link | None:
        """The link by which this answer came."""
        answer = select(_ANSWER.c.message_id).where(_ANSWER.c.id == answer_id)
        return await self._link(
            _links().where(_LINK.c.message_id == answer.scalar_subquery())
        )

    async def take_try(self, message_id: UUID) -> bool:
        """Use up one try, before the date is looked at; False when none is left.

        One conditional UPDATE: read first and written later, parallel guesses
        would pass the limit together.
        """
        taken = (
            update(_LINK)
            .where(_LINK.c.message_id == message_id, _LINK.c.tries < TRIES)
            .values(tries=_LINK.c.tries + 1)
            .returning(_LINK.c.tries)
        )
        async with self._database.write() as session:
            return (await session.execute(taken)).first() is not None

    async def give_back(self, message_id: UUID) -> None:
        """The date was right: that try does not count."""
        given = (
            update(_LINK)
            .where(_LINK.c.message_id == message_id, _LINK.c.tries > 0)
            .values(tries=_LINK.c.tries - 1)
        )
        async with self._database.write() as session:
            await session.execute(given)

    async def follow(self, key: AppointmentKey, booked_as: str) -> None:
        """Let every link to this visit open the one it was booked anew as, too.

        Messages that are still to go are left alone: they are about the visit
        that is no more.
        """
        own = (
            (_ABOUT.c.connection == key.connection)
            & (_ABOUT.c.appointment_id == key.appointment_id)
            & (_ABOUT.c.patient_id == key.patient_id)
        )
        held = (
            select(
                _ABOUT.c.message_id,
                _ABOUT.c.connection,
                literal(booked_as),
                _ABOUT.c.patient_id,
            )
            .join(_MESSAGE, _MESSAGE.c.id == _ABOUT.c.message_id)
            .where(own, _MESSAGE.c.state.in_(_HELD) | _answered())
        )
        columns = ["message_id", "connection", "appointment_id", "patient_id"]
        async with self._database.write() as session:
            new = insert(session, MessageAppointmentRow).from_select(columns, held)
            await session.execute(new.on_conflict_do_nothing())

    async def _link(self, query: Select[Any]) -> Link | None:
        async with self._database.read() as session:
            row = (await session.execute(query)).first()
            if row is None:
                return None
            about = (await session.execute(_appointments(row.id))).all()
            keys = tuple(appointment_key(booking) for booking in about)
            starts = [booking.start_at for booking in about if booking.start_at]
            return Link(
                message_id=row.id,
                clinic_id=row.clinic_id,
                channel=Channel(row.channel),
                to=open_point(self._ring, row.id, row.sealed),
                language=row.language,
                appointments=keys,
                tries_left=TRIES - row.tries,
                # A visit that moved since takes its link along.
                expires_at=usable_until(starts) if starts else row.expires_at,
                reissued=await count_reissued(session, keys),
            )


def usable_until(starts: Sequence[datetime]) -> datetime:
    """Until when a link to visits that start then, at least one, works."""
    return max(starts) + _USABLE_AFTER_START


def to_row(
    ring: KeyRing, key: bytes, message_id: UUID, expires_at: datetime
) -> dict[str, Any]:
    """The link of a new message; `key` is what the ring derives for tokens."""
    return {
        "message_id": message_id,
        "token_index": ring.index("link", link_token(message_id, key)),
        "tries": 0,
        "expires_at": expires_at,
    }


async def count_reissued(session: AsyncSession, keys: Sequence[AppointmentKey]) -> int:
    """How many new links were made for any of these appointments."""
    query = (
        select(func.count(func.distinct(_MESSAGE.c.id)))
        .join(_ABOUT, _ABOUT.c.message_id == _MESSAGE.c.id)
        .where(
            _MESSAGE.c.kind == MessageKind.NEW_LINK.value,
            tuple_(
                _ABOUT.c.connection, _ABOUT.c.appointment_id, _ABOUT.c.patient_id
            ).in_(keys),
        )
    )
    count: int = (await session.execute(query)).scalar_one()
    return count


def _answered() -> ColumnElement[bool]:
    """Whether somebody has answered by the link, so that it was certainly opened."""
    return exists().where(_ANSWER.c.message_id == _ABOUT.c.message_id)


def _links() -> Select[Any]:
    return select(
        _MESSAGE.c.id,
        _MESSAGE.c.clinic_id,
        _MESSAGE.c.channel,
        _MESSAGE.c.language,
        _MESSAGE.c.sealed,
        _LINK.c.tries,
        _LINK.c.expires_at,
    ).join(_LINK, _LINK.c.message_id == _MESSAGE.c.id)


def _appointments(message_id: UUID) -> Select[Any]:
    """A message's bookings with their present start, the first to begin first."""
    same = (
        (_APPOINTMENT.c.connection == _ABOUT.c.connection)
        & (_APPOINTMENT.c.appointment_id == _ABOUT.c.appointment_id)
        & (_APPOINTMENT.c.patient_id == _ABOUT.c.patient_id)
    )
    return (
        select(
            _ABOUT.c.connection,
            _ABOUT.c.appointment_id,
            _ABOUT.c.patient_id,
            _APPOINTMENT.c.start_at,
        )
        .join(_APPOINTMENT, same, isouter=True)
        .where(_ABOUT.c.message_id == message_id)
        .order_by(
            _APPOINTMENT.c.start_at.nulls_last(),
            _ABOUT.c.appointment_id,
            _ABOUT.c.patient_id,
        )
    )
