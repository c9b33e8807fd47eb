"""Decides again, just before a reminder is sent, whether it may still go."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.people import ContactPoint
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Person,
    Planned,
    Reminder,
    ReminderState,
)
from reminder.rules.checks import appointment_reason
from reminder.rules.plan import plan_going
from reminder.rules.prepared import StepKind, kind_of, prepared, rule_of
from reminder.rules.quiet_hours import is_quiet, quiet_until
from reminder.rules.recipients import zone_of


def decide_again(
    reminder: Reminder, person: Person, clinics: ClinicDirectory, now: datetime
) -> Reason | None:
    """Why a reminder may not go now; None when it may.

    The person is planned for anew from what is known now, and the reminder
    must come out as it went in. QUIET_HOURS, said only while it is quiet, is
    to be waited out. After REPLANNED it must be planned again: it goes to
    another address or under another clinic's name, or not at all.
    """
    key = reminder.key.appointment
    appointment = next((one for one in person.appointments if one.key == key), None)
    if appointment is None:
        return Reason.GONE
    if appointment.start_at != reminder.key.start_at:
        return appointment_reason(appointment, now) or Reason.MOVED
    for decision in plan_going(_sending(person, reminder), clinics, now, reminder):
        if decision.key == reminder.key:
            if isinstance(decision, Planned):
                return _before_going(decision, reminder, person, clinics, now)
            return _not_waiting(decision.reason)
    return _no_step(appointment, reminder, person, clinics, now)


def is_early(
    reminder: Reminder, person: Person, clinics: ClinicDirectory, now: datetime
) -> bool:
    """Whether a reminder, by itself, is not due yet: it was to go with another."""
    decisions = plan_going(_sending(person, reminder), clinics, now, reminder)
    return any(
        isinstance(one, Planned) and one.key == reminder.key and one.due_at > now
        for one in decisions
    )


def quiet_hours_end(
    clinic: Clinic, people: Iterable[Person | None], now: datetime
) -> datetime:
    """When (UTC) it is no longer quiet for any of these people; `now` if it is not."""
    ends = (
        quiet_until(
            clinic.quiet_hours, zone_of(one.patient if one else None, clinic), now
        )
        for one in people
    )
    return max(ends, default=now)


def _not_waiting(reason: Reason) -> Reason:
    """A step that quiet hours leave no moment for has nothing to wait for."""
    return Reason.REPLANNED if reason is Reason.QUIET_HOURS else reason


def _before_going(
    planned: Planned,
    reminder: Reminder,
    person: Person,
    clinics: ClinicDirectory,
    now: datetime,
) -> Reason | None:
    if planned.clinic_id != reminder.clinic_id:
        return Reason.REPLANNED
    if _address(reminder) not in planned.routes:
        return Reason.REPLANNED
    if now >= planned.useful_until:
        return Reason.NO_LONGER_USEFUL
    clinic = clinics.by_id(planned.clinic_id)
    if is_quiet(clinic.quiet_hours, zone_of(person.patient, clinic), now):
        return Reason.QUIET_HOURS
    return None


def _address(reminder: Reminder) -> ContactPoint | None:
    """The address now being tried; a reminder has one for each channel."""
    of_channel = (one for one in reminder.routes if one.channel is reminder.channel)
    return next(of_channel, None)


def _sending(person: Person, reminder: Reminder) -> Person:
    """The person's world with this reminder as one that was planned in time."""
    others = (one for one in person.kept if one.key != reminder.key)
    ours = replace(reminder, state=ReminderState.IN_MESSAGE)
    return replace(person, kept=(*others, ours))


def _no_step(
    appointment: Appointment,
    reminder: Reminder,
    person: Person,
    clinics: ClinicDirectory,
    now: datetime,
) -> Reason:
    """Why nothing was decided for the reminder's step at all."""
    clinic = prepared(clinics).of(appointment)
    if clinic is None:
        return appointment_reason(appointment, now) or Reason.NO_CLINIC
    rule = rule_of(appointment, person, clinic)
    steps = rule.steps if rule is not None else ()
    step = next((one for one in steps if one.step_id == reminder.key.step_id), None)
    if step is None:
        return appointment_reason(appointment, now) or Reason.NO_LONGER_A_STEP
    # An event that did not happen after all, or happened once more since.
    if kind_of(step.offset) is StepKind.CANCELLED:
        return Reason.TAKEN_BACK
    return appointment_reason(appointment, now) or Reason.TAKEN_BACK
