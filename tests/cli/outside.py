"""A tiny outside for the commands: an EHR, a mail relay, and the folder of a clinic."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

from click.testing import Result
from typer.testing import CliRunner

from reminder.app.clock import system_clock
from reminder.app.wiring import open_app
from reminder.cli.main import app
from reminder.sandbox.faults import Fault
from reminder.sandbox.generator import Practice
from reminder.sandbox.malformed import Malformed
from reminder.sandbox.world import World
from reminder.settings.load import load

Resource = dict[str, Any]
Made = TypeVar("Made")

ANA = "ana.okafor@example.org"
SECRETS = ("Okafor", "Ana", ANA, "1984-02-03", "555-0101", "/r/")
"""What belongs to the one patient, or opens her page."""

STARTS_AT = (system_clock() + timedelta(hours=23, minutes=30)).replace(microsecond=0)
"""When she is expected: half an hour ago she was to be told, and was not yet."""


def resources() -> list[Resource]:
    """One clinic with two rooms, one doctor, one patient and her two visits."""
    return [
        {"resourceType": "Location", "id": "elm", "name": "Elm Street Clinic"},
        {"resourceType": "Location", "id": "van", "name": "The van"},
        {
            "resourceType": "Patient",
            "id": "ana",
            "active": True,
            "name": [{"use": "official", "given": ["Ana"], "family": "Okafor"}],
            "birthDate": "1984-02-03",
            "telecom": [
                {"system": "email", "value": ANA},
                {"system": "phone", "use": "mobile", "value": "202-555-0101"},
            ],
        },
        booking("visit", "elm"),
        booking("stray", "van"),
    ]


def booking(name: str, place: str) -> Resource:
    """A booked visit of the one patient."""
    return {
        "resourceType": "Appointment",
        "id": name,
        "status": "booked",
        "start": STARTS_AT.isoformat(),
        "end": (STARTS_AT + timedelta(minutes=30)).isoformat(),
        "participant": [
            {"actor": {"reference": "Patient/ana"}, "status": "needs-action"},
            {"actor": {"reference": f"Location/{place}"}, "status": "accepted"},
        ],
    }


def practice() -> Practice:
    """What the EHR holds, and one Appointment that no honest server would."""
    broken = booking("broken", "elm")
    broken["start"] = f"{STARTS_AT:%Y-%m-%dT%H:%M:%S}"
    return Practice(
        first_day=date.today(),  # noqa: DTZ011 - nobody looks at it
        resources=tuple(resources()),
        malformed=(Malformed(STARTS_AT, broken),),
        notable={},
    )


@dataclass
class Outside:
    """The sandbox in a thread of its own, so that commands run as they always do."""

    world: World
    loop: asyncio.AbstractEventLoop

    def do(self, work: Coroutine[Any, Any, Made]) -> Made:
        """Have something done out there."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(60)

    def mails(self) -> list[str]:
        """The text of every e-mail that arrived, and forget them."""
        mails = [mail.text for mail in self.world.mail.mailbox.mails]
        self.world.mail.mailbox.mails.clear()
        return mails

    @contextlib.contextmanager
    def ill(self, fault: Fault) -> Iterator[None]:
        """The EHR misbehaves while the block runs."""
        self.loop.call_soon_threadsafe(self.world.proxy.faults.add, fault)
        yield
        self.loop.call_soon_threadsafe(self.world.be_well)

    def settings(self) -> str:
        """The settings of the clinic."""
        return f"""\
public_url = "http://127.0.0.1:8000"

[web]
port = 0

[work]
horizon_days = 11

[[connection]]
name = "sandbox"
base_url = "{self.world.fhir_base_url}"
requests_per_s = 500
burst = 500

[[clinic]]
id = "elm"
connection = "sandbox"
name = "Elm Street Clinic"
short_name = "Elm Clinic"
zone = "America/New_York"
locations = ["elm"]
quiet_hours = "00:00-00:00"

  [[clinic.rule]]
  name = "visits"
  steps = [
    {{ id = "week", offset = "5 business days before at 10:00", channels = ["email"] }},
    {{ id = "day", offset = "24 hours before", channels = ["email"] }},
  ]

[transport.smtp]
host = "{self.world.mail.host}"
port = {self.world.mail.port}
ca_bundle = '{self.world.mail.ca_bundle.resolve()}'
from_addr = "reminders@clinics.example.org"
"""


@contextlib.contextmanager
def outside(folder: Path) -> Iterator[Outside]:
    """Start the outside, fill it, and stop it again."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    made = Outside(World(folder, system_clock, practice()), loop)
    try:
        made.do(made.world.__aenter__())
        made.do(made.world.fill())
        yield made
        made.do(made.world.__aexit__(None, None, None))
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


@dataclass
class Clinic:
    """A folder with settings in it, in which somebody types commands."""

    folder: Path
    outside: Outside

    @property
    def file(self) -> Path:
        """The settings."""
        return self.folder / "reminder.toml"

    def change(self, before: str, after: str) -> None:
        """Edit the settings."""
        text = self.file.read_text()
        assert before in text
        self.file.write_text(text.replace(before, after))

    def types(self, *words: str) -> Result:
        """Run one command on these settings; nothing of the patient is printed."""
        return typed(*words, "--config", str(self.file))

    def read_an_hour_ago(self) -> None:
        """As `sync --once` would have done when she was not to be told yet."""

        def earlier() -> datetime:
            return system_clock() - timedelta(hours=1)

        async def read() -> None:
            async with open_app(load(self.file), earlier) as opened:
                await opened.syncs[0].run(everything=True)
                await opened.make_plans()

        asyncio.run(read())


def typed(*words: str) -> Result:
    """Run one command; nothing of the patient is printed."""
    result = CliRunner().invoke(app, words)
    printed = result.stdout + result.stderr
    assert [secret for secret in SECRETS if secret in printed] == []
    assert "Traceback" not in printed
    return result
