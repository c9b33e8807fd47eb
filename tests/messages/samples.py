"""Invented visits, clinics and messages for the tests of this room."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from reminder.messages.compose import Visit
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    Place,
)
from reminder.model.clinics import Clinic
from reminder.model.messages import ClaimedMessage, MessageKind
from reminder.model.people import Channel, ContactPoint, Patient, PatientKey
from reminder.model.rulesets import Tier

NOW = datetime(2026, 11, 30, 15, 0, tzinfo=UTC)
START = datetime(2026, 12, 3, 20, 30, tzinfo=UTC)
WAS = datetime(2026, 12, 1, 15, 0, tzinfo=UTC)
"""Tuesday at 9:00 AM in Chicago."""
CHICAGO = ZoneInfo("America/Chicago")
KEY = bytes(range(32))
LINK = "https://reminders.lakeside.example/r/AbCdEfGhIjKlMnOpQrStUw"

CLINIC = Clinic(
    clinic_id="lakeside",
    connection="main",
    name="Lakeside Clinic of Family Medicine",
    short_name="Lakeside Clinic",
    zone=CHICAGO,
    languages=("en", "es"),
    phone="555-010-0199",
    address="12 Lake Street, Springfield, IL 62701",
)

HERS = ContactPoint(Channel.EMAIL, "ana@example.org")
PARENTS = ContactPoint(Channel.EMAIL, "parent@example.org")
PHONE = ContactPoint(Channel.SMS, "+15550100142")

ANA = Patient(
    key=PatientKey("main", "pt-ana"),
    given="Ana",
    family="Morales",
    birth_date="1984-02-29",
    contact_points=(HERS, PHONE),
)
LEO = Patient(key=PatientKey("main", "pt-leo"), given="Leo", birth_date="2019-05-04")
MIA = Patient(key=PatientKey("main", "pt-mia"), given="Mia", birth_date="2021-06-07")

APPOINTMENT = Appointment(
    key=AppointmentKey("main", "appt-4711", "pt-ana"),
    status=AppointmentStatus.BOOKED,
    start_at=START,
    end_at=START + timedelta(minutes=30),
    place=Place("loc-1", "Oncology, third floor", "40 Shore Road, Springfield"),
    practitioner="Dr. Maya Patel",
)
BY_VIDEO = replace(APPOINTMENT, join_url="https://video.example.org/room?id=8123&k=a")


def visit(
    appointment: Appointment = APPOINTMENT,
    patient: Patient = ANA,
    tier: Tier = Tier.STANDARD,
    was_at: datetime | None = None,
) -> Visit:
    """Ana's visit, or another."""
    return Visit(appointment, patient, tier, was_at)


def siblings() -> list[Visit]:
    """Leo at 2:30 PM and Mia half an hour later, the later one first."""
    later = replace(APPOINTMENT, start_at=START + timedelta(minutes=30))
    return [Visit(later, MIA), Visit(APPOINTMENT, LEO)]


def message(
    template: str = "reminder", *, to: ContactPoint = HERS, language: str = "en"
) -> ClaimedMessage:
    """A message claimed and about to be composed."""
    return ClaimedMessage(
        message_id=UUID(int=7),
        kind=MessageKind.REMINDER,
        clinic_id=CLINIC.clinic_id,
        channel=to.channel,
        to=to,
        language=language,
        template=template,
        appointments=(APPOINTMENT.key,),
        queued_at=NOW,
        useful_until=START,
        lease_until=NOW + timedelta(minutes=1),
        fence=1,
    )
