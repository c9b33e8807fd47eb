"""`reminder init`: a commented reminder.toml and the keys, to start from."""

from pathlib import Path
from typing import Annotated

import typer

from reminder.cli.errors import Exit, reported, say
from reminder.resources import bundled
from reminder.store.keyring import KeyRing

Folder = Annotated[Path, typer.Argument(help="Where to put them; made if missing.")]


def init(folder: Folder = Path()) -> None:
    """Write reminder.toml and keys.json; what is already there is left alone."""
    settings, keys = folder / "reminder.toml", folder / "keys.json"
    if settings.exists():
        say(
            "Nothing was written.",
            place=str(settings),
            why="It is already there, and may hold what somebody needs.",
            do="Name another folder, or move it away.",
        )
        raise typer.Exit(Exit.CONFLICT)
    with reported():
        folder.mkdir(parents=True, exist_ok=True)
        text = (bundled("templates") / "settings" / "reminder.toml").read_text("utf-8")
        settings.write_text(text, "utf-8")
        typer.echo(f"Wrote {settings}")
        if not keys.exists():
            KeyRing.create(keys)
            typer.echo(f"Wrote {keys} (0600; keep a copy of it elsewhere)")
    typer.echo("Next: set your EHR, clinic and mail relay in reminder.toml, then run")
    typer.echo("  reminder settings      to see every setting and what it means")
    typer.echo("  reminder sync --once   to read your EHR and plan, sending nothing")
    typer.echo("  reminder run           to start")
