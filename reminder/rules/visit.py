"""One appointment under its rule, as its steps see it: who is told, what was kept."""

from dataclasses import dataclass
from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Reminder, ReminderKey, Skipped
from reminder.model.rulesets import Rule
from reminder.rules.calendar import local_date
from reminder.rules.candidates import Candidate
from reminder.rules.conditions import Situation, unmet
from reminder.rules.due import Due, due
from reminder.rules.events import booked_at
from reminder.rules.prepared import PreparedStep, StepKind
from reminder.rules.recipients import (
    Audience,
    Recipient,
    audience,
    recipient,
    zone_of,
)
from reminder.rules.steps import OWN_LEAD
from reminder.rules.world import World

_COUNTED_BY_MOVES = frozenset({StepKind.BOOKED, StepKind.MOVED, StepKind.CANCELLED})


@dataclass(slots=True)
class Visit:
    """One appointment at its clinic, as seen now.

    `reason` is why nobody is reminded of it, if so.
    """

    appointment: Appointment
    clinic: Clinic
    rule: Rule
    world: World
    reason: Reason | None
    _audience: Audience | Reason | None = None
    _situation: Situation | None = None

    @property
    def is_excluded(self) -> bool:
        """Whether somebody at the clinic took it out."""
        return self.appointment.key in self.world.person.excluded

    def why_not(self) -> Reason | None:
        """Why nobody may be reminded of this visit."""
        if self.reason is not None:
            return self.reason
        if self.is_excluded:
            return Reason.EXCLUDED
        listeners = self._listeners()
        return listeners if isinstance(listeners, Reason) else None

    def told(self, step: PreparedStep) -> Recipient | Reason:
        """Who is told by a step, or why nobody is."""
        if self.is_excluded:
            return Reason.EXCLUDED
        listeners = self._listeners()
        if isinstance(listeners, Reason):
            return listeners
        if reason := self._unmet(step):
            return reason
        return recipient(listeners, step.step.channels, self.world.person, self.clinic)

    def due(
        self,
        step: PreparedStep,
        wanted: datetime,
        latest: datetime,
        *,
        visit_at: datetime | None = None,
    ) -> Due | None:
        """When a step is told that is wanted then; None: quiet hours leave none."""
        zone = zone_of(self.world.person.patient, self.clinic)
        return due(
            self.clinic, zone, step.step, wanted, latest=latest, visit_at=visit_at
        )

    def candidate(
        self, step: PreparedStep, to: Recipient, when: Due, latest: datetime
    ) -> Candidate:
        """A step that can be told, to be weighed against the others."""
        notes = () if when.note is None else (when.note,)
        if step.step.step_id == OWN_LEAD:
            notes = (*notes, Note.OWN_LEAD)
        key = self.key(step)
        return Candidate(
            key=key,
            appointment=self.appointment,
            visit_on=local_date(self.clinic, self.appointment.start_at),
            clinic=self.clinic,
            rule_id=self.rule.rule_id,
            prepared=step,
            routes=to.routes,
            language=to.language,
            wanted_at=when.wanted_at,
            due_at=when.at,
            latest=latest,
            useful_until=latest,
            kept=self.world.kept.get(key),
            notes=notes,
        )

    def skipped(self, step: PreparedStep, reason: Reason) -> Skipped:
        """That a step is not told, and why."""
        clinic_id, rule_id = self.clinic.clinic_id, self.rule.rule_id
        return Skipped(self.key(step), reason, clinic_id, rule_id)

    def kept(self, step: PreparedStep) -> Reminder | None:
        """What an earlier plan decided of a step."""
        return self.world.kept.get(self.key(step)) if self.world.kept else None

    def key(self, step: PreparedStep) -> ReminderKey:
        """What a step of this visit is known by."""
        counted = step.kind in _COUNTED_BY_MOVES
        return ReminderKey(
            self.appointment.key,
            step.step.step_id,
            self.appointment.start_at,
            self.appointment.history.moves if counted else 0,
        )

    def _listeners(self) -> Audience | Reason:
        if self._audience is None:
            person, patient = self.world.person, self.world.patient
            self._audience = (
                patient
                if isinstance(patient, Reason)
                else audience(patient, self.clinic, self.appointment, person)
            )
        return self._audience

    def _unmet(self, step: PreparedStep) -> Reason | None:
        conditions = step.step.conditions
        if not conditions:
            return None
        if self._situation is None:
            appointment, world = self.appointment, self.world
            self._situation = Situation(
                confirmed=world.is_confirmed(appointment),
                answered=world.is_answered(appointment),
                booked_at=booked_at(appointment),
                start_at=appointment.start_at,
                is_first_of_day=world.is_first_of_the_day(appointment, self.clinic),
            )
        return unmet(conditions, self._situation, self.clinic)
