"""The command `reminder`: every verb an operator types."""

import asyncio
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from reminder.app.logs import set_up
from reminder.app.serve import Only, run
from reminder.cli import (
    connect,
    consent,
    db,
    demo,
    exclude,
    explain,
    inbox,
    init,
    keys,
    lists,
    push,
    rules,
    sandbox,
    settings,
    work,
)
from reminder.cli.errors import reported
from reminder.cli.options import Config
from reminder.settings.load import load

app = typer.Typer(
    name="reminder",
    help="Appointment reminders from a FHIR R4 EHR, encrypted, answered from a link.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(db.app, name="db")
app.add_typer(rules.app, name="rules")
app.add_typer(consent.app, name="consent")
app.add_typer(keys.app, name="keys")
app.add_typer(inbox.app, name="inbox")
app.add_typer(sandbox.app, name="sandbox")
app.command("init")(init.init)
app.command("demo")(demo.demo)
app.command("connect")(connect.connect)
app.command("sync")(work.sync)
app.command("dispatch")(work.dispatch)
app.command("plan")(explain.plan)
app.command("exclude")(exclude.exclude)
app.command("settings")(settings.settings)
app.command("push")(push.push)
app.command("quarantine")(lists.quarantine)
app.command("worklist")(lists.worklist)


def _show_version(wanted: bool) -> None:  # noqa: FBT001 - it is the flag itself
    if wanted:
        typer.echo(f"reminder {version('reminder')}")
        raise typer.Exit


@app.callback()
def log_to_standard_error(
    *,
    _version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Say the version."
        ),
    ] = False,
) -> None:
    """Standard output is for what was asked for."""
    set_up()


@app.command("run")
def run_command(
    config: Config = Path("reminder.toml"),
    only: Annotated[
        Only | None, typer.Option(help="Serve the pages only, or work only.")
    ] = None,
) -> None:
    """Serve the pages, and read, send and write back on schedule."""
    with reported():
        loaded = load(config)
        asyncio.run(
            run(loaded, only, lambda at: typer.echo(f"Pages at {at}", err=True))
        )


def main() -> None:
    """Entry point of the console script."""
    app()
