"""Decides again, just before a reminder is sent, whether it may still go."""

from dataclasses import replace
from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import ContactPoint
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Person,
    Planned,
    Reminder,
    ReminderState,
)
from reminder.rules.checks import appointment_reason
from reminder.rules.plan import clinic_of, plan_appointment
from reminder.rules.quiet_hours import is_quiet


def decide_again(
    reminder: Reminder, person: Person, clinics: ClinicDirectory, now: datetime
) -> Reason | None:
    """Why a reminder may not go now; None when it may.

    The appointment is planned anew from what is known now, and the reminder
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
    decisions = plan_appointment(appointment, _sending(person, reminder), clinics, now)
    for decision in decisions:
        if decision.key == reminder.key:
            if isinstance(decision, Planned):
                return _before_going(decision, reminder, clinics, now)
            return _not_waiting(decision.reason)
    return _no_step(appointment, clinics, now)


def _not_waiting(reason: Reason) -> Reason:
    """A step that quiet hours leave no moment for has nothing to wait for."""
    return Reason.REPLANNED if reason is Reason.QUIET_HOURS else reason


def _before_going(
    planned: Planned, reminder: Reminder, clinics: ClinicDirectory, now: datetime
) -> Reason | None:
    if planned.clinic_id != reminder.clinic_id:
        return Reason.REPLANNED
    if _address(reminder) not in planned.routes:
        return Reason.REPLANNED
    if now >= planned.useful_until:
        return Reason.NO_LONGER_USEFUL
    if is_quiet(clinics.by_id(planned.clinic_id), now):
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
    appointment: Appointment, clinics: ClinicDirectory, now: datetime
) -> Reason:
    """Why nothing was decided for the reminder's step at all."""
    if reason := appointment_reason(appointment, now):
        return reason
    if clinic_of(appointment, clinics) is None:
        return Reason.NO_CLINIC
    return Reason.NO_LONGER_A_STEP
