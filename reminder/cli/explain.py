"""`reminder plan`: for one appointment, every step with decision, reason and time."""

import asyncio
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, reported
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
    with reported():
        loaded = load(config)
        reminders, tries = asyncio.run(_read(loaded, appointment))
    if as_json:
        show_json(
            {"appointment": appointment, "steps": _steps(reminders), "tries": tries}
        )
    else:
        _show(loaded, reminders, tries, appointment)
    if not reminders:
        raise typer.Exit(Exit.FOUND_PROBLEMS)


async def _read(
    loaded: Loaded, appointment_id: str
) -> tuple[list[Reminder], list[Delivery]]:
    async with open_app(loaded) as app:
        return (
            await app.store.reminders.of_appointment(appointment_id),
            await app.store.reminders.tries_of(appointment_id),
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


def _show(
    loaded: Loaded,
    reminders: list[Reminder],
    tries: list[Delivery],
    appointment_id: str,
) -> None:
    zones = {clinic.id: ZoneInfo(clinic.zone) for clinic in loaded.settings.clinic}

    def local(reminder: Reminder) -> str:
        if reminder.due_at is None:
            return ""
        zone = zones.get(reminder.clinic_id or "")
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
        empty=f"No appointment {appointment_id} is known; try: reminder sync --once",
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
