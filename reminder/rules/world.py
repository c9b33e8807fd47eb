"""What of a person's world every decision looks at, put in order once."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import cached_property

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.clinics import Clinic
from reminder.model.people import Patient
from reminder.model.reasons import Reason
from reminder.model.reminders import Person, Reminder, ReminderKey, ReminderState
from reminder.rules.calendar import local_date
from reminder.rules.checks import patient_to_tell
from reminder.rules.prepared import PreparedDirectory, StepKind, rule_of

_HOLDS = {AnswerState.WAITING, AnswerState.WRITTEN, AnswerState.REQUESTED}
"""An answer the EHR has not been told of yet is an answer."""

_MOVES = {AnswerKind.MOVE, AnswerKind.UNDO_MOVE}
_SAID = {ReminderState.SENT, ReminderState.ANSWERED}
_ON_ITS_WAY = {*_SAID, ReminderState.IN_MESSAGE, ReminderState.HELD}

_NOT_HAPPENING = {
    AppointmentStatus.CANCELLED,
    AppointmentStatus.NOSHOW,
    AppointmentStatus.ENTERED_IN_ERROR,
}


_Pairs = Mapping[AppointmentKey, Appointment]


class World:
    """One person at one moment, indexed; nothing in it is decided.

    `going` is the reminder that is about to be sent, if one is.
    """

    def __init__(
        self,
        person: Person,
        directory: PreparedDirectory,
        now: datetime,
        going: Reminder | None = None,
    ) -> None:
        self.person = person
        self.directory = directory
        self.now = now
        self.going = going
        self.rebookings: tuple[_Pairs, _Pairs] | None = None
        self._firsts: dict[str, dict[date, AppointmentKey]] = {}
        self.kept: dict[ReminderKey, Reminder] = {one.key: one for one in person.kept}

    @cached_property
    def patient(self) -> Patient | Reason:
        """The patient, or why nothing may be told about their visits."""
        return patient_to_tell(self.person)

    def is_confirmed(self, appointment: Appointment) -> bool:
        """Whether the patient said they will come, at the time it now has."""
        if appointment.participation is ParticipationStatus.ACCEPTED:
            return True
        return any(
            answer.kind is AnswerKind.CONFIRM and self._is_about(answer, appointment)
            for answer in self._answers(appointment.key)
        )

    def is_answered(self, appointment: Appointment) -> bool:
        """Whether the patient has said anything about the time it now has."""
        if appointment.participation in {
            ParticipationStatus.ACCEPTED,
            ParticipationStatus.DECLINED,
        }:
            return True
        return any(
            self._is_about(answer, appointment)
            for answer in self._answers(appointment.key)
        )

    def cancelled_it(self, appointment: Appointment) -> bool:
        """Whether it was the patient who cancelled, from a link of ours."""
        changes = (
            one
            for one in self._answers(appointment.key)
            if one.kind is not AnswerKind.CONFIRM and one.state in _HOLDS
        )
        last = next(changes, None)
        return last is not None and last.kind is AnswerKind.CANCEL

    def moved_away(self, appointment: Appointment) -> bool:
        """Whether its patient has moved it to another booking, which stands for it."""
        others = (one for one in self.person.appointments if one.key != appointment.key)
        return any(self._is_moved(appointment.key, other) for other in others)

    def chose(self, appointment: Appointment) -> bool:
        """Whether it is what the patient's move of another booking became."""
        return any(
            self._is_moved(answer.appointment, appointment)
            for answer in self.person.answers
            if answer.appointment != appointment.key
        )

    def _is_moved(self, key: AppointmentKey, to: Appointment) -> bool:
        return any(
            answer.kind in _MOVES
            and answer.state in _HOLDS
            and answer.slot_start_at == to.start_at
            and (not to.slot_ids or answer.slot_id in to.slot_ids)
            for answer in self._answers(key)
        )

    def asked_to_cancel(self, appointment: Appointment) -> bool:
        """Whether a human was asked to cancel it, who has not done so yet."""
        changes = (
            one
            for one in self._answers(appointment.key)
            if one.kind is not AnswerKind.CONFIRM
        )
        last = next(changes, None)
        return (
            last is not None
            and last.kind is AnswerKind.CANCEL
            and last.state is AnswerState.REQUESTED
            and last.before_start_at == appointment.start_at
        )

    def known_start(self, appointment: Appointment) -> datetime | None:
        """The start the patient was told of last, or chose; None: we never said any."""
        said = [
            (one.told_at or one.due_at, one.key.start_at)
            for one in self._reminders(appointment.key)
            if one.state in _SAID
        ]
        chosen = [
            (one.at, one.slot_start_at)
            for one in self._answers(appointment.key)
            if one.kind in _MOVES and _is_chosen(one, appointment)
        ]
        known = [
            (at, start) for at, start in (*said, *chosen) if at is not None and start
        ]
        return max(known)[1] if known else None

    def said_by(self, appointment: Appointment, step_id: str) -> bool:
        """Whether a step of the appointment was told, or is on its way."""
        return any(
            one.key.step_id == step_id and one.state in _ON_ITS_WAY
            for one in self._reminders(appointment.key)
        )

    def _is_going(self, reminder: Reminder) -> bool:
        return self.going is not None and reminder.key == self.going.key

    def is_anything_said(self, appointment: Appointment) -> bool:
        """Whether any step of the appointment was told, or is on its way."""
        return any(
            one.state in _ON_ITS_WAY and not self._is_going(one)
            for one in self._reminders(appointment.key)
        )

    def told_cancellations(self, appointment: Appointment) -> int:
        """How often the patient was told that it was cancelled, before it is as now."""
        since = appointment.history.status_since
        if since is None or not self.kept:
            return 0
        steps = self.step_ids(appointment, StepKind.CANCELLED)
        return sum(
            one.state in _SAID and (one.told_at or since) < since
            for one in self._reminders(appointment.key)
            if one.key.step_id in steps and one.key.start_at == appointment.start_at
        )

    def step_ids(self, appointment: Appointment, kind: StepKind) -> frozenset[str]:
        """The ids of the steps of one kind in the rule the appointment follows."""
        clinic = self.directory.of(appointment)
        rule = rule_of(appointment, self.person, clinic) if clinic else None
        if clinic is None or rule is None:
            return frozenset()
        steps = clinic.steps[rule.rule_id]
        return frozenset(one.step_id for one in steps if one.kind is kind)

    def is_first_of_the_day(self, appointment: Appointment, clinic: Clinic) -> bool:
        """Whether the patient has no earlier visit that day, over or to come."""
        return self._first_of(clinic).get(local_date(clinic, appointment.start_at)) in (
            None,
            appointment.key,
        )

    def _first_of(self, clinic: Clinic) -> dict[date, AppointmentKey]:
        if clinic.clinic_id in self._firsts:
            return self._firsts[clinic.clinic_id]
        first = self._firsts[clinic.clinic_id] = {}
        happening = (
            one
            for one in self.person.appointments
            if one.status not in _NOT_HAPPENING
            and one.participation is not ParticipationStatus.DECLINED
        )
        for one in sorted(happening, key=lambda one: (one.start_at, one.key)):
            first.setdefault(local_date(clinic, one.start_at), one.key)
        return first

    def _is_about(self, answer: Answer, appointment: Appointment) -> bool:
        start_at = appointment.start_at
        return (
            answer.state in _HOLDS
            and (answer.slot_start_at or answer.before_start_at) == start_at
        )

    def _answers(self, key: AppointmentKey) -> Iterable[Answer]:
        return (one for one in self.person.answers if one.appointment == key)

    def _reminders(self, key: AppointmentKey) -> Iterable[Reminder]:
        return (one for one in self.person.kept if one.key.appointment == key)


def _is_chosen(answer: Answer, appointment: Appointment) -> bool:
    """Whether the patient takes the time for theirs; a request is none until then."""
    if answer.state is AnswerState.REQUESTED:
        return answer.slot_start_at == appointment.start_at
    return answer.state in _HOLDS
