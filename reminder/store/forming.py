"""Makes messages of the reminders that are due: one for each address."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Row,
    Select,
    and_,
    exists,
    func,
    select,
    union_all,
    update,
)
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import ClaimedMessage, MessageKind, NewMessage
from reminder.model.people import Channel
from reminder.model.reasons import Note
from reminder.model.reminders import Reminder, ReminderState
from reminder.model.rulesets import Urgency
from reminder.store.batches import batches
from reminder.store.bulk import update_each
from reminder.store.keyring import KeyRing
from reminder.store.links import usable_until
from reminder.store.message_rows import Claim, Draft, write_down
from reminder.store.reminder_rows import to_reminder
from reminder.store.statements import among, table
from reminder.store.tables import ReminderMessageRow, ReminderRow

_REMINDER = table(ReminderRow)
_FULFILS = table(ReminderMessageRow)
_ALIKE = ("clinic_id", "channel", "address_index", "template", "language")
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
    """Claim at most `limit` new messages: the most urgent, then the longest due.

    Each holds all that is due for its address, and what is to go together with
    that although its own time has not come. Nodes take turns: two that formed
    messages at the same time would share out the reminders of one address, and
    send it two.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(select(func.pg_advisory_xact_lock(_FORMING_LOCK)))
    rows = await session.execute(_take(channels, claim, limit))
    groups: dict[tuple[Any, ...], list[Row[Any]]] = {}
    for row in sorted(rows, key=_rank):
        group = tuple(row._mapping[name] for name in _ALIKE)
        groups.setdefault(group, []).append(row)
    drafts = [_draft(ring, group, claim) for group in groups.values()]
    await write_down(session, ring, drafts, now=claim.now, claim=claim)
    await _fill(session, drafts, claim)
    await _note(session, drafts, claim)
    return [_claimed(draft, claim) for draft in drafts]


def _rank(row: Row[Any]) -> tuple[Any, ...]:
    return (-row.urgency, row.due_at, row.start_at, row.id)


def _take(channels: Collection[Channel], claim: Claim, limit: int) -> Select[Any]:
    """Hold what is due, and what else goes to the same addresses with it."""
    address = select(_heads(channels, claim, limit)).distinct().subquery("address")
    alike, other = _REMINDER.alias("alike"), _REMINDER.alias("other")
    same = and_(*(alike.c[name] == address.c[name] for name in _ALIKE))
    with_what_is_due = exists().where(
        *(other.c[name] == alike.c[name] for name in (*_ALIKE, "together")),
        _waits(other, channels, claim),
        other.c.due_at <= claim.now,
    )
    goes_along = (alike.c.together != "") & with_what_is_due
    return (
        select(alike)
        .join(address, same)
        .where(
            _waits(alike, channels, claim),
            (alike.c.due_at <= claim.now) | goes_along,
        )
        .with_for_update(skip_locked=True, of=alike)
    )


def _heads(channels: Collection[Channel], claim: Claim, limit: int) -> CTE:
    """To whom the first `limit` go: each urgency is a range of the index."""
    columns = [_REMINDER.c[name] for name in _ALIKE]
    of_each = [
        select(*columns, _REMINDER.c.urgency, _REMINDER.c.due_at)
        .where(
            _waits(_REMINDER, channels, claim),
            _REMINDER.c.urgency == urgency.value,
            _REMINDER.c.due_at <= claim.now,
        )
        .order_by(_REMINDER.c.due_at)
        .limit(limit)
        .subquery()
        for urgency in Urgency
    ]
    due = union_all(*map(select, of_each)).subquery("due")
    heads = (
        select(*(due.c[name] for name in _ALIKE))
        .order_by(due.c.urgency.desc(), due.c.due_at)
        .limit(limit)
        .cte("heads")
    )
    return heads.prefix_with("MATERIALIZED", dialect="postgresql")


def _waits(
    reminder: FromClause, channels: Collection[Channel], claim: Claim
) -> ColumnElement[bool]:
    return (
        among(reminder.c.state, ReminderState.PLANNED)
        & (reminder.c.useful_until > claim.now)
        & reminder.c.channel.in_([channel.value for channel in channels])
    )


async def _fill(session: AsyncSession, drafts: Sequence[Draft], claim: Claim) -> None:
    """Say of each reminder, which we hold, the message it went into."""
    for some in batches(draft.message_id for draft in drafts):
        put = (
            update(_REMINDER)
            .where(
                _REMINDER.c.id == _FULFILS.c.reminder_id,
                _FULFILS.c.message_id.in_(some),
            )
            .values(
                state=ReminderState.IN_MESSAGE.value,
                message_id=_FULFILS.c.message_id,
                changed_at=claim.now,
            )
        )
        await session.execute(put)


async def _note(session: AsyncSession, drafts: Sequence[Draft], claim: Claim) -> None:
    """Keep what `_filled` noted of those that go before their own time."""
    lines = [
        {"id": one.reminder_id, "notes": " ".join(one.notes)}
        for draft in drafts
        for one in draft.reminders
        if _is_early(one, claim)
    ]
    await update_each(session, _REMINDER, lines)


def _is_early(reminder: Reminder, claim: Claim) -> bool:
    return reminder.due_at is not None and reminder.due_at > claim.now


def _filled(reminder: Reminder, message_id: UUID, claim: Claim) -> Reminder:
    """The reminder in its message; the plan of one person knows no other's visits."""
    notes = reminder.notes
    if _is_early(reminder, claim) and Note.TOGETHER not in notes:
        notes = (*notes, Note.TOGETHER)
    state = ReminderState.IN_MESSAGE
    return replace(reminder, state=state, message_id=message_id, notes=notes)


def _draft(ring: KeyRing, rows: Sequence[Row[Any]], claim: Claim) -> Draft:
    first, message_id = rows[0], uuid4()
    reminders = tuple(
        _filled(to_reminder(ring, row), message_id, claim) for row in rows
    )
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
    return Draft(message_id, message, usable_until(starts), reminders)


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
