"""Messages between their table and the model, and whose they are at the moment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel

from reminder.model.appointments import AppointmentKey
from reminder.model.messages import (
    ClaimedMessage,
    MessageKind,
    MessageState,
    NewMessage,
)
from reminder.model.people import Channel
from reminder.model.reminders import Reminder
from reminder.store import links
from reminder.store.addresses import open_point, seal_point
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, table
from reminder.store.tables import (
    LinkRow,
    MessageAppointmentRow,
    MessageRow,
    ReminderMessageRow,
)

MESSAGE = table(MessageRow)
ENDED = {"lease_until": None, "claimed_by": None}
"""What a claim leaves behind in its row when it ends."""


@dataclass(frozen=True, slots=True)
class Claim:
    """Who takes messages, when, and until when they are theirs."""

    node: str
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Draft:
    """A message about to be written down; `expires_at` is its link's."""

    message_id: UUID
    message: NewMessage
    expires_at: datetime
    reminders: tuple[Reminder, ...] = ()


async def ours(
    session: AsyncSession, fences: Mapping[UUID, int], *states: MessageState
) -> dict[UUID, Row[Any]]:
    """Those of the messages whose fence still holds, in one of `states`; locked.

    Everything that ends a claim begins here: who wakes after another node has
    taken over finds none, and writes nothing.
    """
    query = (
        select(MESSAGE)
        .where(MESSAGE.c.id.in_(fences), MESSAGE.c.state.in_(states))
        .order_by(MESSAGE.c.id)
        .with_for_update()
    )
    rows = await session.execute(query)
    return {row.id: row for row in rows if row.fence == fences[row.id]}


def to_claimed(
    ring: KeyRing,
    row: Row[Any],
    appointments: Sequence[AppointmentKey],
    reminders: Sequence[Reminder],
) -> ClaimedMessage:
    """The message of a row that was just claimed.

    A message of reminders is about their appointments, and no longer about
    those of reminders that were taken out of it.
    """
    if reminders:
        appointments = list(dict.fromkeys(one.key.appointment for one in reminders))
    return ClaimedMessage(
        message_id=row.id,
        kind=MessageKind(row.kind),
        clinic_id=row.clinic_id,
        channel=Channel(row.channel),
        to=open_point(ring, row.id, row.sealed),
        language=row.language,
        template=row.template,
        appointments=tuple(appointments),
        reminders=tuple(reminders),
        attempt=row.attempt + 1,
        uncertain_tries=row.uncertain_tries,
        queued_at=row.queued_at,
        first_tried_at=row.first_tried_at,
        useful_until=row.useful_until,
        lease_until=row.lease_until,
        fence=row.fence,
        transport=row.transport,
    )


async def write_down(
    session: AsyncSession,
    ring: KeyRing,
    drafts: Sequence[Draft],
    *,
    now: datetime,
    claim: Claim | None = None,
) -> None:
    """Insert messages with their links: claimed at once, or queued to go at once."""
    if not drafts:
        return
    key = ring.derive("link-token")
    rows: dict[type[SQLModel], list[dict[str, Any]]] = {
        MessageRow: [_to_row(ring, draft, now, claim) for draft in drafts],
        LinkRow: [
            links.to_row(ring, key, draft.message_id, draft.expires_at)
            for draft in drafts
        ],
        MessageAppointmentRow: [
            {"message_id": draft.message_id} | about._asdict()
            for draft in drafts
            for about in draft.message.appointments
        ],
        ReminderMessageRow: [
            {"message_id": draft.message_id, "reminder_id": reminder.reminder_id}
            for draft in drafts
            for reminder in draft.reminders
        ],
    }
    for row_class, values in rows.items():
        if values:
            await session.execute(insert(session, row_class), values)


def _to_row(
    ring: KeyRing, draft: Draft, now: datetime, claim: Claim | None
) -> dict[str, Any]:
    new = draft.message
    state = MessageState.QUEUED if claim is None else MessageState.CLAIMED
    return {
        "id": draft.message_id,
        "kind": new.kind.value,
        "state": state.value,
        "clinic_id": new.clinic_id,
        "channel": new.to.channel.value,
        "language": new.language,
        "template": new.template,
        "queued_at": now,
        "next_try_at": now,
        "useful_until": new.useful_until,
        "attempt": 0,
        "uncertain_tries": 0,
        "lease_until": None if claim is None else claim.until,
        "claimed_by": None if claim is None else claim.node,
        "fence": 0 if claim is None else 1,
        "changed_at": now,
        "sealed": seal_point(ring, draft.message_id, new.to),
    }
