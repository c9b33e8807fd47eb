"""One visit in words: as much of it as its tier lets a message say."""

from dataclasses import dataclass, field
from datetime import datetime

from reminder.messages.harmless import PLACE, harmless, harmless_prose, harmless_url
from reminder.messages.harmless import one_line as clinics_own
from reminder.messages.segments import name_in_gsm7
from reminder.messages.when import (
    long_date,
    long_date_time,
    short_date_time,
    time_of_day,
    upper_first,
    zone_name,
)
from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import Patient
from reminder.model.rulesets import Tier

FIRST_NAME = 40
_NAME_IN_A_TEXT, _PRACTITIONER_IN_A_TEXT = 24, 40


@dataclass(frozen=True, slots=True)
class Visit:
    """One booking a message is about, whose it is, and how much may be said of it.

    `was_at` (UTC) is when it was to be before it moved, for the words of that.
    """

    appointment: Appointment
    patient: Patient
    tier: Tier = Tier.STANDARD
    was_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class VisitWords:
    """One visit as an e-mail prints it. What is not known or not told is empty.

    `day` is for a heading: a capital first, the date not broken over lines.
    `day_and_time` and `old_time` are for running text. No reason, specialty,
    service or place name is here for a template to use. The basic tier has
    the times alone, and only the full one `practitioner` and `instructions`.
    """

    name: str = field(repr=False)
    day: str = field(repr=False)
    time: str = field(repr=False)
    day_and_time: str = field(repr=False)
    old_time: str = field(repr=False)
    zone: str
    clinic: str = ""
    address: str = field(default="", repr=False)
    join_url: str = field(default="", repr=False)
    practitioner: str = field(default="", repr=False)
    instructions: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class TextWords:
    """One visit as a text message prints it, in GSM-7 where its words allow that.

    A name that GSM-7 cannot spell is left out.
    """

    name: str = field(repr=False)
    when: str = field(repr=False)
    old_time: str = field(repr=False)
    practitioner: str = field(repr=False)


def visit_words(visit: Visit, clinic: Clinic, language: str) -> VisitWords:
    """One visit in words for an e-mail, in the clinic's zone."""
    appointment, zone, tier = visit.appointment, clinic.zone, visit.tier
    start_at, is_told = appointment.start_at, tier >= Tier.STANDARD
    join_url = harmless_url(appointment.join_url) or ""
    practitioner = harmless(appointment.practitioner)
    instructions = harmless_prose(appointment.instructions)
    return VisitWords(
        name=first_name(visit),
        day=_unbroken(upper_first(long_date(start_at, zone, language))),
        time=time_of_day(start_at, zone, language),
        day_and_time=long_date_time(start_at, zone, language),
        old_time=(long_date_time(visit.was_at, zone, language) if visit.was_at else ""),
        zone=zone_name(start_at, zone, language),
        clinic=clinics_own(clinic.name) if is_told else "",
        address=address(appointment, clinic) if is_told else "",
        join_url=join_url if is_told else "",
        practitioner=practitioner if tier >= Tier.FULL else "",
        instructions=instructions if tier >= Tier.FULL else "",
    )


def text_words(visit: Visit, clinic: Clinic, language: str) -> TextWords:
    """One visit in words for a text message, in the clinic's zone."""
    zone, was_at = clinic.zone, visit.was_at
    when = short_date_time(visit.appointment.start_at, zone, language)
    practitioner = harmless(visit.appointment.practitioner, _PRACTITIONER_IN_A_TEXT)
    return TextWords(
        name=name_in_gsm7(first_name(visit, _NAME_IN_A_TEXT)),
        when=_in_gsm7_or_whole(when),
        old_time=(
            _in_gsm7_or_whole(short_date_time(was_at, zone, language)) if was_at else ""
        ),
        practitioner=name_in_gsm7(practitioner) if visit.tier >= Tier.FULL else "",
    )


def first_name(visit: Visit, limit: int = FIRST_NAME) -> str:
    """What the patient is called, if the tier lets a message say it."""
    if visit.tier < Tier.STANDARD:
        return ""
    return harmless(visit.patient.given, limit)


def address(appointment: Appointment, clinic: Clinic) -> str:
    """Where to come, without the place's name: that may tell the specialty."""
    place = appointment.place.address if appointment.place else ""
    return harmless(place, PLACE, digits=True) or harmless(
        clinic.address, PLACE, digits=True
    )


def _in_gsm7_or_whole(when: str) -> str:
    """A date of another script stays as it is: its template is in that script too."""
    return name_in_gsm7(when) or when


def _unbroken(day: str) -> str:
    weekday, comma, date = day.partition(", ")
    return weekday + comma + date.replace(" ", "\xa0")
