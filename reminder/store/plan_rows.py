"""What the table holds of each decision, and of one that changes or ends."""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from reminder.model.reminders import (
    Decision,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Urgency
from reminder.store.addresses import address_index, seal_routes
from reminder.store.keyring import KeyRing
from reminder.store.plan_difference import SetAside

IDENTITY = ("connection", "appointment_id", "patient_id", "step_id", "start_at", "n")
"""The columns of a reminder's key."""

Line = dict[str, Any]


def new_row(ring: KeyRing, decision: Decision, now: datetime) -> Line:
    """A decision about something nothing was decided about before."""
    row_id = uuid4()
    row = {"id": row_id} | _identity(decision.key)
    if isinstance(decision, Skipped):
        return row | _skipped(decision, now)
    return row | _start(ring, row_id, decision, 0) | _words(decision, now)


def told_anew(
    ring: KeyRing, kept: Reminder, decision: Planned, route: int, now: datetime
) -> Line:
    """A reminder to be told after all, or by other addresses, from `route` on."""
    start = _start(ring, kept.reminder_id, decision, route)
    return _of(kept) | start | _words(decision, now)


def told_otherwise(kept: Reminder, decision: Planned, now: datetime) -> Line:
    """A planned reminder to be told by the same addresses, at another time, say."""
    return _of(kept) | _words(decision, now)


def set_aside(one: SetAside, now: datetime) -> Line:
    """A reminder that is not told, or not any more."""
    return _of(one.reminder) | {
        "state": one.state.value,
        "reason": one.reason.value,
        "clinic_id": one.clinic_id,
        "rule_id": one.rule_id,
        "changed_at": now,
    }


def _of(kept: Reminder) -> Line:
    """Which row it is, but not if a claim has taken it meanwhile."""
    return {"id": kept.reminder_id, "was_state": kept.state.value}


def _identity(key: ReminderKey) -> Line:
    connection, appointment_id, patient_id = key.appointment
    return {
        "connection": connection,
        "appointment_id": appointment_id,
        "patient_id": patient_id,
        "step_id": key.step_id,
        "start_at": key.start_at,
        "n": key.n,
    }


def _start(ring: KeyRing, row_id: UUID, decision: Planned, route: int) -> Line:
    to = decision.routes[route]
    return {
        "state": ReminderState.PLANNED.value,
        "reason": None,
        "channel": to.channel.value,
        "address_index": address_index(ring, to),
        "route": route,
        "sealed": seal_routes(ring, row_id, decision.routes),
    }


def _words(decision: Planned, now: datetime) -> Line:
    return {
        "clinic_id": decision.clinic_id,
        "template": decision.template,
        "language": decision.language,
        "due_at": decision.due_at,
        "useful_until": decision.useful_until,
        "wanted_at": decision.wanted_at,
        "rule_id": decision.rule_id,
        "together": decision.together,
        "urgency": decision.urgency.value,
        "notes": " ".join(decision.notes),
        "changed_at": now,
    }


def _skipped(decision: Skipped, now: datetime) -> Line:
    return {
        "state": ReminderState.SKIPPED.value,
        "reason": decision.reason.value,
        "channel": None,
        "address_index": None,
        "route": 0,
        "sealed": None,
        "clinic_id": decision.clinic_id,
        "template": "",
        "language": "",
        "due_at": None,
        "useful_until": None,
        "wanted_at": None,
        "rule_id": decision.rule_id,
        "together": "",
        "urgency": Urgency.NORMAL.value,
        "notes": "",
        "changed_at": now,
    }
