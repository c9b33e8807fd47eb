"""Invented people with one to three appointments each, and the rules they follow."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, time, timedelta
from itertools import cycle, islice
from zoneinfo import ZoneInfo

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    History,
    Kind,
    Place,
)
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.offsets import (
    DaysBefore,
    HoursAfter,
    HoursBefore,
    Offset,
    WhenBooked,
)
from reminder.model.people import Channel, ContactPoint, Patient, PatientKey
from reminder.model.reminders import Person
from reminder.model.rulesets import (
    Condition,
    Match,
    Rule,
    Ruleset,
    Step,
    UnlessConfirmed,
)

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
CONNECTION = "main"
_MORNING = datetime(2027, 3, 1, 14, 0, tzinfo=UTC)
_EMAIL_FIRST = (Channel.EMAIL, Channel.SMS)
_TEXT_FIRST = (Channel.SMS, Channel.EMAIL)
_MOST_OF_ONE = 3

# A prime, so that who has how many visits and when do not go in step.
_SPREAD = 7919


def people(
    appointments: int, *, from_day: int = 0, days: int = 14
) -> Iterator[tuple[Patient, tuple[Appointment, ...]]]:
    """Patients with one, two or three visits, spread over `days` from `from_day` on."""
    left = appointments
    for number, count in enumerate(cycle(range(1, _MOST_OF_ONE + 1))):
        if left <= 0:
            return
        visits = range(min(count, left))
        left -= len(visits)
        patient = _patient(number)
        yield (
            patient,
            tuple(_visit(patient.key, number, one, from_day, days) for one in visits),
        )


def person(patient: Patient, visits: tuple[Appointment, ...]) -> Person:
    """Their world as the planner sees it before anything was planned."""
    return Person(key=patient.key, patient=patient, appointments=visits, revision=1)


def _patient(number: int) -> Patient:
    return Patient(
        key=PatientKey(CONNECTION, f"p{number}"),
        given="Ada",
        family=f"Okafor {number}",
        birth_date=f"{1930 + number % 88}-02-{1 + number % 28:02}",
        language=("en", "es", "fr")[number % 3],
        contact_points=(
            ContactPoint(Channel.EMAIL, f"ada.{number}@example.org"),
            ContactPoint(Channel.SMS, f"+1202555{number % 10000:04}"),
        ),
    )


def _visit(
    patient: PatientKey, number: int, visit: int, from_day: int, days: int
) -> Appointment:
    place = number * _MOST_OF_ONE + visit
    day = from_day + place * _SPREAD % days
    start_at = _MORNING + timedelta(days=day, minutes=15 * (place % 36))
    return Appointment(
        key=AppointmentKey(CONNECTION, f"a{place}", patient.patient_id),
        status=AppointmentStatus.BOOKED,
        start_at=start_at,
        end_at=start_at + timedelta(minutes=30),
        created_at=NOW - timedelta(days=10 + place % 60),
        version_id="1",
        place=Place(f"l{place % 20}", "North Clinic", "1 Elm Street"),
        practitioner="Dr. Rivera",
        kind=Kind(
            appointment_types=frozenset({f"type-{place % 50}"}),
            specialties=frozenset({f"specialty-{place % 30}"}),
        ),
        history=History(first_seen_at=NOW, first_start_at=start_at),
        fingerprint="f1",
        seen_at=NOW,
    )


def six_steps() -> tuple[Step, ...]:
    """When booked, three times before, shortly before, and thanks."""
    confirmed = (UnlessConfirmed(),)
    return (
        _step("booked", WhenBooked(), _EMAIL_FIRST, template="booked"),
        _step("week", DaysBefore(7, time(10)), _EMAIL_FIRST),
        _step("three-days", DaysBefore(3, time(18, 30)), _TEXT_FIRST, confirmed),
        _step("day", HoursBefore(24), _TEXT_FIRST),
        _step("hours", HoursBefore(2), _TEXT_FIRST),
        _step("thanks", HoursAfter(2), _EMAIL_FIRST, template="thanks"),
    )


def three_steps(second: Offset) -> tuple[Step, ...]:
    """A week before, `second`, and a day before."""
    return (
        _step("week", DaysBefore(7, time(10)), _EMAIL_FIRST),
        _step("second", second, _EMAIL_FIRST),
        _step("day", HoursBefore(24), _TEXT_FIRST),
    )


def one_rule(steps: Sequence[Step], fingerprint: str) -> ClinicDirectory:
    """One clinic where every appointment follows the same steps."""
    return _directory((Rule("standard", tuple(steps)),), fingerprint)


def many_rules(count: int) -> ClinicDirectory:
    """One clinic with `count` rules of the six steps, the last one for all."""
    rules = islice(_special_rules(six_steps()), count - 1)
    return _directory((*rules, Rule("standard", six_steps())), f"{count} rules")


def _special_rules(steps: tuple[Step, ...]) -> Iterator[Rule]:
    """Rules by one criterion or two, as a large clinic collects them."""
    for number in range(1_000_000):
        types = frozenset({f"type-{number % 60}"})
        places = frozenset({f"l{number % 25}"})
        specialties = frozenset({f"specialty-{number % 40}"})
        for name, match in (
            ("type", Match(appointment_types=types)),
            ("place", Match(locations=places, age_from=number % 90)),
            ("specialty", Match(specialties=specialties, age_below=5 + number % 80)),
            ("language", Match(languages=frozenset({"es"}), appointment_types=types)),
        ):
            yield Rule(f"{name}-{number}", steps, match)


def _step(
    step_id: str,
    offset: Offset,
    channels: tuple[Channel, ...],
    conditions: tuple[Condition, ...] = (),
    template: str = "reminder",
) -> Step:
    return Step(step_id, offset, channels, template, conditions)


def _directory(rules: tuple[Rule, ...], fingerprint: str) -> ClinicDirectory:
    clinic = Clinic(
        clinic_id="north",
        connection=CONNECTION,
        name="North Clinic",
        short_name="North",
        zone=ZoneInfo("America/New_York"),
        languages=("en", "es", "fr"),
        country="US",
        ruleset=Ruleset(rules=rules, published_at=NOW - timedelta(days=90)),
    )
    return ClinicDirectory((clinic,), {CONNECTION: "north"}, fingerprint)
