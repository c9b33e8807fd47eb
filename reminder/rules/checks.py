"""What must hold before anything is told: of the appointment, and of the person.

The checks come in this order, and the first that fails is the reason given:
entered in error, cancelled, noshow, not booked, declined, past; then no
readable record, deceased, inactive, opted out. What is wrong with the
appointment is worth more to a clinic than what is wrong with the record.
"""

from datetime import datetime

from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.people import Patient
from reminder.model.reasons import Reason
from reminder.model.reminders import Person

_ENDED = {
    AppointmentStatus.ENTERED_IN_ERROR: Reason.ENTERED_IN_ERROR,
    AppointmentStatus.CANCELLED: Reason.CANCELLED,
    AppointmentStatus.NOSHOW: Reason.NOSHOW,
}


def appointment_reason(appointment: Appointment, now: datetime) -> Reason | None:
    """Why nobody is told of an appointment; None when it is booked and ahead."""
    if appointment.status is not AppointmentStatus.BOOKED:
        return _ENDED.get(appointment.status, Reason.NOT_BOOKED)
    if appointment.participation is ParticipationStatus.DECLINED:
        return Reason.DECLINED
    if appointment.start_at <= now:
        return Reason.PAST
    return None


def patient_to_tell(person: Person) -> Patient | Reason:
    """The patient, if anything may be told about their appointments; else why not."""
    patient = person.patient
    if patient is None:
        return Reason.UNKNOWN_PATIENT
    if patient.deceased:
        return Reason.DECEASED
    if not patient.active:
        return Reason.INACTIVE
    if patient.opted_out or person.preference.nothing:
        return Reason.OPTED_OUT
    return patient
