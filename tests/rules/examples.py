"""Invented people, clinics and visits that the tests of the rules are told with."""

from datetime import UTC, datetime, time, timedelta
from uuid import NAMESPACE_URL, uuid5
from zoneinfo import ZoneInfo

from hypothesis import settings

from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    Place,
)
from reminder.model.clinics import Clinic, ClinicDirectory, QuietHours
from reminder.model.people import Channel, ContactPoint, Guardian, Patient, PatientKey
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.rules.offsets import parse_offset

unhurried = settings(deadline=None, max_examples=60)
"""For properties: the first look at a year's holidays takes its time."""

NEW_YORK = "America/New_York"
CHICAGO = "America/Chicago"
PHOENIX = "America/Phoenix"
MADRID = "Europe/Madrid"

NO_QUIET_HOURS = QuietHours(time(0), time(0))

EMAIL = ContactPoint(Channel.EMAIL, "ana.okafor@example.org")
SMS = ContactPoint(Channel.SMS, "+12125550101")
VOICE = ContactPoint(Channel.VOICE, "+12125550101")
MOTHERS_EMAIL = ContactPoint(Channel.EMAIL, "mother.okafor@example.org")
MOTHERS_SMS = ContactPoint(Channel.SMS, "+12125550102")
FATHERS_SMS = ContactPoint(Channel.SMS, "+12125550103")

MOTHER = Guardian("mother", (MOTHERS_EMAIL, MOTHERS_SMS), "es")
FATHER = Guardian("father", (FATHERS_SMS,))

WEEK = Step(
    "week",
    parse_offset("5 business days before at 10:00"),
    (Channel.EMAIL, Channel.SMS),
)
DAY = Step("day", parse_offset("24 hours before"), (Channel.SMS, Channel.EMAIL))
HOURS = Step("hours", parse_offset("2 hours before"), (Channel.SMS,), "soon")


def utc(text: str) -> datetime:
    """An instant, written as UTC without saying so."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def reading(at: datetime, zone: str) -> str:
    """What a clock in the zone shows, with the zone's abbreviation."""
    return at.astimezone(ZoneInfo(zone)).strftime("%a %d %b %H:%M %Z")


def clinic(zone: str = NEW_YORK, *, rules=None, **changes) -> Clinic:
    if rules is not None:
        changes["ruleset"] = Ruleset(rules=tuple(rules))
    return Clinic(
        **{
            "clinic_id": "harbor",
            "connection": "ehr",
            "name": "Harbor Family Clinic",
            "short_name": "Harbor",
            "zone": ZoneInfo(zone),
            "location_ids": frozenset({"harbor-main"}),
            "languages": ("en", "es"),
            "ruleset": Ruleset(rules=(Rule("standard", (WEEK, DAY, HOURS)),)),
        }
        | changes
    )


def directory(*clinics: Clinic) -> ClinicDirectory:
    return ClinicDirectory(clinics or (clinic(),))


def appointment(start_at: datetime, **changes) -> Appointment:
    return Appointment(
        **{
            "key": AppointmentKey("ehr", "a1", "p1"),
            "status": AppointmentStatus.BOOKED,
            "start_at": start_at,
            "place": Place("harbor-main"),
        }
        | changes
    )


def patient(**changes) -> Patient:
    return Patient(
        **{
            "key": PatientKey("ehr", "p1"),
            "given": "Ana",
            "family": "Okafor",
            "birth_date": "1980-05-17",
            "contact_points": (EMAIL, SMS),
        }
        | changes
    )


def person(*appointments: Appointment, **changes) -> Person:
    return Person(
        **{
            "key": PatientKey("ehr", "p1"),
            "patient": patient(),
            "appointments": appointments,
        }
        | changes
    )


def keep(
    decision: Decision,
    state: ReminderState | None = None,
    reason: Reason | None = None,
) -> Reminder:
    """A decision as the store would keep it, or as it stands some time later."""
    reminder_id = uuid5(NAMESPACE_URL, repr(decision.key))
    if isinstance(decision, Skipped):
        return Reminder(
            reminder_id=reminder_id,
            key=decision.key,
            state=state or ReminderState.SKIPPED,
            clinic_id=decision.clinic_id,
            rule_id=decision.rule_id,
            reason=reason or decision.reason,
        )
    assert isinstance(decision, Planned)
    return Reminder(
        reminder_id=reminder_id,
        key=decision.key,
        state=state or ReminderState.PLANNED,
        clinic_id=decision.clinic_id,
        template=decision.template,
        language=decision.language,
        channel=decision.routes[0].channel,
        routes=decision.routes,
        due_at=decision.due_at,
        useful_until=decision.useful_until,
        wanted_at=decision.wanted_at,
        rule_id=decision.rule_id,
        together=decision.together,
        urgency=decision.urgency,
        notes=decision.notes,
        reason=reason,
    )


def by_step(decisions) -> dict[str, Decision]:
    return {decision.key.step_id: decision for decision in decisions}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)
