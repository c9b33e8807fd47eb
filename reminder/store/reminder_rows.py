"""Reminders as the model has them, from the rows of their table."""

from enum import Enum
from typing import Any, TypeVar

from sqlalchemy import Row

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Reminder, ReminderKey, ReminderState
from reminder.model.rulesets import Urgency
from reminder.store.addresses import open_routes
from reminder.store.keyring import KeyRing
from reminder.store.plain_rows import Values

COLUMNS = (
    "id",
    "connection",
    "appointment_id",
    "patient_id",
    "step_id",
    "start_at",
    "n",
    "state",
    "clinic_id",
    "template",
    "language",
    "channel",
    "sealed",
    "due_at",
    "useful_until",
    "reason",
    "wanted_at",
    "rule_id",
    "together",
    "urgency",
    "notes",
    "message_id",
    "told_at",
)
"""The columns `to_reminder` needs."""

_Word = TypeVar("_Word", bound=Enum)


def _words(kind: type[_Word]) -> dict[Any, _Word]:
    """Its members by what stands in a row: a call for each costs ten times more."""
    return {word.value: word for word in kind}


_STATES, _CHANNELS, _REASONS = _words(ReminderState), _words(Channel), _words(Reason)
_URGENCIES = _words(Urgency)


def appointment_key(row: Row[Any] | Values) -> AppointmentKey:
    """The booking a row with these three columns is about."""
    return AppointmentKey(row.connection, row.appointment_id, row.patient_id)


def to_reminder(ring: KeyRing, row: Row[Any] | Values) -> Reminder:
    """The reminder a row with at least `COLUMNS` holds."""
    return Reminder(
        reminder_id=row.id,
        key=ReminderKey(appointment_key(row), row.step_id, row.start_at, row.n),
        state=_STATES[row.state],
        clinic_id=row.clinic_id,
        template=row.template,
        language=row.language,
        channel=None if row.channel is None else _CHANNELS[row.channel],
        routes=open_routes(ring, row.id, row.sealed),
        due_at=row.due_at,
        useful_until=row.useful_until,
        reason=None if row.reason is None else _REASONS[row.reason],
        wanted_at=row.wanted_at,
        rule_id=row.rule_id,
        together=row.together,
        urgency=_URGENCIES[row.urgency],
        notes=tuple(map(Note, row.notes.split())) if row.notes else (),
        message_id=row.message_id,
        told_at=row.told_at,
    )
