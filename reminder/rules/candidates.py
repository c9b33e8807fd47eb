"""A step that somebody can be told in time, before it is weighed against the others."""

from dataclasses import dataclass
from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import ContactPoint
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import (
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.rules.prepared import PreparedStep, StepKind

_NOT_TO_COME = frozenset(
    {
        ReminderState.IN_MESSAGE,
        ReminderState.HELD,
        ReminderState.SENT,
        ReminderState.ANSWERED,
        ReminderState.FAILED,
    }
)
_OVER = frozenset({ReminderState.SENT, ReminderState.ANSWERED, ReminderState.FAILED})


@dataclass(slots=True, kw_only=True)
class Candidate:
    """One step of one visit on its way to a decision; `reason` once it is not told.

    All instants are UTC. `latest` is when it stops being of use by itself;
    `useful_until` takes the steps after it into account.
    """

    key: ReminderKey
    appointment: Appointment
    clinic: Clinic
    rule_id: str
    prepared: PreparedStep
    routes: tuple[ContactPoint, ...]
    language: str
    wanted_at: datetime
    due_at: datetime
    latest: datetime
    useful_until: datetime
    kept: Reminder | None
    notes: tuple[Note, ...] = ()
    together: str = ""
    reason: Reason | None = None

    @property
    def template(self) -> str:
        """In which words it is told."""
        return self.prepared.step.template

    @property
    def to(self) -> ContactPoint:
        """Where it goes now: past the addresses that were given up before."""
        if self.kept is None:
            return self.routes[0]
        given_up = self._given_up()
        left = (point for point in self.routes if point not in given_up)
        return next(left, self.routes[0])

    def _given_up(self) -> tuple[ContactPoint, ...]:
        kept = self.kept
        if kept is None or kept.channel is None:
            return ()
        channels = [point.channel for point in kept.routes]
        tried = channels.index(kept.channel) if kept.channel in channels else 0
        return kept.routes[:tried]

    @property
    def is_before(self) -> bool:
        """Whether it reminds of a visit ahead."""
        return self.prepared.kind is StepKind.BEFORE

    @property
    def is_to_come(self) -> bool:
        """Whether it has not been put into a message yet."""
        return self.kept is None or self.kept.state not in _NOT_TO_COME

    @property
    def is_over(self) -> bool:
        """Whether it was told, or given up: nothing more can be decided of it."""
        return self.kept is not None and self.kept.state in _OVER

    def decision(self) -> Planned | Skipped:
        """What was decided, when all was weighed."""
        if self.reason is not None:
            return Skipped(self.key, self.reason, self.clinic.clinic_id, self.rule_id)
        return Planned(
            key=self.key,
            clinic_id=self.clinic.clinic_id,
            template=self.template,
            language=self.language,
            routes=self.routes,
            due_at=self.due_at,
            useful_until=self.useful_until,
            wanted_at=self.wanted_at,
            rule_id=self.rule_id,
            together=self.together,
            urgency=self.prepared.urgency,
            notes=self.notes,
        )
