"""`reminder quarantine` and `reminder worklist`: what needs somebody's eyes."""

import asyncio
from pathlib import Path

from reminder.app.wiring import open_app
from reminder.cli.errors import reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.quarantine import QuarantineEntry
from reminder.model.worklist import WHAT_TO_DO, WorklistEntry
from reminder.settings.load import Loaded, load


def quarantine(
    config: Config = Path("reminder.toml"), *, as_json: AsJSON = False
) -> None:
    """What of the EHR could not be read: where and why, never what it held."""
    with reported(as_json=as_json):
        entries = asyncio.run(_quarantine(load(config)))
    if as_json:
        show_json(entries)
        return
    show(
        ("last seen", "connection", "resource", "id", "path", "problem"),
        [
            (
                entry.last_seen_at,
                entry.connection,
                entry.resource_type,
                entry.resource_id,
                entry.path,
                entry.problem,
            )
            for entry in entries
        ],
        empty="Nothing is in quarantine: everything the EHR sent could be read.",
        only_piped=("connection", "resource"),
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
                WHAT_TO_DO[entry.kind],
                "; ".join(entry.details),
            )
            for entry in entries
        ],
        empty="Nobody needs help right now.",
        only_piped=("kind",),
    )


async def _quarantine(loaded: Loaded) -> list[QuarantineEntry]:
    async with open_app(loaded, works=False) as app:
        return await app.store.quarantine.open()


async def _worklist(loaded: Loaded) -> list[WorklistEntry]:
    async with open_app(loaded, works=False) as app:
        return await app.store.worklist.open()
