"""`reminder demo`: the whole story on this machine, with a pretended outside."""

import asyncio
import contextlib
import json
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from reminder.app.clock import system_clock
from reminder.app.logs import set_up
from reminder.app.serve import pages, work
from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, reported, say
from reminder.settings.load import load

Data = Annotated[
    Path | None, typer.Option(help="Keep everything in this new or empty folder.")
]
Once = Annotated[bool, typer.Option("--once", help="Tell the story, then end.")]
AsJSON = Annotated[
    bool, typer.Option("--json", help="Print the counts as one JSON object at the end.")
]


def demo(data: Data = None, *, once: Once = False, as_json: AsJSON = False) -> None:
    """Tell the whole story with invented clinics; needs nobody's credentials."""
    with reported(), _sandbox_problems(), _folder(data) as folder:
        own = folder / "reminder"
        own.mkdir(mode=0o700)
        with (own / "reminder.log").open("w", encoding="utf-8") as log:
            set_up(log)
            try:
                asyncio.run(_demo(folder, once=once, as_json=as_json))
            except (KeyboardInterrupt, asyncio.CancelledError):
                kept = "nothing is kept" if data is None else f"kept in {data}"
                typer.echo(f"Stopped; {kept}.", err=True)


@contextlib.contextmanager
def _sandbox_problems() -> Iterator[None]:
    try:
        from reminder.sandbox.errors import SandboxError
        from reminder.sandbox.world import World  # noqa: F401 - is the extra there?
    except ModuleNotFoundError as error:
        say(
            "The demo needs parts that are not installed.",
            why=f"{error.name} is missing",
            do="pip install 'reminder[sandbox]'",
        )
        raise typer.Exit(Exit.CONFIGURATION) from None
    try:
        yield
    except SandboxError as error:
        say("The demo did not go as it should.", why=str(error))
        raise typer.Exit(Exit.FOUND_PROBLEMS) from None


@contextlib.contextmanager
def _folder(data: Path | None) -> Iterator[Path]:
    if data is None:
        with tempfile.TemporaryDirectory(prefix="reminder-demo-") as temporary:
            yield Path(temporary)
        return
    if data.exists() and any(data.iterdir()):
        say("Nothing was started.", place=str(data), why="The folder is not empty.")
        raise typer.Exit(Exit.CONFLICT)
    data.mkdir(parents=True, exist_ok=True)
    yield data


async def _demo(folder: Path, *, once: bool, as_json: bool) -> None:
    # Only here: the sandbox's own libraries are an extra of the package.
    from reminder.sandbox import story
    from reminder.sandbox.clinics import HARBOR
    from reminder.sandbox.clock import SandboxClock, first_instant
    from reminder.sandbox.generator import generate
    from reminder.sandbox.narrator import Narrator
    from reminder.sandbox.serving import free_port
    from reminder.sandbox.settings_text import write_settings

    # A supervisor's SIGTERM must stop the pretended EHR too, as Ctrl-C does.
    if this := asyncio.current_task():
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, this.cancel)
    begins = first_instant(system_clock().astimezone(HARBOR.zone).date(), HARBOR.zone)
    clock = SandboxClock(begins, time.monotonic)
    practice = generate(begins.astimezone(HARBOR.zone).date())
    narrator = Narrator(Console(stderr=as_json, highlight=False), time.monotonic)
    async with story.open_world(folder / "sandbox", practice, clock, narrator) as world:
        settings = write_settings(world, folder / "reminder", port=free_port())
        async with open_app(load(settings), clock) as app, pages(app):
            summary = await story.tell(app, world, practice, clock, narrator)
            if as_json:
                typer.echo(json.dumps(summary.as_json()))
            if not once:
                story.invite(world, narrator)
                async with work(app):
                    await asyncio.Event().wait()
