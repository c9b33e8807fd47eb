"""One day of one clinic: a pretended outside, and the real application between."""

import contextlib
import re
import time
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from reminder.app.serve import pages
from reminder.app.wiring import App, open_app
from reminder.sandbox.clinics import HARBOR, Resource, clinic_resources
from reminder.sandbox.clock import SandboxClock
from reminder.sandbox.generator import Practice
from reminder.sandbox.serving import free_port, loopback_client
from reminder.sandbox.settings_text import write_settings
from reminder.sandbox.visitor import Visitor
from reminder.sandbox.world import World
from reminder.settings.load import load

LINK = re.compile(r"http://\S+/r/[\w-]+")

# Monday, 1 March 2027, 9:50 in New York; the clocks change on the 14th.
BEGINS = datetime(2027, 3, 1, 14, 50, tzinfo=UTC)
# Monday the 8th, 10:30 in New York: five business days after Monday the 1st.
VISIT = datetime(2027, 3, 8, 15, 30, tzinfo=UTC)
BORN = date(1985, 3, 14)


def slot(name: str, start: datetime, status: str = "free") -> Resource:
    """Half an hour of the first doctor."""
    return {
        "resourceType": "Slot",
        "id": name,
        "schedule": {"reference": f"Schedule/{HARBOR.schedule_id(0)}"},
        "status": status,
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
    }


def patient(
    name: str,
    *,
    given: str = "Ana",
    email: str | None = "",
    mobile: str | None = None,
    born: date = BORN,
) -> Resource:
    """A patient; `email` empty makes one up from the id."""
    address = f"{name}@example.org" if email == "" else email
    telecom = [{"system": "email", "value": address}] if address else []
    if mobile:
        telecom.append({"system": "phone", "use": "mobile", "value": mobile})
    return {
        "resourceType": "Patient",
        "id": name,
        "active": True,
        "name": [{"use": "official", "given": [given], "family": "Okafor"}],
        "birthDate": born.isoformat(),
        "telecom": telecom,
    }


def visit(
    name: str, of: str, start: datetime = VISIT, *, at: str, status: str = "booked"
) -> Resource:
    """A booked visit of a patient in a Slot."""
    return {
        "resourceType": "Appointment",
        "id": name,
        "status": status,
        "created": "2027-02-01T12:00:00Z",
        "start": start.isoformat(),
        "end": (start + timedelta(minutes=30)).isoformat(),
        "slot": [{"reference": f"Slot/{at}"}],
        "participant": [
            {"actor": {"reference": f"Patient/{of}"}, "status": "needs-action"},
            {
                "actor": {"reference": f"Practitioner/{HARBOR.practitioner_id(0)}"},
                "status": "accepted",
            },
            {
                "actor": {"reference": f"Location/{HARBOR.location_id}"},
                "status": "accepted",
            },
        ],
    }


@dataclass
class Day:
    """The clinic's day, moved on by hand."""

    world: World
    clock: SandboxClock
    folder: Path
    app: App

    async def put(self, *resources: Resource) -> None:
        """Somebody at the clinic writes these into the EHR."""
        await self.world.ehr.load(resources)

    async def read(self, reference: str) -> Resource:
        """A resource as the EHR has it now."""
        return await self.world.ehr.read(reference)

    async def change(self, reference: str, **elements: object) -> None:
        """Somebody at the clinic changes a resource in the EHR."""
        resource = await self.read(reference)
        resource.pop("meta", None)
        await self.put(resource | elements)

    async def sync(self) -> None:
        """Read the whole horizon, and plan."""
        for sync in self.app.syncs:
            await sync.run(everything=True)
        await self.app.plan.run()

    async def send_due(self, at: datetime | None = None) -> None:
        """Move on to an instant and send what is due then."""
        if at is not None:
            self.clock.advance_to(at)
        await self.app.dispatch.run()
        await self.world.twilio.settled()

    def mails_to(self, name: str) -> list[str]:
        """The text of every e-mail to a patient, the oldest first."""
        return [
            mail.text
            for mail in self.world.mail.mailbox.mails
            if f"{name}@example.org" in mail.rcpt_to
        ]

    def texts_to(self, number: str) -> list[str]:
        """Every text message to a number, the oldest first."""
        return [one.body for one in self.world.phones.messages if one.to == number]

    async def reminded(self, *names: str, at: datetime = VISIT) -> list[str]:
        """Book these patients, remind them by e-mail; the link each one got."""
        booked: list[Resource] = []
        for place, name in enumerate(names):
            booked += [
                slot(f"slot-{name}", at, "busy"),
                patient(name, born=BORN + timedelta(days=place)),
                visit(f"visit-{name}", name, at, at=f"slot-{name}"),
            ]
        await self.put(*booked)
        await self.sync()
        await self.send_due(BEGINS + timedelta(minutes=11))
        return [link_in(self.mails_to(name)[-1]) for name in names]


