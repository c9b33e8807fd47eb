"""Who is a minor at a visit, and whether it is theirs alone to know of."""

from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import Patient
from reminder.rules.ages import age
from reminder.rules.calendar import local_date
from reminder.rules.sensitivity import is_confidential

_FULL = len("2001-02-03")


def is_minor(patient: Patient, clinic: Clinic, start_at: datetime) -> bool:
    """Whether the patient is below the clinic's age of majority on that day there.

    A birth date of which the EHR knows only a part is taken as the youngest
    possible; a patient without any is taken as an adult.
    """
    born = patient.birth_date
    # Most are so much older that no calendar has to be asked.
    if born is None or start_at.year - int(born[:4]) > clinic.age_of_majority + 2:
        return False
    return age(born, local_date(clinic, start_at)) < clinic.age_of_majority


def is_in_confidence(
    patient: Patient, clinic: Clinic, appointment: Appointment
) -> bool:
    """Whether it is a confidential visit of a minor who may be old enough for one.

    A birth date known in part is taken as the oldest possible here, so that
    no guardian is told in doubt.
    """
    born, start_at = patient.birth_date, appointment.start_at
    if born is None or not is_confidential(appointment, clinic.ruleset):
        return False
    if not is_minor(patient, clinic, start_at):
        return False
    first_day = f"{born}-01-01"[:_FULL]
    return (
        age(first_day, local_date(clinic, start_at))
        >= clinic.ruleset.confidential.from_age
    )
