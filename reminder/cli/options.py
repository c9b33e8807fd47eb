"""Options that several commands have in common."""

from pathlib import Path
from typing import Annotated

import typer

Config = Annotated[
    Path,
    typer.Option(
        "--config", "-c", envvar="REMINDER_CONFIG", help="The settings file to use."
    ),
]
AsJSON = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Once = Annotated[bool, typer.Option("--once", help="Do it once and stop.")]
