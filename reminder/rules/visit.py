"""One appointment under its rule, as its steps see it: who is told, what was kept."""

from dataclasses import dataclass, field
from datetime import datetime
from zoneinfo import ZoneInfo

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import Channel
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Reminder, ReminderKey, Skipped
from reminder.model.rulesets import Rule
from reminder.rules.candidates import Candidate
from reminder.rules.conditions import Situation, unmet
from reminder.rules.due import Due, due
from reminder.rules.prepared import PreparedStep
from reminder.rules.recipients import (
    Audience,
    Recipient,
    audience,
    recipient,
    zone_of,
)
from reminder.rules.steps import OWN_LEAD
from reminder.rules.world import World


@dataclass(slots=True)
class Visit:
    """One appointment at its clinic, as seen now.

    `reason` is why nobody is reminded of it, if so. What several steps ask for
    is worked out when the first of them does.
    """

    appointment: Appointment
    clinic: Clinic
    rule: Rule
    world: World
    reason: Reason | None
    _listeners: Audience | Reason | None = None
    _situation: Situation | None = None
    _zone: ZoneInfo | None = None
    _recipients: dict[tuple[Channel, ...], Recipient | Reason] = field(
        default_factory=dict
    )

    def why_not(self) -> Reason | None:
        """Why nobody may be reminded of this visit."""
        if self.reason is not None:
            return self.reason
        listeners = self._audience()
        return listeners if isinstance(listeners, Reason) else None

    def told(self, step: PreparedStep) -> Recipient | Reason:
        """Who is told by a step, or why nobody is."""
        listeners = self._audience()
        if isinstance(listeners, Reason):
            return listeners
        if step.step.conditions and (reason := self._unmet(step)):
            return reason
        channels = step.step.channels
        found = self._recipients.get(channels)
        if found is None:
            found = recipient(listeners, channels, self.world.person, self.clinic)
            self._recipients[channels] = found
        return found

    def due(
        self,
        step: PreparedStep,
        wanted: datetime,
        latest: datetime,
        *,
        visit_at: datetime | None = None,
    ) -> Due | None:
        """When a step is told that is wanted then; None: quiet hours leave none."""
        if self._zone is None:
            self._zone = zone_of(self.world.person.patient, self.clinic)
        return due(
            self.clinic, self._zone, step.step, wanted, latest=latest, visit_at=visit_at
        )

    def candidate(
        self, step: PreparedStep, to: Recipient, when: Due, latest: datetime
    ) -> Candidate:
        """A step that can be told, to be weighed against the others."""
        notes = () if when.note is None else (when.note,)
        if step.step_id == OWN_LEAD:
            notes = (*notes, Note.OWN_LEAD)
        key = self.key(step)
        return Candidate(
            key=key,
            appointment=self.appointment,
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
        appointment = self.appointment
        n = self._events() if step.counts_moves else 0
        return ReminderKey(appointment.key, step.step_id, appointment.start_at, n)

    def _events(self) -> int:
        """How often it was moved, or cancelled for all its patient knew."""
        moves = self.appointment.history.moves
        return moves + self.world.told_cancellations(self.appointment)

    def _audience(self) -> Audience | Reason:
        if self._listeners is None:
            self._listeners = self._who()
        return self._listeners

    def _who(self) -> Audience | Reason:
        person, patient = self.world.person, self.world.patient
        if self.appointment.key in person.excluded:
            return Reason.EXCLUDED
        if isinstance(patient, Reason):
            return patient
        return audience(patient, self.clinic, self.appointment, person)

    def _unmet(self, step: PreparedStep) -> Reason | None:
        if self._situation is None:
            appointment, world = self.appointment, self.world
            self._situation = Situation(
                confirmed=world.is_confirmed(appointment),
                answered=world.is_answered(appointment),
                booked_at=appointment.booked_at,
                start_at=appointment.start_at,
                is_first_of_day=world.is_first_of_the_day(appointment, self.clinic),
            )
        return unmet(step.step.conditions, self._situation, self.clinic)
