"""`reminder exclude`: take one appointment out, so that nothing is told of it."""

import asyncio
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.wiring import App, open_app
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.appointments import AppointmentKey
from reminder.settings.load import Loaded, load

_Appointment = Annotated[
    str | None,
    typer.Argument(help="The FHIR id of the appointment; none lists what is out."),
]
_Patient = Annotated[
    str | None,
    typer.Option("--patient", help="Of a group, only the patient of this FHIR id."),
]
_Connection = Annotated[
    str | None,
    typer.Option("--connection", help="The EHR, where two know the same id."),
]
_Undo = Annotated[bool, typer.Option("--undo", help="Tell of it again.")]


def exclude(
    appointment: _Appointment = None,
    config: Config = Path("reminder.toml"),
    *,
    patient: _Patient = None,
    connection: _Connection = None,
    undo: _Undo = False,
    as_json: AsJSON = False,
) -> None:
    """Take an appointment out: nothing is told of it, whatever the rules say."""
    with reported(as_json=as_json):
        loaded = load(config)
        if appointment is None:
            _show_all(asyncio.run(_all(loaded)), as_json=as_json)
            return
        changed = asyncio.run(
            _exclude(loaded, appointment, patient, connection, undo=undo)
        )
    if as_json:
        show_json({"changed": [_plain(key) for key in changed], "out": not undo})
        return
    count = len(changed)
    what = f"{count} booking{'s' * (count != 1)} of {appointment}"
    if undo:
        typer.echo(f"{what} back in: the rules decide again what is told.")
    else:
        typer.echo(f"{what} taken out: nothing more is told of it.")
        typer.echo(f"To undo it: reminder exclude {appointment} --undo")


async def _exclude(
    loaded: Loaded,
    appointment_id: str,
    patient: str | None,
    connection: str | None,
    *,
    undo: bool,
) -> list[AppointmentKey]:
    async with open_app(loaded, works=False) as app:
        bookings = await app.store.appointments.bookings(appointment_id, connection)
        keys = [one.key for one in bookings if patient in (None, one.key.patient_id)]
        _refuse_unless_one(appointment_id, keys)
        changed = [key for key in keys if await _change(app, key, undo=undo)]
        if not changed:
            raise Stopped(Exit.CONFLICT, _done_before(appointment_id, undo=undo))
        await app.plan.again([key.patient for key in changed])
    return changed


async def _change(app: App, key: AppointmentKey, *, undo: bool) -> bool:
    exclusions = app.store.exclusions
    if undo:
        return await exclusions.include(key)
    return await exclusions.exclude(key, app.clock())


async def _all(loaded: Loaded) -> dict[AppointmentKey, datetime]:
    async with open_app(loaded, works=False) as app:
        return await app.store.exclusions.all()


def _refuse_unless_one(appointment_id: str, keys: Sequence[AppointmentKey]) -> None:
    """Stop where the words fit no booking, or those of two EHRs."""
    if not keys:
        raise Stopped(
            Exit.FOUND_PROBLEMS,
            Trouble(
                "No such booking is known.",
                why=f"No EHR we read had {appointment_id} within its horizon.",
                do="Run: reminder sync --once",
            ),
        )
    connections = sorted({key.connection for key in keys})
    if len(connections) > 1:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                f"Several EHRs have an appointment {appointment_id}.",
                why=f"They are: {', '.join(connections)}.",
                do="Name one of them with --connection.",
            ),
        )


def _done_before(appointment_id: str, *, undo: bool) -> Trouble:
    if undo:
        return Trouble(f"{appointment_id} was not taken out; nothing was changed.")
    return Trouble(
        f"{appointment_id} was taken out before; nothing was changed.",
        do=f"To tell of it again: reminder exclude {appointment_id} --undo",
    )


def _show_all(out: dict[AppointmentKey, datetime], *, as_json: bool) -> None:
    if as_json:
        show_json([_plain(key) | {"since": at} for key, at in out.items()])
        return
    show(
        ("since", "connection", "appointment", "patient"),
        [
            (at, key.connection, key.appointment_id, key.patient_id)
            for key, at in out.items()
        ],
        empty="No appointment is taken out.",
        only_piped=("connection",),
    )


def _plain(key: AppointmentKey) -> dict[str, object]:
    return {
        "connection": key.connection,
        "appointment": key.appointment_id,
        "patient": key.patient_id,
    }
