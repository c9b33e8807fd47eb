"""`reminder quarantine` and `reminder worklist`: what needs somebody's eyes."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.quarantine import QuarantineEntry
from reminder.model.quarantine_words import what_to_do
from reminder.model.worklist import WHAT_TO_DO, WorklistEntry
from reminder.settings.load import Loaded, load


def quarantine(
    config: Config = Path("reminder.toml"),
    connection: Annotated[
        str | None, typer.Option("--connection", help="Only what this EHR sent.")
    ] = None,
    *,
    as_json: AsJSON = False,
) -> None:
    """What of the EHR could not be read: where and why, never what it held."""
    with reported(as_json=as_json):
        entries = asyncio.run(_quarantine(load(config), connection))
    if as_json:
        show_json([_plain(entry) for entry in entries])
        return
    several = len({entry.connection for entry in entries}) > 1
    show(
        (
            *("first seen", "last seen", "connection", "resource", "id", "path"),
            *("problem", "what to do"),
        ),
        [
            (
                entry.first_seen_at,
                entry.last_seen_at,
                entry.connection,
                entry.resource_type,
                entry.resource_id,
                entry.path,
                entry.problem,
                what_to_do(entry),
            )
            for entry in entries
        ],
        empty="Nothing is in quarantine: everything the EHR sent could be read.",
        only_piped=("first seen", "resource", "problem")
        + (() if several else ("connection",)),
    )


def worklist(
    config: Config = Path("reminder.toml"), *, as_json: AsJSON = False
) -> None:
    """What needs a human: who could not be reached, who asked for a call, and why."""
    with reported(as_json=as_json):
        entries = asyncio.run(_worklist(load(config)))
    if as_json:
        show_json(entries)
        return
    show(
        ("since", "kind", "clinic", "appointment", "what to do", "details"),
        [
            (
                entry.at,
                entry.kind,
                entry.clinic_id,
                entry.appointment.appointment_id if entry.appointment else "",
                _to_do(entry),
                "; ".join(entry.details),
            )
            for entry in entries
        ],
        empty="Nobody needs help right now.",
        only_piped=("kind",),
    )


def _to_do(entry: WorklistEntry) -> str:
    """What to do; where it is about no appointment, also about which EHR or relay."""
    sentence = WHAT_TO_DO[entry.kind]
    return sentence if entry.appointment else f"{entry.subject}: {sentence}"


def _plain(entry: QuarantineEntry) -> dict[str, object]:
    return asdict(entry) | {"what_to_do": what_to_do(entry)}


async def _quarantine(loaded: Loaded, connection: str | None) -> list[QuarantineEntry]:
    """All entries, or one connection's.

    Raises:
        Stopped: there is no such connection.
    """
    names = [one.name for one in loaded.settings.connection]
    if connection is not None and connection not in names:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                f"There is no connection {connection}.",
                why=f"The settings have: {', '.join(names)}.",
                do="Name one of them with --connection.",
            ),
        )
    async with open_app(loaded, works=False) as app:
        entries = await app.store.quarantine.open()
    return [one for one in entries if connection in (None, one.connection)]


async def _worklist(loaded: Loaded) -> list[WorklistEntry]:
    async with open_app(loaded, works=False) as app:
        return await app.store.worklist.open()
