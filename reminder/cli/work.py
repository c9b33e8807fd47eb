"""`reminder sync` and `reminder dispatch`: one round of work by hand."""

import asyncio
from pathlib import Path

import typer

from reminder.app.places import database_url
from reminder.app.wiring import open_app
from reminder.cli.errors import Exit, reported
from reminder.cli.options import AsJSON, Config, Once
from reminder.cli.output import show_json
from reminder.cli.progress import sync_progress
from reminder.flows.dispatch import DispatchReport
from reminder.flows.progress import SyncReport, Tell
from reminder.flows.write_back import WriteBackReport
from reminder.model.reminders import PlanCounts
from reminder.settings.load import Loaded, load
from reminder.store.single_worker import single_worker


def sync(
    config: Config = Path("reminder.toml"),
    *,
    once: Once = False,
    as_json: AsJSON = False,
) -> None:
    """Read every EHR's whole horizon now, and what it pushed, and plan."""
    _require(once)
    with reported(as_json=as_json), sync_progress(silent=as_json) as tell:
        reports, counts = asyncio.run(_sync(load(config), tell))
    if as_json:
        show_json({"connections": reports, "plan": counts})
    else:
        _tell_sync(reports, counts)
    if not all(report.available for report in reports.values()):
        raise typer.Exit(Exit.UNREACHABLE)


def dispatch(
    config: Config = Path("reminder.toml"),
    *,
    once: Once = False,
    as_json: AsJSON = False,
) -> None:
    """Send what is due now, and write back what waits."""
    _require(once)
    with reported(as_json=as_json):
        report, written = asyncio.run(_dispatch(load(config)))
    counts = {
        "sent": report.sent,
        "not_sent": report.not_sent,
        "held": report.held,
        "withdrawn": report.dropped,
    }
    if as_json:
        show_json(counts | {"write_backs": written})
        return
    typer.echo(", ".join(f"{n} {what.replace('_', ' ')}" for what, n in counts.items()))
    typer.echo(
        f"{written.done} written into the EHR, "
        f"{written.waiting} waiting, {written.failed} failed"
    )


def _tell_sync(reports: dict[str, SyncReport], counts: PlanCounts) -> None:
    for connection, report in reports.items():
        if not report.available:
            why = f" ({report.problem})" if report.problem else ""
            typer.echo(f"{connection}: could not be read{why}; nothing was lost.")
            continue
        typer.echo(
            f"{connection}: {report.read} read, {report.unchanged} unchanged, "
            f"{report.quarantined} quarantined, {report.gone} gone."
        )
    typer.echo(f"{counts.planned} planned, {counts.withdrawn} withdrawn.")


def _require(once: bool) -> None:  # noqa: FBT001 - it is the flag itself
    if not once:
        typer.echo("Write --once; `reminder run` does it on schedule.", err=True)
        raise typer.Exit(Exit.WRONG_USE)


async def _sync(
    loaded: Loaded, tell: Tell | None
) -> tuple[dict[str, SyncReport], PlanCounts]:
    with single_worker(database_url(loaded)):
        async with open_app(loaded) as app:
            reports = {
                one.connection: await one.run(everything=True, tell=tell)
                for one in app.syncs
            }
            for pushed in app.pushed:
                while (await pushed.run()).taken:
                    pass
            return reports, await app.make_plans()


async def _dispatch(loaded: Loaded) -> tuple[DispatchReport, WriteBackReport]:
    with single_worker(database_url(loaded)):
        async with open_app(loaded) as app:
            await app.keep.run()
            report = await app.dispatch.run()
            while report.again_in is not None:
                await asyncio.sleep(report.again_in.total_seconds())
                report += await app.dispatch.run()
            return report, await app.write_back.run()
