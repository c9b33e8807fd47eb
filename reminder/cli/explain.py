"""`reminder plan`: for one appointment, every step with decision, reason and time."""

import asyncio
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.outcomes import Delivery
from reminder.model.reasons import SENTENCES
from reminder.model.reminders import Person, Reminder
from reminder.rules.choices import choice_sentences
from reminder.rules.explain import explain
from reminder.rules.match import Choice, Matcher, facts
from reminder.rules.phrases import moment
from reminder.settings.load import Loaded, load

AppointmentId = Annotated[
    str, typer.Option("--appointment", help="The FHIR id of the appointment.")
]


def plan(
    appointment: AppointmentId,
    config: Config = Path("reminder.toml"),
    *,
    as_json: AsJSON = False,
) -> None:
    """What was sent for an appointment, what will be, what will not, and why."""
    with reported(as_json=as_json):
        found = asyncio.run(_read(load(config), appointment))
    if as_json:
        show_json(
            {
                "appointment": appointment,
                "rules": [_rule(one) for one in found.followed],
                "steps": [_step(one, found.clinics) for one in found.reminders],
                "tries": found.tries,
            }
        )
    else:
        _show(found)


@dataclass(frozen=True, slots=True)
class _Followed:
    """Which rule one patient's booking follows now."""

    patient_id: str
    clinic: Clinic
    choice: Choice | None


@dataclass(frozen=True, slots=True)
class _Found:
    """All that is known of one appointment."""

    clinics: ClinicDirectory
    followed: list[_Followed]
    reminders: list[Reminder]
    tries: list[Delivery]


async def _read(loaded: Loaded, appointment_id: str) -> _Found:
    async with open_app(loaded, works=False) as app:
        bookings = await app.store.appointments.bookings(appointment_id)
        reminders = await app.store.reminders.of_appointment(appointment_id)
        if not reminders and not bookings:
            raise Stopped(Exit.FOUND_PROBLEMS, _unknown(appointment_id))
        clinics = app.clinics()
        patients = list(dict.fromkeys(one.key.patient for one in bookings))
        people = await app.store.appointments.people(patients)
        return _Found(
            clinics,
            [
                one
                for person in people
                for one in _followed(person, appointment_id, clinics)
            ],
            reminders,
            await app.store.reminders.tries_of(appointment_id),
        )


def _followed(
    person: Person, appointment_id: str, clinics: ClinicDirectory
) -> list[_Followed]:
    found = []
    for one in person.appointments:
        if one.key.appointment_id != appointment_id:
            continue
        place = one.place.location_id if one.place is not None else None
        clinic = clinics.find(one.key.connection, place)
        if clinic is not None:
            choice = Matcher(clinic.ruleset.rules).explain(facts(one, person, clinic))
            found.append(_Followed(one.key.patient_id, clinic, choice))
    return found


def _unknown(appointment_id: str) -> Trouble:
    return Trouble(
        "Nothing is known of this appointment.",
        why=f"No EHR we read had {appointment_id} within its horizon.",
        do="Run: reminder sync --once",
    )


def _rule(followed: _Followed) -> dict[str, object]:
    choice = followed.choice
    return {
        "patient": followed.patient_id,
        "clinic": followed.clinic.clinic_id,
        "rule": choice.rule.rule_id if choice else None,
        "criteria": choice.criteria if choice else (),
        "passed_over": choice.passed_over if choice else (),
        "sentence": choice_sentences(choice, followed.clinic),
    }


def _step(reminder: Reminder, clinics: ClinicDirectory) -> dict[str, object]:
    return {
        "step": reminder.key.step_id,
        "patient": reminder.key.appointment.patient_id,
        "clinic": reminder.clinic_id,
        "rule": reminder.rule_id or None,
        "start": reminder.key.start_at,
        "decision": reminder.state,
        "channel": reminder.channel,
        "due": reminder.due_at,
        "useful_until": reminder.useful_until,
        "told": reminder.told_at,
        "notes": reminder.notes,
        "reason": reminder.reason,
        "why": SENTENCES[reminder.reason] if reminder.reason else None,
        "sentence": explain(reminder, _clinic(reminder, clinics)),
    }


def _show(found: _Found) -> None:
    show(
        ("due", "step", "decision", "channel", "patient", "why"),
        [_row(reminder, found.clinics) for reminder in found.reminders],
        empty="No step is planned for it: its clinic has no rules, or none yet.",
        only_piped={"due", "channel"},
    )
    if found.followed:
        show(
            ("patient", "rule"),
            [
                (one.patient_id, choice_sentences(one.choice, one.clinic))
                for one in found.followed
            ],
            empty="",
        )
    if found.tries:
        show(
            ("tried", "transport", "outcome"),
            [(one.started_at, one.transport, _outcome(one)) for one in found.tries],
            empty="",
        )


def _row(reminder: Reminder, clinics: ClinicDirectory) -> tuple[object, ...]:
    clinic = _clinic(reminder, clinics)
    # A clinic that is no longer in the settings: never this machine's zone.
    zone = clinic.zone if clinic is not None else UTC
    return (
        moment(reminder.due_at, zone) if reminder.due_at else "",
        reminder.key.step_id,
        reminder.state,
        reminder.channel,
        reminder.key.appointment.patient_id,
        explain(reminder, clinic),
    )


def _clinic(reminder: Reminder, clinics: ClinicDirectory) -> Clinic | None:
    """The clinic a reminder was planned for; None once it is not in the settings."""
    try:
        return clinics.by_id(reminder.clinic_id or "")
    except KeyError:
        return None


def _outcome(delivery: Delivery) -> str:
    outcome = delivery.outcome
    code = getattr(outcome, "code", "")
    return f"{type(outcome).__name__.lower()} {code}".strip()
