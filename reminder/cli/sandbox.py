"""`reminder sandbox ehr`: an EHR that goes wrong on demand, to build connections by."""

import asyncio
import contextlib
import signal
from typing import Annotated

import typer

from reminder.cli.errors import Exit, reported, say
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.fault_server import FaultServer
from reminder.sandbox.fhir_faults.declaring import FHIRFault
from reminder.sandbox.fhir_faults.named import FAULTS, VENDORS, named
from reminder.sandbox.serving import loopback_socket, serving, url_of

app = typer.Typer(help="Pretended outsides, for whoever builds on Reminder.")

Upstream = Annotated[
    str, typer.Option(help="The FHIR base URL of the EHR behind it, a test system.")
]
Fault = Annotated[
    list[str] | None, typer.Option(help="What goes wrong, by name; may be repeated.")
]
Port = Annotated[int, typer.Option(help="Where it listens on 127.0.0.1; 0: anywhere.")]
Times = Annotated[
    int | None, typer.Option(min=1, help="Each fault happens so often, then no more.")
]
After = Annotated[
    int, typer.Option(min=0, help="Each fault lets so many requests pass first.")
]


@app.callback()
def sandbox() -> None:
    """Pretended outsides, for whoever builds on Reminder."""


@app.command("faults")
def faults() -> None:
    """List everything that can go wrong, and the makes of EHR made up of it."""
    width = max(map(len, (*FAULTS, *VENDORS)))
    for fault in FAULTS.values():
        typer.echo(f"{fault.name:<{width}}  {fault.sentence}")
    typer.echo()
    for vendor, parts in VENDORS.items():
        typer.echo(f"{vendor:<{width}}  {', '.join(each.name for each in parts)}")


@app.command("ehr")
def ehr(
    upstream: Upstream,
    fault: Fault = None,
    port: Port = 0,
    times: Times = None,
    after: After = 0,
) -> None:
    """Stand before an EHR on this machine only, and go wrong as told until Ctrl-C."""
    with reported():
        try:
            chosen = [
                each.limited(times=times, after=after)
                for name in fault or ()
                for each in named(name)
            ]
            asyncio.run(_serve(upstream, chosen, port))
        except SandboxError as error:
            say(
                "The EHR was not started.",
                why=str(error),
                do="See: reminder sandbox faults",
            )
            raise typer.Exit(Exit.WRONG_USE) from None


async def _serve(upstream: str, faults: list[FHIRFault], port: int) -> None:
    with contextlib.closing(loopback_socket(port)) as bound:
        server = FaultServer(upstream, url_of(bound))
        server.misbehave(*faults)
        async with serving(server.app, bound, date_header=False):
            typer.echo(f"EHR at {server.base_url}", err=True)
            for each in faults:
                typer.echo(f"  {each.name}: {each.sentence}", err=True)
            await _stopped()
            server.be_well()
        await server.aclose()


async def _stopped() -> None:
    """Returns when somebody has had enough."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for signal_ in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows
            loop.add_signal_handler(signal_, stop.set)
    await stop.wait()
