"""`reminder db`: the database's own commands."""

from pathlib import Path

import typer

from reminder.app.places import database_url
from reminder.cli.errors import reported
from reminder.cli.options import Config
from reminder.settings.load import load
from reminder.store import schema

app = typer.Typer(help="The database.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """The database's own commands."""


@app.command("upgrade")
def upgrade(config: Config = Path("reminder.toml")) -> None:
    """Bring the tables to the state this version needs; repeatable."""
    with reported():
        url = database_url(load(config))
        schema.upgrade(url)
    typer.echo("The database is up to date.")
