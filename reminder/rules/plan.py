"""Decides, for each step of each appointment of a person, what is told and when.

The first check that fails gives the reason:

1. the appointment (`checks`): entered in error, cancelled, noshow, not
   booked, declined, past; then, if it is booked and ahead, no clinic
2. the person (`checks`): unknown, deceased, inactive, opted out
3. the step: replaced by the patient's own lead time; nobody to tell
   (`recipients`); no moment outside quiet hours; too late; superseded

A reminder planned in time stays planned after its moment has passed: what
could not be sent yet is sent while it is useful, and the queue ends it, for
all to see, when it is not.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Step
from reminder.rules.checks import appointment_reason, patient_to_tell
from reminder.rules.due import Due, due
from reminder.rules.recipients import Audience, Recipient, audience, recipient
from reminder.rules.steps import steps_for

_LAST_USE = timedelta(minutes=30)
"""How long before the visit its last reminder stops being useful."""

_NOT_PLANNED = {ReminderState.SKIPPED, ReminderState.WITHDRAWN, ReminderState.EXPIRED}
"""States whose moment, once it has passed, does not come again."""

_LASTING = {Reason.QUIET_HOURS, Reason.NO_LONGER_USEFUL}
"""Reasons that say more of a moment gone by than that it has gone by."""


def plan(
    person: Person, clinics: ClinicDirectory, now: datetime
) -> tuple[Decision, ...]:
    """One decision for every step of every appointment, in order of their starts.

    Made again from what it decided before, it decides the same. Appointments
    that are gone get no decision: what was planned for them is withdrawn.
    """
    appointments = sorted(person.appointments, key=lambda one: (one.start_at, one.key))
    return tuple(
        decision
        for appointment in appointments
        for decision in plan_appointment(appointment, person, clinics, now)
    )


def plan_appointment(
    appointment: Appointment, person: Person, clinics: ClinicDirectory, now: datetime
) -> list[Decision]:
    """What `plan` decides for one appointment, the steps in the clinic's order.

    An appointment of no clinic has no steps; if it is booked and ahead, one
    decision with an empty step id says so.
    """
    reason = appointment_reason(appointment, now)
    clinic = clinic_of(appointment, clinics)
    if clinic is None:
        return [] if reason else [Skipped(_key(appointment, ""), Reason.NO_CLINIC)]
    visit = _Visit(appointment, clinic, person, now)
    steps = steps_for(clinic, person.preference)
    listeners = reason or visit.audience()
    if isinstance(listeners, Reason):
        return visit.skip((*steps.followed, *steps.replaced), listeners)
    return [
        *_follow(visit, steps.followed, listeners),
        *visit.skip(steps.replaced, Reason.REPLACED_BY_PREFERENCE),
    ]


def clinic_of(appointment: Appointment, clinics: ClinicDirectory) -> Clinic | None:
    """The clinic whose rules an appointment follows."""
    place = appointment.place
    location_id = place.location_id if place is not None else None
    return clinics.find(appointment.key.connection, location_id)


@dataclass(frozen=True, slots=True)
class _Visit:
    """One appointment at its clinic, as seen now."""

    appointment: Appointment
    clinic: Clinic
    person: Person
    now: datetime

    def audience(self) -> Audience | Reason:
        patient = patient_to_tell(self.person)
        if isinstance(patient, Reason):
            return patient
        return audience(patient, self.clinic, self.appointment.start_at)

    def skip(self, steps: Sequence[Step], reason: Reason) -> list[Decision]:
        return [
            Skipped(_key(self.appointment, step.step_id), reason, self.clinic.clinic_id)
            for step in steps
        ]

    def kept(self, step: Step) -> Reminder | None:
        key = _key(self.appointment, step.step_id)
        return next((one for one in self.person.kept if one.key == key), None)


@dataclass(frozen=True, slots=True)
class _Told:
    """A step that somebody can be told in time."""

    step: Step
    to: Recipient
    due: Due


def _follow(
    visit: _Visit, steps: Sequence[Step], listeners: Audience
) -> list[Decision]:
    looks = [(step, _look(visit, step, listeners)) for step in steps]
    told = [look for _, look in looks if isinstance(look, _Told)]
    useful_until = _useful_until(told, visit.appointment.start_at)
    decisions: list[Decision] = []
    for step, look in looks:
        if isinstance(look, Reason):
            decisions += visit.skip([step], look)
        elif step.step_id not in useful_until:
            decisions += visit.skip([step], Reason.NO_LONGER_USEFUL)
        else:
            decisions.append(_planned(visit, look, useful_until[step.step_id]))
    return decisions


def _look(visit: _Visit, step: Step, listeners: Audience) -> _Told | Reason:
    to = recipient(listeners, step.channels, visit.person, visit.clinic)
    if isinstance(to, Reason):
        return to
    when = due(visit.clinic, step.offset, visit.appointment.start_at)
    if when is None:
        return Reason.QUIET_HOURS
    return _lateness(when, visit.kept(step), visit.now) or _Told(step, to, when)


def _lateness(when: Due, kept: Reminder | None, now: datetime) -> Reason | None:
    """Why a step whose moment has passed is not planned any more; None while it is.

    One that was planned in time is not late. But one whose moment was still to
    come and is over all at once has moved with the clinic's rules: everybody
    it concerns would get it now, in the same minute.
    """
    if when.at >= now:
        return None
    was_to_come = kept is not None and kept.due_at is not None and kept.due_at > now
    if kept is not None and not was_to_come:
        if kept.state not in _NOT_PLANNED or kept.reason is Reason.REPLANNED:
            return None
        if kept.reason in _LASTING:
            return kept.reason
    # The evening before was the only moment outside quiet hours, and it is over.
    moved_back_too_far = when.wanted_at >= now
    return Reason.QUIET_HOURS if moved_back_too_far else Reason.TOO_LATE


def _useful_until(told: Sequence[_Told], start_at: datetime) -> dict[str, datetime]:
    """Until when each step is of use: until the next one is due, or the visit is near.

    Of steps that quiet hours pushed onto one instant only the one meant to be
    closest to the visit is left, since two messages at once tell no more than
    one; steps due when the visit is already near are left out as well.
    """
    limits: dict[str, datetime] = {}
    limit = start_at - _LAST_USE
    latest_first = sorted(
        told, key=lambda one: (one.due.at, one.due.wanted_at), reverse=True
    )
    for one in latest_first:
        if one.due.at < limit:
            limits[one.step.step_id] = limit
            limit = one.due.at
    return limits


def _planned(visit: _Visit, told: _Told, useful_until: datetime) -> Planned:
    return Planned(
        key=_key(visit.appointment, told.step.step_id),
        clinic_id=visit.clinic.clinic_id,
        template=told.step.template,
        language=told.to.language,
        routes=told.to.routes,
        due_at=told.due.at,
        useful_until=useful_until,
    )


def _key(appointment: Appointment, step_id: str) -> ReminderKey:
    return ReminderKey(appointment.key, step_id, appointment.start_at)
