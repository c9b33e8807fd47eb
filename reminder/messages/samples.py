"""Invented visits, so that every template is filled once before the first patient's."""

from dataclasses import replace
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from reminder.messages.visit_words import Visit
from reminder.messages.wording import (
    DETAILS,
    WITHOUT_DETAILS,
    Words,
    details,
    notice,
    outline,
    text_details,
    text_message,
)
from reminder.model.appointments import Appointment, AppointmentKey, AppointmentStatus
from reminder.model.clinics import Clinic
from reminder.model.people import Channel, ContactPoint, Patient, PatientKey
from reminder.model.rulesets import Tier

CLINIC = Clinic(
    clinic_id="sample",
    connection="sample",
    name="Sample Clinic of Family Medicine",
    short_name="Sample Clinic",
    zone=ZoneInfo("America/Chicago"),
    phone="555-010-0100",
    address="1 Sample Street, Springfield, IL 62701",
)
LINK = "https://reminder.example.org/r/AAAAAAAAAAAAAAAAAAAAAA"
_TO = ContactPoint(Channel.EMAIL, "alex@example.org")
_ELSEWHERE = ContactPoint(Channel.EMAIL, "guardian@example.org")
_ALEX = Patient(key=PatientKey("sample", "p1"), given="Alex", contact_points=(_TO,))
_KIM = Patient(key=PatientKey("sample", "p2"), given="Kim")
_NAMELESS = Patient(key=PatientKey("sample", "p3"), contact_points=(_TO,))
_VISIT = Appointment(
    key=AppointmentKey("sample", "a1", "p1"),
    status=AppointmentStatus.BOOKED,
    start_at=datetime(2026, 12, 3, 20, 30, tzinfo=UTC),
    practitioner="Dr. Robin Sample",
    instructions="Please bring your card.",
)
_WAS_AT = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
_BY_VIDEO = replace(_VISIT, join_url="https://video.example.org/room")
_BARE = replace(_VISIT, practitioner="", instructions="")
_BARE_CLINIC = replace(CLINIC, phone="", address="")


def samples_for(file: str) -> tuple[Words, ...]:
    """What a template at this path may be handed, one for each branch it may take."""
    folder, *between, base = file.split("/")
    language = between[0] if between else "en"
    if folder == "sms" and (base.startswith("_") or DETAILS in base):
        return _text_details(language)
    if folder == "sms":
        return tuple(
            text_message(CLINIC.short_name, LINK, phone) for phone in (CLINIC.phone, "")
        )
    if base.endswith(".subject.txt"):
        return (outline(CLINIC),)
    if base.split(".")[0] in WITHOUT_DETAILS:
        return tuple(
            notice(clinic, language, LINK, "Subject")
            for clinic in (CLINIC, _BARE_CLINIC)
        )
    return _details(language)


@lru_cache(maxsize=16)
def _details(language: str) -> tuple[Words, ...]:
    return tuple(
        details(clinic, language, LINK, "Subject", visits, to)
        for clinic, visits, to in _CASES
    )


@lru_cache(maxsize=16)
def _text_details(language: str) -> tuple[Words, ...]:
    return tuple(
        text_details(clinic, language, LINK, visits, to)
        for clinic, visits, to in _CASES
    )


_FULL = Visit(_VISIT, _ALEX, Tier.FULL, _WAS_AT)
_CASES = (
    (CLINIC, (_FULL,), _TO),
    (CLINIC, (_FULL,), _ELSEWHERE),
    (CLINIC, (Visit(_BY_VIDEO, _ALEX), _FULL), _TO),
    (CLINIC, (_FULL, Visit(_BY_VIDEO, _KIM)), _ELSEWHERE),
    (CLINIC, (Visit(_VISIT, _ALEX, Tier.BASIC, _WAS_AT),), _TO),
    (CLINIC, (Visit(_VISIT, _KIM, Tier.BASIC), _FULL), _ELSEWHERE),
    (_BARE_CLINIC, (Visit(_BARE, _NAMELESS, Tier.FULL),), _TO),
    (_BARE_CLINIC, (Visit(_BARE, _NAMELESS, Tier.FULL),), _ELSEWHERE),
)
"""Own and a guardian's, one and several, in each tier, and with nothing known."""
