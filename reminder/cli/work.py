"""`reminder sync` and `reminder dispatch`: one round of work by hand."""

import asyncio
from pathlib import Path

import typer

from reminder.app.logs import set_up
from reminder.app.places import database_url
from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, reported
from reminder.cli.options import Config, Once
from reminder.flows.dispatch import DispatchReport
from reminder.flows.sync import SyncReport
from reminder.model.reminders import PlanCounts
from reminder.settings.load import Loaded, load
from reminder.store.single_worker import single_worker


def sync(config: Config = Path("reminder.toml"), *, once: Once = False) -> None:
    """Read every EHR's whole horizon now, and plan."""
    _require(once)
    set_up()
    with reported():
        reports, counts = asyncio.run(_sync(load(config)))
    for connection, report in reports.items():
        if not report.available:
            typer.echo(f"{connection}: the EHR did not answer; nothing was lost.")
            continue
        typer.echo(
            f"{connection}: {report.read} read, {report.unchanged} unchanged, "
            f"{report.quarantined} quarantined, {report.gone} gone."
        )
    typer.echo(f"{counts.planned} planned, {counts.withdrawn} withdrawn.")
    if not all(report.available for report in reports.values()):
        raise typer.Exit(Exit.UNREACHABLE)


def dispatch(config: Config = Path("reminder.toml"), *, once: Once = False) -> None:
    """Send what is due now, and write back what waits."""
    _require(once)
    set_up()
    with reported():
        report = asyncio.run(_dispatch(load(config)))
    typer.echo(
        f"{report.sent} sent, {report.not_sent} not sent, "
        f"{report.held} held, {report.dropped} withdrawn."
    )


def _require(once: bool) -> None:  # noqa: FBT001 - it is the flag itself
    if not once:
        typer.echo("Write --once; `reminder run` does it on schedule.", err=True)
        raise typer.Exit(Exit.WRONG_USE)


async def _sync(loaded: Loaded) -> tuple[dict[str, SyncReport], PlanCounts]:
    with single_worker(database_url(loaded)):
        async with open_app(loaded) as app:
            reports = {
                one.connection: await one.run(everything=True) for one in app.syncs
            }
            return reports, await app.plan.run()


async def _dispatch(loaded: Loaded) -> DispatchReport:
    with single_worker(database_url(loaded)):
        async with open_app(loaded) as app:
            await app.keep.run()
            report = await app.dispatch.run()
            await app.write_back.run()
            return report
