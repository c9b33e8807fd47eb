"""Ends what is no longer useful, a piece at a time, and tells the worklist."""

from datetime import datetime

from sqlalchemy import ColumnElement, case, exists, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.messages import MessageState
from reminder.model.reasons import Reason
from reminder.model.reminders import ReminderState
from reminder.model.rulesets import Urgency
from reminder.store.giving_up import GivenUp, give_up
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import MESSAGE
from reminder.store.reminder_rows import appointment_key
from reminder.store.statements import among, claimed, table
from reminder.store.tables import ReminderRow
from reminder.store.unreachable import Unreached, report

_LATE = Reason.NO_LONGER_USEFUL
_PIECE = 500
_REMINDER = table(ReminderRow)
_TELLING = (
    ReminderState.PLANNED,
    ReminderState.IN_MESSAGE,
    ReminderState.HELD,
    ReminderState.SENT,
    ReminderState.ANSWERED,
)
_VISIT = ("connection", "appointment_id", "patient_id", "start_at")


async def expire_messages(session: AsyncSession, ring: KeyRing, now: datetime) -> int:
    """End waiting messages, with the reminders in them; how many messages."""
    late = among(MESSAGE.c.state, MessageState.QUEUED, MessageState.DEFERRED) & (
        MESSAGE.c.useful_until <= now
    )
    some = claimed(select(MESSAGE.c.id).where(late).limit(_PIECE), MESSAGE, "late")
    end = (
        update(MESSAGE)
        .where(MESSAGE.c.id == some.c.id)
        .values(
            state=MessageState.FAILED.value,
            code=_LATE.value,
            next_try_at=None,
            changed_at=now,
        )
        .returning(MESSAGE.c.id)
    )
    ended = (await session.execute(end)).scalars().all()
    await give_up(session, ring, dict.fromkeys(ended, GivenUp(_LATE)), now=now)
    return len(ended)


async def expire_reminders(session: AsyncSession, now: datetime) -> int:
    """End planned reminders that never came into a message; how many.

    One whose visit is told of by a later step gives way to it; the others go
    onto the worklist.
    """
    late = (
        among(_REMINDER.c.state, ReminderState.PLANNED)
        # True of all that are late; it is what the index is ordered by.
        & _REMINDER.c.urgency.in_([one.value for one in Urgency])
        & (_REMINDER.c.due_at <= now)
        & (_REMINDER.c.useful_until <= now)
    )
    why = case((_gives_way(), Reason.SUPERSEDED.value), else_=_LATE.value).label("why")
    candidates = select(_REMINDER.c.id, why).where(late).limit(_PIECE)
    some = claimed(candidates, _REMINDER, "late")
    end = (
        update(_REMINDER)
        .where(_REMINDER.c.id == some.c.id)
        .values(state=ReminderState.EXPIRED.value, reason=some.c.why, changed_at=now)
        .returning(*_REMINDER.c)
    )
    ended = (await session.execute(end)).all()
    unreached = [
        Unreached(
            booking=appointment_key(row),
            clinic_id=row.clinic_id,
            reason=_LATE,
            reminder_id=row.id,
        )
        for row in ended
        if row.reason == _LATE
    ]
    await report(session, unreached, now=now)
    return len(ended)


def _gives_way() -> ColumnElement[bool]:
    """Whether a later step tells of the same visit, or has told."""
    later = _REMINDER.alias("later")
    same = (later.c[name] == _REMINDER.c[name] for name in _VISIT)
    return exists().where(
        *same,
        among(later.c.state, *_TELLING),
        later.c.due_at > _REMINDER.c.due_at,
        # Thanks for having come do not stand in for a reminder to come.
        later.c.due_at < later.c.start_at,
    )
