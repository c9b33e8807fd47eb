"""`reminder rules`: look at rules, try them on real visits, and put them in force."""

import asyncio
import getpass
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.logs import only_errors
from reminder.app.places import database_url
from reminder.app.wiring import App, open_app
from reminder.cli import preview_output
from reminder.cli import rules_output as output
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show_json
from reminder.cli.progress import progress
from reminder.cli.rules_asked import (
    Found,
    calendar_of,
    checked,
    document_if_any,
    document_of,
    draft_of,
    given_owner,
    owner_of,
    read_file,
    version_of,
)
from reminder.cli.ruleset_sentences import head, in_sentences
from reminder.flows.rulesets import RulesetRefused
from reminder.model.reminders import PlanCounts
from reminder.model.rulesets import ORGANISATION
from reminder.rules.documents import print_document
from reminder.settings.load import Loaded, load
from reminder.store.errors import StoreConflict
from reminder.store.single_worker import AlreadyWorking, single_worker

SHOWN = 20
"""How many affected reminders a terminal is shown; `--json` has them all."""

app = typer.Typer(
    help="Look at rules, try them on real visits, and put them in force.",
    no_args_is_help=True,
)

_Clinic = Annotated[
    str | None, typer.Option("--clinic", help="Whose rules: the id of a clinic.")
]
_Organisation = Annotated[
    bool, typer.Option("--organisation", help="Those that clinics may extend.")
]
_Version = Annotated[
    int | None, typer.Option("--version", help="A version; else the one in force.")
]
_File = Annotated[
    Path | None, typer.Argument(help="A ruleset as TOML; else the draft that is kept.")
]
_By = Annotated[
    str | None, typer.Option("--by", help="Who; else who is logged in here.")
]


@app.command("show")
def show(
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    version: _Version = None,
    as_json: AsJSON = False,
) -> None:
    """A ruleset in sentences, and what of it is not the organisation's."""

    async def work(app: App) -> None:
        owner = owner_of(app, clinic, organisation=organisation)
        found = await version_of(app, owner, version)
        above = (await app.store.rulesets.in_force()).get(ORGANISATION)
        said = in_sentences(found, above.document if above else None)
        draft = await app.store.rulesets.draft(owner)
        if as_json:
            show_json(said | {"draft": draft and draft.version})
            return
        output.show_ruleset(said)
        if draft is not None:
            typer.echo(f"A draft waits: reminder rules preview {output.option(owner)}")

    _run(config, work, as_json=as_json)


@app.command("export")
def export(
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    version: _Version = None,
) -> None:
    """A ruleset as TOML on standard output, to be changed and imported again."""

    async def work(app: App) -> None:
        owner = owner_of(app, clinic, organisation=organisation)
        found = await version_of(app, owner, version)
        typer.echo(print_document(found.document), nl=False)

    _run(config, work)


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="A ruleset as TOML.")],
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    note: Annotated[str, typer.Option("--note", help="What it is about.")] = "",
    by: _By = None,
    replace: Annotated[
        bool, typer.Option("--replace", help="Drop a draft that somebody else saved.")
    ] = False,
    as_json: AsJSON = False,
) -> None:
    """Keep a file as the draft of its owner, if nothing is wrong with it."""

    async def work(app: App) -> None:
        document = read_file(file, given_owner(clinic, organisation=organisation))
        remarks = await checked(app, document, file)
        who, before = by or _me(), await app.store.rulesets.draft(document.owner)
        if before is not None and before.by != who and not replace:
            raise Stopped(Exit.CONFLICT, output.anothers_draft(before))
        draft = await app.rulesets.save(
            document, by=who, note=note, revision=before.revision if before else None
        )
        [newest, *_] = await app.rulesets.history(draft.owner)
        if as_json:
            show_json(output.plain_change(newest) | {"remarks": remarks})
            return
        output.show_remarks(remarks, file)
        output.show_saved(newest)

    _run(config, work, as_json=as_json)


@app.command("check")
def check(
    file: _File = None,
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    as_json: AsJSON = False,
) -> None:
    """What keeps a ruleset from being published, and what is odd about it."""

    async def work(app: App) -> None:
        try:
            document = await document_of(app, file, clinic, organisation=organisation)
            remarks = await checked(app, document, file)
        except Found as found:
            if not as_json:
                raise
            show_json({"publishable": False, "remarks": found.remarks})
            raise typer.Exit(Exit.FOUND_PROBLEMS) from None
        if as_json:
            show_json({"publishable": True, "remarks": remarks})
            return
        output.show_remarks(remarks, file)
        typer.echo("Nothing keeps these rules from being published.")

    _run(config, work, as_json=as_json)


