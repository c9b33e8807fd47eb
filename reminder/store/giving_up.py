"""What becomes of reminders whose message will not arrive: another way, or a human."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, bindparam, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageKind
from reminder.model.people import ContactPoint
from reminder.model.reasons import Reason
from reminder.model.reminders import ReminderState
from reminder.store.addresses import address_index, open_routes
from reminder.store.keyring import KeyRing
from reminder.store.preferences import blocked
from reminder.store.reminder_rows import appointment_key
from reminder.store.statements import table
from reminder.store.tables import (
    MessageAppointmentRow,
    MessageRow,
    ReminderMessageRow,
    ReminderRow,
)
from reminder.store.unreachable import Unreached, report

_ABOUT = table(MessageAppointmentRow)
_FULFILS = table(ReminderMessageRow)
_MESSAGE = table(MessageRow)
_REMINDER = table(ReminderRow)
_UNDER_WAY = (ReminderState.IN_MESSAGE, ReminderState.HELD, ReminderState.SENT)


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Why a message is given up, and whether other addresses are to be tried."""

    reason: Reason
    next_route: bool = False


async def give_up(
    session: AsyncSession,
    ring: KeyRing,
    messages: Mapping[UUID, GivenUp],
    *,
    now: datetime,
) -> None:
    """Send the reminders of failed messages another way at once, or end them.

    An address that opted out is passed over. What ends goes onto the
    worklist, and so does a message without reminders that nobody will get.
    """
    if not messages:
        return
    rows = await _reminders(session, messages)
    routes = {row.id: open_routes(ring, row.id, row.sealed) for row in rows}
    stopped = await blocked(
        session, ring, {one for all_ in routes.values() for one in all_}
    )
    changes: list[dict[str, Any]] = []
    unreached: list[Unreached] = []
    for row in rows:
        given_up = messages[row.failed_id]
        way = _next(row, routes[row.id], stopped) if given_up.next_route else None
        if way is not None and now < row.useful_until:
            changes.append(_go_on(ring, row, way, routes[row.id][way], now))
        else:
            reason = given_up.reason if way is None else Reason.NO_LONGER_USEFUL
            changes.append(_end(row, reason))
            unreached.append(_of_reminder(row, reason))
    await _change(session, changes, now)
    unreached += await _without_reminders(session, messages)
    await report(session, unreached, now=now)


async def ways_on(session: AsyncSession, ring: KeyRing, message_id: UUID) -> list[bool]:
    """For each reminder the message would still fulfil: is another address left."""
    rows = await _reminders(session, [message_id])
    routes = {row.id: open_routes(ring, row.id, row.sealed) for row in rows}
    everywhere = {one for all_ in routes.values() for one in all_}
    stopped = await blocked(session, ring, everywhere)
    return [_next(row, routes[row.id], stopped) is not None for row in rows]


def ended_state(reason: Reason) -> ReminderState:
    """What a reminder is that ends for this reason."""
    if reason is Reason.NO_LONGER_USEFUL:
        return ReminderState.EXPIRED
    return ReminderState.FAILED


async def _reminders(
    session: AsyncSession, message_ids: Collection[UUID]
) -> Sequence[Row[Any]]:
    query = (
        select(_FULFILS.c.message_id.label("failed_id"), *_REMINDER.c)
        .join(_REMINDER, _FULFILS.c.reminder_id == _REMINDER.c.id)
        .where(
            _FULFILS.c.message_id.in_(message_ids), _REMINDER.c.state.in_(_UNDER_WAY)
        )
        .order_by(_REMINDER.c.id)
        .with_for_update(of=_REMINDER)
    )
    return (await session.execute(query)).all()


def _next(
    row: Row[Any], routes: Sequence[ContactPoint], stopped: Collection[ContactPoint]
) -> int | None:
    """The next address to try, as its place in `routes`; None when there is none."""
    later = range(row.route + 1, len(routes))
    return next((way for way in later if routes[way] not in stopped), None)


def _go_on(
    ring: KeyRing, row: Row[Any], way: int, to: ContactPoint, now: datetime
) -> dict[str, Any]:
    return {
        "reminder_id": row.id,
        "new_state": ReminderState.PLANNED.value,
        "why": None,
        "way": way,
        "by": to.channel.value,
        "at": address_index(ring, to),
        "due": now,
    }


def _end(row: Row[Any], reason: Reason) -> dict[str, Any]:
    return {
        "reminder_id": row.id,
        "new_state": ended_state(reason).value,
        "why": reason.value,
        "way": row.route,
        "by": row.channel,
        "at": row.address_index,
        "due": row.due_at,
    }


async def _change(
    session: AsyncSession, changes: Sequence[Mapping[str, Any]], now: datetime
) -> None:
    change = (
        update(_REMINDER)
        .where(_REMINDER.c.id == bindparam("reminder_id"))
        .values(
            state=bindparam("new_state"),
            reason=bindparam("why"),
            route=bindparam("way"),
            channel=bindparam("by"),
            address_index=bindparam("at"),
            due_at=bindparam("due"),
            # What did not arrive told nobody anything.
            told_at=None,
            changed_at=now,
        )
    )
    if changes:
        await session.execute(change, changes)


def _of_reminder(row: Row[Any], reason: Reason) -> Unreached:
    return Unreached(
        booking=appointment_key(row),
        clinic_id=row.clinic_id,
        reason=reason,
        reminder_id=row.id,
        message_id=row.failed_id,
    )


async def _without_reminders(
    session: AsyncSession, messages: Mapping[UUID, GivenUp]
) -> list[Unreached]:
    query = (
        select(_MESSAGE.c.clinic_id, *_ABOUT.c)
        .join(_ABOUT, _ABOUT.c.message_id == _MESSAGE.c.id)
        .where(
            _MESSAGE.c.id.in_(messages), _MESSAGE.c.kind != MessageKind.REMINDER.value
        )
    )
    return [
        Unreached(
            booking=appointment_key(row),
            clinic_id=row.clinic_id,
            reason=messages[row.message_id].reason,
            message_id=row.message_id,
        )
        for row in await session.execute(query)
    ]
