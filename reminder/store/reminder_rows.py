"""Reminders as the model has them, from the rows of their table."""

from typing import Any

from sqlalchemy import Row

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Reminder, ReminderKey, ReminderState
from reminder.model.rulesets import Urgency
from reminder.store.addresses import open_routes
from reminder.store.keyring import KeyRing


def appointment_key(row: Row[Any]) -> AppointmentKey:
    """The booking a row with these three columns is about."""
    return AppointmentKey(row.connection, row.appointment_id, row.patient_id)


def to_reminder(ring: KeyRing, row: Row[Any]) -> Reminder:
    """The reminder a whole row of the table holds."""
    return Reminder(
        reminder_id=row.id,
        key=ReminderKey(appointment_key(row), row.step_id, row.start_at, row.n),
        state=ReminderState(row.state),
        clinic_id=row.clinic_id,
        template=row.template,
        language=row.language,
        channel=None if row.channel is None else Channel(row.channel),
        routes=open_routes(ring, row.id, row.sealed),
        due_at=row.due_at,
        useful_until=row.useful_until,
        reason=None if row.reason is None else Reason(row.reason),
        wanted_at=row.wanted_at,
        rule_id=row.rule_id,
        together=row.together,
        urgency=Urgency(row.urgency),
        notes=tuple(map(Note, row.notes.split())),
        message_id=row.message_id,
        told_at=row.told_at,
    )
