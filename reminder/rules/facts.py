"""What rules may ask of an appointment, worked out only when one asks."""

from collections.abc import Collection
from dataclasses import dataclass

from reminder.model.appointments import CAME, Appointment
from reminder.model.clinics import Clinic
from reminder.model.reminders import Person
from reminder.model.rulesets import Mode, Visitor
from reminder.rules.ages import age
from reminder.rules.calendar import local_date

_FOLLOW_UP = "followup"
"""HL7's table 0276, the preferred codes of `Appointment.appointmentType`."""


@dataclass(frozen=True, slots=True, eq=False)
class Facts:
    """One appointment as rules see it. Codes and ids are in small letters.

    What is not known is None or empty, and fits no rule that asks for it.
    """

    appointment: Appointment
    person: Person
    clinic: Clinic

    @property
    def appointment_types(self) -> Collection[str]:
        """`Appointment.appointmentType`, as codes and text."""
        return self.appointment.kind.appointment_types

    @property
    def service_types(self) -> Collection[str]:
        """`Appointment.serviceType`, as codes and text."""
        return self.appointment.kind.service_types

    @property
    def service_categories(self) -> Collection[str]:
        """`Appointment.serviceCategory`, as codes and text."""
        return self.appointment.kind.service_categories

    @property
    def specialties(self) -> Collection[str]:
        """`Appointment.specialty`, as codes and text."""
        return self.appointment.kind.specialties

    @property
    def locations(self) -> Collection[str]:
        """The FHIR id of the Location."""
        place = self.appointment.place
        return () if place is None else (place.location_id.lower(),)

    @property
    def practitioners(self) -> Collection[str]:
        """The FHIR ids of the practitioners."""
        return [one.lower() for one in self.appointment.kind.practitioner_ids]

    @property
    def tags(self) -> Collection[str]:
        """`Appointment.meta.tag`."""
        return self.appointment.kind.tags

    @property
    def languages(self) -> Collection[str]:
        """The primary subtag of the language chosen here, else of the first spoken."""
        patient = self.person.patient
        language = self.person.preference.language or (patient and patient.language)
        return (primary_subtag(language),) if language else ()

    @property
    def modes(self) -> Collection[str]:
        """Telehealth if the EHR says so or gave a link to join, else in person."""
        is_remote = self.appointment.kind.telehealth or self.appointment.join_url
        return (Mode.TELEHEALTH if is_remote else Mode.IN_PERSON,)

    @property
    def visitors(self) -> Collection[str]:
        """Returning for a follow-up, or if the patient came to an earlier visit."""
        if _FOLLOW_UP in self.appointment.kind.appointment_types:
            return (Visitor.RETURNING,)
        start_at = self.appointment.start_at
        came = any(
            one.status in CAME and one.start_at < start_at
            for one in self.person.appointments
        )
        return (Visitor.RETURNING if came else Visitor.NEW,)

    @property
    def age(self) -> int | None:
        """The patient's age in years on the clinic's day of the visit."""
        patient = self.person.patient
        if patient is None or patient.birth_date is None:
            return None
        return age(
            patient.birth_date, local_date(self.clinic, self.appointment.start_at)
        )

    @property
    def lead_s(self) -> float | None:
        """The seconds that pass between the booking and the visit."""
        booked_at = self.appointment.booked_at
        if booked_at is None:
            return None
        return (self.appointment.start_at - booked_at).total_seconds()

    @property
    def lead_days(self) -> int | None:
        """The clinic's calendar days from the booking to the visit."""
        booked_at = self.appointment.booked_at
        if booked_at is None:
            return None
        last = local_date(self.clinic, self.appointment.start_at)
        return (last - local_date(self.clinic, booked_at)).days


def facts(appointment: Appointment, person: Person, clinic: Clinic) -> Facts:
    """What the rules of a clinic may ask of one appointment of a person."""
    return Facts(appointment, person, clinic)


def primary_subtag(language: str) -> str:
    """The language without its region or script: `es` of `es-MX` (BCP 47)."""
    return language.strip().partition("-")[0].lower()
