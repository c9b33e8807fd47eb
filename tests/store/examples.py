"""Invented people, bookings and plans for the store's tests."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from sqlalchemy import Engine, event

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    History,
    Kind,
    ParticipationStatus,
    Place,
)
from reminder.model.people import Channel, ContactPoint, Guardian, Patient, PatientKey
from reminder.model.readings import Reading
from reminder.model.reminders import (
    Decision,
    Person,
    PlanCounts,
    Planned,
    ReminderKey,
)
from reminder.store.store import Store

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
START = datetime(2027, 3, 9, 14, 30, tzinfo=UTC)
MAIN = "main"

EMAIL = ContactPoint(Channel.EMAIL, "ada.okafor@example.org")
SMS = ContactPoint(Channel.SMS, "+15550100")
GUARDIAN_SMS = ContactPoint(Channel.SMS, "+15550101")

ADA = Patient(
    key=PatientKey(MAIN, "p1"),
    given="Ada",
    family="Okafor",
    birth_date="1984-02-03",
    language="es",
    further_languages=("en", "pt"),
    zone="America/Denver",
    contact_points=(EMAIL, SMS),
    guardians=(Guardian("r1", (GUARDIAN_SMS,), "en"),),
)


def booking(
    appointment_id: str = "a1", patient_id: str = "p1", start_at: datetime = START
) -> Appointment:
    """A booking with everything in it."""
    return Appointment(
        key=AppointmentKey(MAIN, appointment_id, patient_id),
        status=AppointmentStatus.BOOKED,
        participation=ParticipationStatus.TENTATIVE,
        start_at=start_at,
        end_at=start_at + timedelta(minutes=30),
        created_at=NOW - timedelta(days=30),
        version_id="7",
        place=Place("l1", "North Clinic", "1 Elm Street"),
        practitioner="Dr. Rivera",
        slot_ids=("s1", "s2"),
        join_url="https://video.example.org/room",
        kind=Kind(
            appointment_types=frozenset({"checkup", "http://example.org|checkup"}),
            specialties=frozenset({"394579002"}),
            practitioner_ids=frozenset({"dr1"}),
            tags=frozenset({"fasting"}),
            security=frozenset({"r"}),
            telehealth=True,
        ),
        instructions="Bring your card.",
        history=History(first_start_at=start_at),
        fingerprint="f1",
    )


def reading(*bookings: Appointment, fingerprint: str = "f1") -> Reading:
    """An Appointment resource with these bookings."""
    return Reading(bookings[0].key.appointment_id, fingerprint, bookings)


def planned(
    step_id: str = "week",
    appointment_id: str = "a1",
    patient_id: str = "p1",
    start_at: datetime = START,
) -> Planned:
    """The decision to tell somebody about a booking."""
    key = AppointmentKey(MAIN, appointment_id, patient_id)
    return Planned(
        key=ReminderKey(key, step_id, start_at),
        clinic_id="north",
        template="reminder",
        language="es",
        routes=(EMAIL, SMS),
        due_at=start_at - timedelta(days=7),
        useful_until=start_at - timedelta(days=1),
    )


@contextmanager
def statements() -> Iterator[list[str]]:
    """What is sent to the database inside the block, without BEGIN and COMMIT."""
    seen: list[str] = []

    def note(*call: object) -> None:
        if not str(call[2]).startswith("BEGIN"):
            seen.append(str(call[2]))

    event.listen(Engine, "before_cursor_execute", note)
    try:
        yield seen
    finally:
        event.remove(Engine, "before_cursor_execute", note)


async def keep_plan(
    store: Store, person: Person, decisions: Sequence[Decision], *, now: datetime
) -> PlanCounts:
    """Keep one person's plan."""
    return await store.reminders.keep_plans([(person, decisions)], now=now)