def link_in(text: str) -> str:
    """The only link of ours in a message."""
    (link,) = set(LINK.findall(text))
    return str(link)


@contextlib.asynccontextmanager
async def opened(link: str, born: date = BORN) -> AsyncIterator[Visitor]:
    """The patient, who has opened the link and said who they are."""
    async with Visitor(link) as visitor:
        await visitor.enter(born)
        yield visitor


class Hands:
    """A clock whose present can be exchanged, so that one world serves many days."""

    def __init__(self) -> None:
        self.clock = SandboxClock(BEGINS, time.monotonic)

    def __call__(self) -> datetime:
        return self.clock()


@contextlib.asynccontextmanager
async def running_world(folder: Path, hands: Hands) -> AsyncIterator[World]:
    """An outside with one clinic and nobody in it."""
    practice = Practice(
        first_day=BEGINS.date(),
        resources=tuple(clinic_resources(HARBOR)),
        malformed=(),
        notable={},
    )
    async with World(folder, hands, practice) as world:
        await world.fill()
        yield world


@contextlib.asynccontextmanager
async def running_day(
    world: World,
    hands: Hands,
    folder: Path,
    *,
    push_secret: str = "",
    **connection: str,
) -> AsyncIterator[Day]:
    """A day that began at BEGINS, with its pages served; it leaves nobody behind.

    With a `push_secret` the EHR may push. `connection` are further settings of
    the EHR, such as `cancel_by`.
    """
    hands.clock = SandboxClock(BEGINS, time.monotonic)
    file = write_settings(world, folder / "reminder", port=free_port())
    if push_secret:
        _let_push(file, push_secret)
    _set(file, connection)
    async with open_app(load(file), hands.clock) as app, pages(app):
        try:
            yield Day(world, hands.clock, folder, app)
        finally:
            await _clear(world)


def _set(file: Path, connection: Mapping[str, str]) -> None:
    more = "".join(f'\n{name} = "{value}"' for name, value in connection.items())
    before, name, after = file.read_text().partition("\nopt_out_extension")
    file.write_text(f"{before}{more}{name}{after}")


def _let_push(file: Path, secret: str) -> None:
    kept = file.with_name("push-secret")
    kept.touch(mode=0o600)
    kept.write_text(secret)
    before, name, after = file.read_text().partition("\nopt_out_extension")
    file.write_text(f'{before}\npush_secret = "file:{kept.name}"{name}{after}')


async def _clear(world: World) -> None:
    world.be_well()
    world.mail.faults = type(world.mail.faults)()
    world.mail.mailbox.mails.clear()
    world.phones.messages.clear()
    async with loopback_client(world.ehr.base_url) as client:
        for kind in ("Subscription", "Communication", "Appointment", "Slot", "Patient"):
            for one in await world.ehr.search(f"{kind}?_count=500"):
                answer = await client.delete(f"/{kind}/{one['id']}")
                assert answer.is_success
