"""What the plan decides for each appointment and step, and what became of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from reminder.model.answers import Answer
from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.people import (
    Channel,
    Consent,
    ContactPoint,
    Patient,
    PatientKey,
    Preference,
)
from reminder.model.reasons import Note, Reason
from reminder.model.rulesets import Urgency


class ReminderState(StrEnum):
    """Where a reminder stands; all but the first three carry a `Reason`."""

    PLANNED = "planned"
    IN_MESSAGE = "in-message"
    SENT = "sent"
    ANSWERED = "answered"
    SKIPPED = "skipped"
    WITHDRAWN = "withdrawn"
    HELD = "held"
    EXPIRED = "expired"
    FAILED = "failed"


class ReminderKey(NamedTuple):
    """A reminder's identity: publishing a ruleset or reading again makes no second one.

    `n` counts the moves for the steps 'when booked', 'when moved' and 'when
    cancelled' (for the first and last the cancellations told as well), and is
    0 otherwise.
    """

    appointment: AppointmentKey
    step_id: str
    start_at: datetime
    n: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """A person is to be told. `routes` are the addresses to try, in order.

    `due_at` is UTC and outside quiet hours; `wanted_at` is what the step asked
    for, and `notes` say why they differ. After `useful_until` the reminder is
    worth nothing and expires. Reminders alike in `together` (and in clinic,
    address, template and language) go as one message, when the first is due.
    """

    key: ReminderKey
    clinic_id: str
    template: str
    language: str
    routes: tuple[ContactPoint, ...]
    due_at: datetime
    useful_until: datetime
    wanted_at: datetime | None = None
    rule_id: str = ""
    together: str = ""
    urgency: Urgency = Urgency.NORMAL
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class Skipped:
    """Nothing is sent for this step, and why. `clinic_id` is None without a clinic."""

    key: ReminderKey
    reason: Reason
    clinic_id: str | None = None
    rule_id: str = ""


Decision = Planned | Skipped


@dataclass(frozen=True, slots=True, kw_only=True)
class Reminder:
    """A decision as it was kept, and what became of it. Instants are UTC.

    `message_id` is the last message it was in, `told_at` when that was accepted
    by the far side.
    """

    reminder_id: UUID
    key: ReminderKey
    state: ReminderState
    clinic_id: str | None = None
    template: str = ""
    language: str = ""
    channel: Channel | None = None
    routes: tuple[ContactPoint, ...] = ()
    due_at: datetime | None = None
    useful_until: datetime | None = None
    reason: Reason | None = None
    wanted_at: datetime | None = None
    rule_id: str = ""
    together: str = ""
    urgency: Urgency = Urgency.NORMAL
    notes: tuple[Note, ...] = ()
    message_id: UUID | None = None
    told_at: datetime | None = None


class Told(NamedTuple):
    """That a message went to one of a person's addresses, about whomever."""

    at: datetime
    channel: Channel
    message_id: UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One person's world as the planner sees it.

    `patient` is None when the EHR gave no readable Patient. `blocked` are
    those of the person's and guardians' addresses that opted out. `kept` is
    what earlier plans decided, in every state. `revision` names this state of
    the world: a plan made from it settles it unless it changed meanwhile.
    `seen_at` is when the EHR last described the patient (UTC), where that is
    known. `answers` are what they did from links, the newest first; `consents`
    those in force; `excluded` the appointments staff took out. `told` are the
    messages of late to any of their addresses, where they were asked for.
    """

    key: PatientKey
    patient: Patient | None
    appointments: tuple[Appointment, ...] = ()
    preference: Preference = Preference()
    blocked: frozenset[ContactPoint] = frozenset()
    kept: tuple[Reminder, ...] = ()
    answers: tuple[Answer, ...] = ()
    consents: tuple[Consent, ...] = ()
    excluded: frozenset[AppointmentKey] = frozenset()
    told: tuple[Told, ...] = ()
    revision: int = 0
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PlanCounts:
    """How many reminders a plan made, skipped, withdrew and left as they were."""

    planned: int = 0
    skipped: int = 0
    withdrawn: int = 0
    unchanged: int = 0

    def __add__(self, other: "PlanCounts") -> "PlanCounts":
        return PlanCounts(
            self.planned + other.planned,
            self.skipped + other.skipped,
            self.withdrawn + other.withdrawn,
            self.unchanged + other.unchanged,
        )
