"""Makes messages of the reminders that are due: one for each address."""

from collections.abc import Collection, Sequence
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Row,
    Update,
    and_,
    func,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import ClaimedMessage, MessageKind, NewMessage
from reminder.model.people import Channel
from reminder.model.reminders import ReminderState
from reminder.store.keyring import KeyRing
from reminder.store.links import usable_until
from reminder.store.message_rows import Claim, Draft, write_down
from reminder.store.reminder_rows import to_reminder
from reminder.store.statements import among, claimed, table
from reminder.store.tables import ReminderRow

_REMINDER = table(ReminderRow)
_TOGETHER = ("clinic_id", "channel", "address_index", "template", "language")
"""Reminders alike in all of these go out as one message."""

# Any number, as long as every node uses the same: 'together' in ASCII.
_FORMING_LOCK = int.from_bytes(b"together")


async def form(
    session: AsyncSession,
    ring: KeyRing,
    channels: Collection[Channel],
    claim: Claim,
    *,
    limit: int,
) -> list[ClaimedMessage]:
    """Claim at most `limit` new messages, the longest due first.

    Each holds all that is due for its address. Nodes take turns: two that
    formed messages at the same time would share out the reminders of one
    address, and send it two.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_FORMING_LOCK)))
    rows = await session.execute(_take(channels, claim, limit))
    groups: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for row in sorted(rows, key=lambda row: (row.due_at, row.start_at, row.id)):
        group = tuple(row._mapping[name] for name in _TOGETHER)
        groups.setdefault(group, []).append(row)
    drafts = [_draft(ring, group) for group in groups.values()]
    await write_down(session, ring, drafts, now=claim.now, claim=claim)
    return [_claimed(draft, claim) for draft in drafts]


def _take(channels: Collection[Channel], claim: Claim, limit: int) -> Update:
    """Mark what is due, and what else is due for the same addresses, as taken."""
    heads = (
        select(*(_REMINDER.c[name] for name in _TOGETHER))
        .where(_is_due(_REMINDER, channels, claim))
        .order_by(_REMINDER.c.due_at)
        .limit(limit)
        .cte("heads")
        .prefix_with("MATERIALIZED", dialect="postgresql")
    )
    address = select(heads).distinct().subquery("address")
    alike = _REMINDER.alias("alike")
    same = and_(*(alike.c[name] == address.c[name] for name in _TOGETHER))
    due = select(alike.c.id).join(address, same).where(_is_due(alike, channels, claim))
    taken = claimed(due, alike, "taken")
    return (
        update(_REMINDER)
        .where(_REMINDER.c.id == taken.c.id)
        .values(state=ReminderState.IN_MESSAGE.value, changed_at=claim.now)
        .returning(*_REMINDER.c)
    )


def _is_due(
    reminder: FromClause, channels: Collection[Channel], claim: Claim
) -> ColumnElement[bool]:
    return (
        among(reminder.c.state, ReminderState.PLANNED)
        & (reminder.c.due_at <= claim.now)
        & (reminder.c.useful_until > claim.now)
        & reminder.c.channel.in_([channel.value for channel in channels])
    )


def _draft(ring: KeyRing, rows: Sequence[Row[Any]]) -> Draft:
    first = rows[0]
    reminders = tuple(to_reminder(ring, row) for row in rows)
    message = NewMessage(
        kind=MessageKind.REMINDER,
        clinic_id=first.clinic_id,
        to=reminders[0].routes[first.route],
        language=first.language,
        template=first.template,
        appointments=tuple(dict.fromkeys(one.key.appointment for one in reminders)),
        useful_until=max(row.useful_until for row in rows),
    )
    starts = [row.start_at for row in rows]
    return Draft(uuid4(), message, usable_until(starts), reminders)


def _claimed(draft: Draft, claim: Claim) -> ClaimedMessage:
    new = draft.message
    return ClaimedMessage(
        message_id=draft.message_id,
        kind=new.kind,
        clinic_id=new.clinic_id,
        channel=new.to.channel,
        to=new.to,
        language=new.language,
        template=new.template,
        appointments=new.appointments,
        reminders=draft.reminders,
        queued_at=claim.now,
        useful_until=new.useful_until,
        lease_until=claim.until,
        fence=1,
    )
