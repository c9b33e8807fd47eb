"""`reminder consent`: what staff were told by phone, on paper, or in person."""

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.wiring import open_app
from reminder.cli.consent_records import Asked, find, logs_of
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.people import Channel, Consent, ConsentBy, ConsentKind
from reminder.settings.load import Loaded, load

app = typer.Typer(
    help="Who agreed to what, and who took it back.", no_args_is_help=True
)


class How(StrEnum):
    """How staff were told."""

    PHONE = "phone"
    PAPER = "paper"
    IN_PERSON = "in-person"


_Patient = Annotated[str, typer.Option("--patient", help="The patient's FHIR id.")]
_Connection = Annotated[
    str | None,
    typer.Option("--connection", help="The EHR, where two know the same id."),
]
_Channel = Annotated[
    Channel, typer.Option("--channel", help="For the best address on file of it.")
]
_Kind = Annotated[
    ConsentKind,
    typer.Option("--kind", help="Details unencrypted, or that a minor alone reads it."),
]
_Given = Annotated[
    bool, typer.Option("--given/--withdrawn", help="Agreed, or taken back.")
]
_By = Annotated[
    ConsentBy,
    typer.Option("--by", help="Whose word it is; a guardian's is for their address."),
]
_Guardian = Annotated[
    str | None,
    typer.Option("--guardian", help="Which one, where several have an address."),
]
_How = Annotated[How, typer.Option("--how", help="How you were told.")]
_Text = Annotated[
    str,
    typer.Option(
        "--text-version",
        help="Names the words they read or were read: 'details-…' promised date, time"
        " and place at most, 'full-…' the practitioner and the instructions as well;"
        " any other name counts as 'details-…'.",
    ),
]


@app.command("show")
def show_command(
    patient: _Patient,
    config: Config = Path("reminder.toml"),
    *,
    connection: _Connection = None,
    as_json: AsJSON = False,
) -> None:
    """Every record of one patient, the oldest first, without the addresses."""
    with reported(as_json=as_json):
        records = asyncio.run(_read(load(config), patient, connection))
    if as_json:
        show_json([_plain(one, in_force=now) for one, now in records])
        return
    show(
        _COLUMNS,
        [_row(one, in_force=now) for one, now in records],
        empty="Nothing was agreed to or taken back.",
        only_piped=("connection",),
    )


@app.command("record")
def record_command(
    patient: _Patient,
    channel: _Channel,
    kind: _Kind,
    given: _Given,
    by: _By,
    how: _How,
    text_version: _Text,
    config: Config = Path("reminder.toml"),
    *,
    connection: _Connection = None,
    guardian: _Guardian = None,
    as_json: AsJSON = False,
) -> None:
    """Write down that somebody agreed, or took it back."""
    with reported(as_json=as_json):
        asked = Asked(
            patient_id=patient,
            connection=connection,
            channel=channel,
            kind=kind,
            by=by,
            guardian=guardian,
        )
        said = _Said(given, how, _named(text_version))
        kept = asyncio.run(_record(load(config), asked, said))
    if as_json:
        show_json(_plain(kept, in_force=kept.given))
        return
    what = "Agreed" if kept.given else "Taken back"
    typer.echo(f"{what}, and written down: {kept.kind} by {kept.to.channel}.")
    typer.echo(f"To see it: reminder consent show --patient {patient}")


@dataclass(frozen=True, slots=True)
class _Said:
    given: bool
    how: How
    text_version: str


async def _read(
    loaded: Loaded, patient_id: str, connection: str | None
) -> list[tuple[Consent, bool]]:
    async with open_app(loaded, works=False) as opened:
        return await logs_of(opened, patient_id, connection)


async def _record(loaded: Loaded, asked: Asked, said: _Said) -> Consent:
    async with open_app(loaded, works=False) as opened:
        key, to = await find(opened, asked)
        consent = Consent(
            patient=key,
            kind=asked.kind,
            given=said.given,
            to=to,
            by=asked.by,
            how=said.how.value,
            text_version=said.text_version,
            at=opened.clock(),
        )
        before = await opened.store.consents.log(key, to)
        of_kind = [one for one in before if one.kind is consent.kind]
        if of_kind and replace(of_kind[-1], at=consent.at) == consent:
            raise Stopped(Exit.CONFLICT, _recorded(of_kind[-1].at))
        await opened.store.consents.record(consent)
        await opened.plan.again([key])
    return consent


def _named(text_version: str) -> str:
    """What they read must have a name; else nobody can show what they agreed to."""
    words = text_version.strip()
    if not words:
        raise Stopped(
            Exit.WRONG_USE,
            Trouble(
                "The warning they were given has no name.",
                do="Name it with --text-version, as in: --text-version details-2026-11",
            ),
        )
    return words


def _recorded(at: datetime) -> Trouble:
    return Trouble(
        "This is the last that was recorded already; nothing was added.",
        why=f"It was written down at {at:%Y-%m-%d %H:%M} UTC.",
    )


_COLUMNS = (
    "at",
    "connection",
    "kind",
    "given",
    "in force",
    "channel",
    "by",
    "how",
    "text version",
)


def _plain(consent: Consent, *, in_force: bool) -> dict[str, object]:
    """All of it but the address."""
    return {
        "patient": consent.patient.patient_id,
        "connection": consent.patient.connection,
        "kind": consent.kind,
        "given": consent.given,
        "in_force": in_force,
        "channel": consent.to.channel,
        "by": consent.by,
        "how": consent.how,
        "text_version": consent.text_version,
        "at": consent.at,
    }


def _row(consent: Consent, *, in_force: bool) -> tuple[object, ...]:
    return (
        consent.at,
        consent.patient.connection,
        consent.kind,
        "given" if consent.given else "withdrawn",
        "yes" if in_force else "no",
        consent.to.channel,
        consent.by,
        consent.how,
        consent.text_version,
    )
