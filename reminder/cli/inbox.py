"""`reminder inbox`: what patients wrote that a human has to read."""

import asyncio
from dataclasses import asdict
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, Stopped, Trouble, reported
from reminder.cli.options import AsJSON, Config
from reminder.cli.output import show, show_json
from reminder.model.inbound import KeptReply
from reminder.model.worklist import WorklistKind
from reminder.settings.load import Loaded, load

app = typer.Typer(
    help="What patients wrote that a human has to read.", invoke_without_command=True
)


@app.callback()
def inbox(
    context: typer.Context,
    config: Config = Path("reminder.toml"),
    *,
    as_json: AsJSON = False,
) -> None:
    """List what patients wrote that nobody is done with, the oldest first."""
    if context.invoked_subcommand is not None:
        return
    with reported(as_json=as_json):
        replies = asyncio.run(_open(load(config)))
    if as_json:
        show_json([_plain(reply) for reply in replies])
        return
    show(
        ("since", "id", "clinic", "from", "appointment", "text"),
        [
            (
                reply.received_at,
                str(reply.reply_id),
                reply.clinic_id,
                reply.from_point.value,
                reply.appointment.appointment_id if reply.appointment else "",
                _one_line(reply.text),
            )
            for reply in replies
        ],
        empty="Nobody wrote anything that is still to be read.",
    )


@app.command("done")
def done(
    reply: Annotated[UUID, typer.Argument(help="The id the inbox shows.")],
    config: Config = Path("reminder.toml"),
) -> None:
    """Say that one was read and answered; it leaves the inbox and the worklist."""
    with reported():
        asyncio.run(_done(load(config), reply))
    typer.echo("Done.")


async def _open(loaded: Loaded) -> list[KeptReply]:
    async with open_app(loaded, works=False) as opened:
        return await opened.store.inbound.open()


async def _done(loaded: Loaded, reply_id: UUID) -> None:
    """It was read.

    Raises:
        Stopped: there is no such reply, or somebody was done with it before.
    """
    async with open_app(loaded, works=False) as opened:
        now = opened.clock()
        if not await opened.store.inbound.done(reply_id, at=now):
            raise Stopped(
                Exit.WRONG_USE,
                Trouble(
                    f"There is no open reply {reply_id}.",
                    why="The id is not in the inbox, or somebody was done with it.",
                    do="See what is open: reminder inbox",
                ),
            )
        await opened.store.worklist.resolve(
            WorklistKind.PATIENT_WROTE, str(reply_id), now
        )


def _one_line(text: str) -> str:
    """The words without what could move a terminal's cursor or turn its lines round."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split())


def _plain(reply: KeptReply) -> dict[str, object]:
    said = asdict(reply)
    return said | {"from_point": reply.from_point.value}