@app.command("preview")
def preview(
    file: _File = None,
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    patient: Annotated[
        str | None,
        typer.Option("--patient", help="Every step of one patient, by their FHIR id."),
    ] = None,
    as_json: AsJSON = False,
) -> None:
    """What a ruleset would send to everyone with a visit ahead; nothing is sent."""

    async def work(app: App) -> None:
        if patient is not None:
            rules = await document_if_any(app, file, clinic, organisation=organisation)
            if rules is not None:
                await checked(app, rules, file)
            entries = await calendar_of(app, rules, patient)
            preview_output.show_calendar(entries, app.clinics(), as_json=as_json)
            return
        document = await document_of(app, file, clinic, organisation=organisation)
        await checked(app, document, file)
        with progress("people looked at") as advance:
            report = await app.rulesets.preview(
                document, limit=None if as_json else SHOWN, progress=advance
            )
        if as_json:
            show_json(preview_output.plain_report(report))
        else:
            preview_output.show_report(report, app.clinics())

    _run(config, work, as_json=as_json)


@app.command("publish")
def publish(
    config: Config = Path("reminder.toml"),
    *,
    note: Annotated[str, typer.Option("--note", help="Why, for the history.")],
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    by: _By = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: AsJSON = False,
) -> None:
    """Put the draft in force, after it was shown what that changes."""
    told: dict[str, object] = {}
    only_errors()

    async def work(app: App) -> None:
        owner = owner_of(app, clinic, organisation=organisation)
        draft = await draft_of(app, owner)
        remarks = await checked(app, draft.document, None)
        with progress("people looked at") as advance:
            report = await app.rulesets.preview(
                draft.document, limit=0, progress=advance
            )
        if not as_json:
            output.show_remarks(remarks, None)
            preview_output.show_difference(report)
        _ask(f"Publish version {draft.version} of {owner}?", yes=yes)
        done = await app.rulesets.publish(
            owner, by=by or _me(), note=note, revision=draft.revision
        )
        told.update(head(done) | preview_output.plain_difference(report))
        if not as_json:
            typer.echo(f"Version {done.version} of {owner} is in force.")

    loaded = _run(config, work, as_json=as_json)
    with reported(as_json=as_json):
        counts = asyncio.run(_replan(loaded))
    if as_json:
        show_json(told | {"replanned": counts})
    else:
        output.show_replanned(counts)


@app.command("history")
def history(
    config: Config = Path("reminder.toml"),
    *,
    clinic: _Clinic = None,
    organisation: _Organisation = False,
    as_json: AsJSON = False,
) -> None:
    """Every version: when, who, why, and what it changed in the one before."""

    async def work(app: App) -> None:
        owner = owner_of(app, clinic, organisation=organisation)
        versions = await app.rulesets.history(owner)
        if as_json:
            show_json([output.plain_change(one) for one in versions])
        else:
            output.show_history(versions)

    _run(config, work, as_json=as_json)


def _run(
    config: Path, work: Callable[[App], Awaitable[None]], *, as_json: bool = False
) -> Loaded:
    """Do it with everything open; whatever stops it is said in a few lines."""

    async def opened(loaded: Loaded) -> None:
        async with open_app(loaded, works=False) as app:
            await work(app)

    with reported(as_json=as_json):
        loaded = load(config)
        try:
            asyncio.run(opened(loaded))
        except Found as found:
            output.show_remarks(found.remarks, found.file, as_json=as_json)
            raise typer.Exit(Exit.FOUND_PROBLEMS) from None
        except RulesetRefused as refused:
            output.show_remarks(refused.remarks, None, as_json=as_json)
            raise typer.Exit(Exit.FOUND_PROBLEMS) from None
        except StoreConflict:
            raise Stopped(Exit.CONFLICT, output.CHANGED_MEANWHILE) from None
    return loaded


def _ask(question: str, *, yes: bool) -> None:
    if yes:
        return
    if not sys.stdin.isatty():
        what = "Nobody can be asked here, and nothing was published."
        raise Stopped(Exit.WRONG_USE, Trouble(what, do="Look, then write --yes."))
    if not typer.confirm(question, err=True):
        typer.echo("Nothing was published; the draft is kept.", err=True)
        raise typer.Exit(Exit.FOUND_PROBLEMS)


async def _replan(loaded: Loaded) -> PlanCounts | None:
    """Plan for everyone by the new rules; None where a running process does it."""
    try:
        with single_worker(database_url(loaded)):
            async with open_app(loaded) as app:
                with progress("people planned for") as advance:
                    return await app.make_plans(advance)
    except AlreadyWorking:
        return None


def _me() -> str:
    """Who is logged in here, as far as the system can tell."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "the command line"
