"""Ends what is no longer useful, a piece at a time, and tells the worklist."""

from datetime import datetime

from sqlalchemy import select, update
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
    """End planned reminders that never came into a message; how many."""
    late = (
        among(_REMINDER.c.state, ReminderState.PLANNED)
        # True of all that are late; it is what the index is ordered by.
        & _REMINDER.c.urgency.in_([one.value for one in Urgency])
        & (_REMINDER.c.due_at <= now)
        & (_REMINDER.c.useful_until <= now)
    )
    some = claimed(select(_REMINDER.c.id).where(late).limit(_PIECE), _REMINDER, "late")
    end = (
        update(_REMINDER)
        .where(_REMINDER.c.id == some.c.id)
        .values(state=ReminderState.EXPIRED.value, reason=_LATE.value, changed_at=now)
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
    ]
    await report(session, unreached, now=now)
    return len(ended)
