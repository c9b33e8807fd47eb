"""Keeps what the plan decided, and tells what became of it."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from reminder.model.outcomes import Delivery
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    PlanCounts,
    Reminder,
    ReminderState,
)
from reminder.store import deliveries
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.plan_writes import write_plans
from reminder.store.reminder_rows import to_reminder
from reminder.store.statements import among, table
from reminder.store.tables import DeliveryRow, MessageAppointmentRow, ReminderRow

_REMINDER = table(ReminderRow)
_DELIVERY = table(DeliveryRow)
_ABOUT = table(MessageAppointmentRow)


class ReminderStore:
    """Every decision about an appointment and a step, once, with its state."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

    @property
    def keeps_aside(self) -> bool:
        """Whether another process does the work, while this one can do something.

        SQLite's work is done in this process, and its driver waits for its
        turn after each row as long as anything else is computed here.
        """
        return self._database.is_postgres

    async def keep_plans(
        self,
        plans: Sequence[tuple[Person, Sequence[Decision]]],
        *,
        now: datetime,
        rules: Mapping[str, int] | None = None,
    ) -> PlanCounts:
        """Keep what was decided, in one transaction; again, it changes nothing.

        A planned reminder nobody decides about any more is withdrawn. The
        plan is no longer due, unless the person changed since it was made;
        a plan older than the one kept is left out. If `rules` is given and is
        not the fingerprint of those in force, nothing is kept and all stay due.
        """
        async with self._database.write() as session:
            return await write_plans(session, self._ring, plans, now=now, rules=rules)

    async def of_appointment(self, appointment_id: str) -> list[Reminder]:
        """Everything ever decided about it, by start and the time it is due."""
        query = (
            select(_REMINDER)
            .where(_REMINDER.c.appointment_id == appointment_id)
            .order_by(
                _REMINDER.c.start_at,
                _REMINDER.c.due_at.asc().nulls_last(),
                _REMINDER.c.step_id,
            )
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return [to_reminder(self._ring, row) for row in rows]

    async def tries_of(self, appointment_id: str) -> list[Delivery]:
        """Every try of every message about it, the earliest first."""
        about = select(_ABOUT.c.message_id).where(
            _ABOUT.c.appointment_id == appointment_id
        )
        query = (
            select(_DELIVERY)
            .where(_DELIVERY.c.message_id.in_(about))
            .order_by(_DELIVERY.c.started_at, _DELIVERY.c.id)
        )
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return [deliveries.from_row(row) for row in rows]

    async def counts(self) -> dict[ReminderState, int]:
        """How many reminders are in each state; states without any are left out."""
        query = select(_REMINDER.c.state, func.count()).group_by(_REMINDER.c.state)
        async with self._database.read() as session:
            return {
                ReminderState(row[0]): row[1] for row in await session.execute(query)
            }

    async def reason_counts(self) -> dict[Reason, int]:
        """How many reminders were skipped for each reason."""
        query = (
            select(_REMINDER.c.reason, func.count())
            .where(among(_REMINDER.c.state, ReminderState.SKIPPED))
            .group_by(_REMINDER.c.reason)
        )
        async with self._database.read() as session:
            return {Reason(row[0]): row[1] for row in await session.execute(query)}
