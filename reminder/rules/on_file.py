"""Whether an address may still be told of a visit it was told of before."""

from collections.abc import Iterable, Mapping

from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.people import ContactPoint, PatientKey
from reminder.model.reminders import Person
from reminder.rules.recipients import Audience, audience
from reminder.rules.where import clinic_of


def still_on_file(
    to: ContactPoint,
    visits: Iterable[AppointmentKey],
    people: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    otherwise: Clinic,
) -> tuple[AppointmentKey, ...]:
    """Those of the visits whose patient, or guardian, still has the address.

    A number may belong to a stranger by now: what the EHR no longer has, or
    who said stop, gets neither a new link nor an answer. Each visit is judged by
    the clinic it is at now, or by `otherwise` when it is of none.
    """
    return tuple(
        visit
        for visit in visits
        if visit.patient in people
        and _is_told(people[visit.patient], visit, to, clinics, otherwise)
    )


def _is_told(
    person: Person,
    visit: AppointmentKey,
    to: ContactPoint,
    clinics: ClinicDirectory,
    otherwise: Clinic,
) -> bool:
    patient = person.patient
    if patient is None or patient.deceased or to in person.blocked:
        return False
    told = (
        audience(
            patient, clinic_of(appointment, clinics, otherwise), appointment, person
        )
        for appointment in person.appointments
        if appointment.key == visit
    )
    return any(
        to in one.contact_points
        for each in told
        if isinstance(each, Audience)
        for one in each.people
    )
