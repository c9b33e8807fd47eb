"""At which clinic a visit is now, whichever clinic a message about it came from."""

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.rules.prepared import prepared


def clinic_of(
    appointment: Appointment, clinics: ClinicDirectory, otherwise: Clinic
) -> Clinic:
    """The clinic whose rules the visit follows; `otherwise` when it is of none.

    Who may be told of a visit, and how much, is said by the place it is at: it
    may have moved since a message went out in another clinic's name.
    """
    found = prepared(clinics).of(appointment)
    return found.clinic if found is not None else otherwise
