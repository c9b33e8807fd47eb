"""What templates may speak of: flat, harmless strings, and no more than they need."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reminder.messages.harmless import PLACE, harmless, harmless_url, one_line
from reminder.messages.when import (
    long_date,
    long_date_time,
    text_direction,
    time_of_day,
    upper_first,
    zone_name,
)
from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import ContactPoint, Patient

Words = Mapping[str, object]
"""The context of one template."""

NOTICE, NEW_LINK = "notice", "new-link"
WITHOUT_DETAILS = frozenset({NOTICE, NEW_LINK})
"""The messages that are handed nothing of any patient."""

_SHORT_NAME, _FIRST_NAME = 40, 40


@dataclass(frozen=True, slots=True)
class Visit:
    """One booking a message is about, and whose it is."""

    appointment: Appointment
    patient: Patient


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWords:
    """One visit as a template prints it. What is not known is an empty string.

    `day` is for a heading: a capital first, the date not broken over lines.
    `day_and_time` is for running text. No reason, specialty, service or place
    name is here for a template to use.
    """

    name: str = field(repr=False)
    day: str = field(repr=False)
    time: str = field(repr=False)
    day_and_time: str = field(repr=False)
    zone: str
    practitioner: str = field(repr=False)
    address: str = field(repr=False)
    join_url: str = field(repr=False)


def outline(clinic: Clinic) -> Words:
    """For a subject, which anybody may read over a shoulder: the short name alone."""
    return {"clinic": one_line(clinic.short_name, _SHORT_NAME)}


def text_message(clinic_name: str, link: str) -> Words:
    """For a text message: who writes and where to look, nothing of any patient."""
    return {"clinic": clinic_name, "link": link}


def notice(clinic: Clinic, language: str, link: str, subject: str) -> Words:
    """For an e-mail that says only that something waits: nothing of any patient."""
    return {
        **outline(clinic),
        "link": link,
        "subject": subject,
        "clinic_name": one_line(clinic.name),
        "clinic_address": one_line(clinic.address, PLACE),
        "phone": one_line(clinic.phone),
        "phone_link": _phone_link(clinic.phone),
        "language": language,
        "direction": text_direction(language),
    }


def details(
    clinic: Clinic,
    language: str,
    link: str,
    subject: str,
    visits: Sequence[Visit],
    to: ContactPoint,
) -> Words:
    """For an e-mail that may name the visits, the earliest first.

    `name` is the first name when all visits are one patient's, else empty.
    `own` says that the message goes to that patient, not to a guardian.
    """
    ordered = sorted(visits, key=lambda visit: visit.appointment.start_at)
    patients = {visit.patient.key: visit.patient for visit in ordered}
    only = next(iter(patients.values())) if len(patients) == 1 else None
    return {
        **notice(clinic, language, link, subject),
        "visits": tuple(visit_words(visit, clinic, language) for visit in ordered),
        "name": harmless(only.given, _FIRST_NAME) if only else "",
        "own": only is not None and to in only.contact_points,
    }


def visit_words(visit: Visit, clinic: Clinic, language: str) -> VisitWords:
    """One visit in words, in the clinic's zone."""
    appointment, zone = visit.appointment, clinic.zone
    start_at = appointment.start_at
    return VisitWords(
        name=harmless(visit.patient.given, _FIRST_NAME),
        day=_unbroken(upper_first(long_date(start_at, zone, language))),
        time=time_of_day(start_at, zone, language),
        day_and_time=long_date_time(start_at, zone, language),
        zone=zone_name(start_at, zone, language),
        practitioner=harmless(appointment.practitioner),
        address=address(appointment, clinic),
        join_url=harmless_url(appointment.join_url) or "",
    )


def address(appointment: Appointment, clinic: Clinic) -> str:
    """Where to come, without the place's name: that may tell the specialty."""
    place = appointment.place.address if appointment.place else ""
    return harmless(place, PLACE, digits=True) or harmless(
        clinic.address, PLACE, digits=True
    )


def _unbroken(day: str) -> str:
    weekday, comma, date = day.partition(", ")
    return weekday + comma + date.replace(" ", "\xa0")


def _phone_link(phone: str) -> str:
    """The number as RFC 3966 wants it in a `tel:` URI; empty when it has no digit."""
    digits = "".join(filter("0123456789".__contains__, phone))
    return ("+" if phone.strip().startswith("+") else "") + digits
