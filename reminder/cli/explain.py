"""`reminder plan`: for one appointment, every step with decision, reason and time."""

import asyncio
from datetime import UTC, tzinfo
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.outcomes import Delivery
from reminder.model.reasons import SENTENCES
from reminder.model.reminders import Reminder
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
        loaded = load(config)
        reminders, tries = asyncio.run(_read(loaded, appointment))
    if as_json:
        show_json(
            {"appointment": appointment, "steps": _steps(reminders), "tries": tries}
        )
    else:
        _show(loaded, reminders, tries)


async def _read(
    loaded: Loaded, appointment_id: str
) -> tuple[list[Reminder], list[Delivery]]:
    async with open_app(loaded, works=False) as app:
        reminders = await app.store.reminders.of_appointment(appointment_id)
        tries = await app.store.reminders.tries_of(appointment_id)
        if not reminders and not await app.store.appointments.bookings(appointment_id):
            raise Stopped(Exit.FOUND_PROBLEMS, _unknown(appointment_id))
    return reminders, tries


def _unknown(appointment_id: str) -> Trouble:
    return Trouble(
        "Nothing is known of this appointment.",
        why=f"No EHR we read had {appointment_id} within its horizon.",
        do="Run: reminder sync --once",
    )


def _steps(reminders: list[Reminder]) -> list[dict[str, object]]:
    return [
        {
            "step": reminder.key.step_id,
            "patient": reminder.key.appointment.patient_id,
            "clinic": reminder.clinic_id,
            "start": reminder.key.start_at,
            "decision": reminder.state,
            "channel": reminder.channel,
            "due": reminder.due_at,
            "useful_until": reminder.useful_until,
            "reason": reminder.reason,
            "why": SENTENCES[reminder.reason] if reminder.reason else None,
        }
        for reminder in reminders
    ]


def _show(loaded: Loaded, reminders: list[Reminder], tries: list[Delivery]) -> None:
    zones: dict[str, tzinfo] = {
        clinic.id: ZoneInfo(clinic.zone) for clinic in loaded.settings.clinic
    }

    def local(reminder: Reminder) -> str:
        if reminder.due_at is None:
            return ""
        # A clinic that is no longer in the settings: never this machine's zone.
        zone = zones.get(reminder.clinic_id or "", UTC)
        return reminder.due_at.astimezone(zone).strftime("%a %d %b %Y %H:%M %Z")

    show(
        ("due", "step", "decision", "channel", "patient", "why"),
        [
            (
                local(reminder),
                reminder.key.step_id,
                reminder.state,
                reminder.channel,
                reminder.key.appointment.patient_id,
                SENTENCES[reminder.reason] if reminder.reason else "",
            )
            for reminder in reminders
        ],
        empty="No step is planned for it: its clinic has no rules, or none yet.",
    )
    if tries:
        show(
            ("tried", "transport", "outcome"),
            [(one.started_at, one.transport, _outcome(one)) for one in tries],
            empty="",
        )


def _outcome(delivery: Delivery) -> str:
    outcome = delivery.outcome
    code = getattr(outcome, "code", "")
    return f"{type(outcome).__name__.lower()} {code}".strip()
