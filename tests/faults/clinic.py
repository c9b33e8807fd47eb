"""A clinic of a few days of its own: what its EHR holds, and what our mirror does."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple, Protocol, Self
from uuid import uuid4

import httpx

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.flows.sync import Sync, SyncReport
from reminder.model.appointments import AppointmentKey
from reminder.sandbox.fault_server import FaultServer
from reminder.sandbox.fhir_faults.declaring import FHIRFault, bends, is_write
from reminder.sandbox.fhir_faults.exchange import Ask, Asked, Said
from reminder.sandbox.fhir_faults.searches import last_updated_refused
from reminder.sandbox.serving import loopback_socket, serving, url_of
from reminder.store.store import Store
from tests.ehr.pretend import Resource, fixture
from tests.fakes import FakeClock
from tests.servers.pretend_fhir import PretendFHIR

DAY = timedelta(days=1)
HALF_HOUR = timedelta(minutes=30)
HORIZON = DAY
# Reading the system's authorities for each of them would take longer than a test.
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
FINDS_QUICKLY = {
    "requests_per_s": 10_000,
    "burst": 10_000,
    "max_concurrent": 4,
    "page_size": 2,
}


class Upstream(Protocol):
    """The EHR itself, behind our back and behind the faults."""

    @property
    def base_url(self) -> str: ...
    async def put(self, *resources: Resource) -> None: ...
    async def read(self, resource_type: str, resource_id: str) -> Resource: ...
    async def search(self, query: str) -> list[Resource]: ...
    async def delete(self, resource_type: str, resource_id: str) -> None: ...


@contextlib.asynccontextmanager
async def in_front_of(
    upstream: Upstream, client: httpx.AsyncClient | None = None
) -> AsyncIterator[FaultServer]:
    """A fault server over HTTP, before that EHR."""
    bound = loopback_socket()
    server = FaultServer(upstream.base_url, url_of(bound), client)
    async with serving(server.app, bound, date_header=False):
        yield server
        server.be_well()
    await server.aclose()


class Memory:
    """The EHR in memory, with the manners of SEKMET's test double."""

    base_url = "https://memory.example.org/fhir"

    def __init__(self) -> None:
        # Each clinic sets it to its own clock.
        self.server = PretendFHIR(
            self.base_url, lambda: datetime(2029, 1, 1, tzinfo=UTC)
        )

    async def put(self, *resources: Resource) -> None:
        self.server.put(*resources)

    async def read(self, resource_type: str, resource_id: str) -> Resource:
        resource = self.server.read(f"{resource_type}/{resource_id}")
        assert resource is not None
        return resource

    async def search(self, query: str) -> list[Resource]:
        answer = self.server(httpx.Request("GET", f"{self.base_url}/{query}"))
        return [entry["resource"] for entry in answer.json()["entry"]]

    async def delete(self, resource_type: str, resource_id: str) -> None:
        self.server.delete(resource_type, resource_id)


class Seen(NamedTuple):
    """One booking, as either side has it."""

    appointment_id: str
    patient_id: str
    status: str
    start_at: datetime


@dataclass
class Slots:
    """The Slots of the schedule, by number: half an hour each, from 14:00 UTC on."""

    name: str
    day: datetime

    def id(self, number: int) -> str:
        return f"{self.name}-s{number}"

    def start(self, number: int) -> datetime:
        return self.day + timedelta(hours=14) + number * HALF_HOUR

    def resource(self, number: int, status: str) -> Resource:
        return fixture(
            "slot-busy",
            id=self.id(number),
            status=status,
            schedule={"reference": f"Schedule/{self.name}"},
            start=written(self.start(number)),
            end=written(self.start(number) + HALF_HOUR),
        )


class Clinic:
    """Its EHR, the fault server before it, and everything of ours behind that.

    `visits` are its Appointments as the clinic meant them. It is noon of a day
    that no other clinic has; visits are in the afternoon, or on the next one.
    """

    _numbers = iter(range(10_000))
    tells_changes = False

    def __init__(self, upstream: Upstream, server: FaultServer, store: Store) -> None:
        number = next(Clinic._numbers)
        self.name = f"c{number}-{uuid4().hex[:6]}"
        self.noon = datetime(2030, 1, 1, 12, tzinfo=UTC) + number * 8 * DAY
        self.clock = FakeClock(self.noon)
        self.upstream, self.server, self.store = upstream, server, store
        self.slots = Slots(self.name, self.noon.replace(hour=0))
        self.visits: dict[str, Resource] = {}
        self.patients = [f"{self.name}-{given}" for given in ("ana", "ben")]
        self.ehr = self.connected()
        self.sync_flow = self.syncing()

    def connected(self, **config: Any) -> EHR:
        """The EHR room, over HTTP to the fault server."""
        settings = {"base_url": self.server.base_url, **FINDS_QUICKLY, **config}
        return EHR(
            "main",
            EHRConfig.model_validate(settings),
            clock=self.clock,
            transport=httpx.AsyncHTTPTransport(verify=_NO_TLS, trust_env=False),
        )

    def syncing(self, *, horizon: timedelta = HORIZON) -> Sync:
        """The flow that reads it, a day ahead."""
        return Sync(
            "main",
            self.ehr,
            bookings=self.store.appointments,
            states=self.store.sync_state,
            worklist=self.store.worklist,
            clock=self.clock,
            horizon=horizon,
            window_every=HALF_HOUR,
            patient_ttl=DAY,
            silence_limit=timedelta(hours=2),
        )

    async def configure(self, **config: Any) -> None:
        """Connect anew, with these settings."""
        await self.ehr.aclose()
        self.ehr = self.connected(**config)
        self.sync_flow = self.syncing()

    async def __aenter__(self) -> Self:
        """There are two patients, a place, a practitioner, and ten free Slots."""
        async with contextlib.AsyncExitStack() as opening:
            opening.push_async_callback(self.close)
            people = [fixture("patient-adult", id=one) for one in self.patients]
            places = fixture("location"), fixture("practitioner")
            schedule = fixture("schedule", id=self.name)
            slots = [self.slots.resource(number, "free") for number in range(10)]
            await self.upstream.put(*people, *places, schedule, *slots)
            self.well()
            opening.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """End every connection, and every fault."""
        self.server.be_well()
        await self.ehr.aclose()
        await self.store.aclose()

    def id(self, number: int) -> str:
        return f"{self.name}-v{number}"

    def key(self, number: int) -> AppointmentKey:
        return AppointmentKey("main", self.id(number), self.patients[number % 2])

    def visit(self, number: int, *, day: int = 0, **changes: Any) -> Resource:
        """A visit in the Slot of that number, or at that time some days later."""
        start = self.slots.start(number) + day * DAY
        actors = [f"Patient/{self.patients[number % 2]}", "Practitioner/lee"]
        elements = {
            "id": self.id(number),
            "start": written(start),
            "end": written(start + HALF_HOUR),
            "slot": [{"reference": f"Slot/{self.slots.id(number)}"}],
            "participant": [
                {"actor": {"reference": actor}, "status": "needs-action"}
                for actor in (*actors, "Location/main")
            ],
        }
        return fixture("appointment-booked", **elements | changes)

    async def book(self, *numbers: int) -> None:
        """Somebody at the clinic books these visits."""
        await self.put(*(self.visit(number) for number in numbers))
        taken = [self.slots.resource(number, "busy") for number in numbers]
        await self.upstream.put(*taken)

    async def put(self, *visits: Resource) -> None:
        """Somebody at the clinic writes these Appointments."""
        self.visits |= {visit["id"]: visit for visit in visits}
        await self.upstream.put(*visits)

    async def delete(self, number: int) -> None:
        """Somebody at the clinic deletes the Appointment."""
        await self.upstream.delete("Appointment", self.id(number))
        del self.visits[self.id(number)]

    async def busy_slots(self) -> set[str]:
        """The ids of the Slots that are not free."""
        every = [await self.upstream.read("Slot", self.slots.id(n)) for n in range(10)]
        return {one["id"] for one in every if one["status"] != "free"}

    def taken_at_the_last_moment(self, number: int) -> FHIRFault:
        """Somebody else books this Slot just before the first write arrives."""

        async def bend(asked: Asked, ask: Ask) -> Said:
            await self.book(number)
            return await ask(asked)

        return bends(is_write)(bend).limited(times=1)

    def wrong(self, *faults: FHIRFault) -> None:
        """From now on the EHR goes wrong in these ways."""
        self.server.misbehave(*faults)

    def well(self) -> None:
        """From now on it does what it should; it never tells what changed, though.

        Others use the same EHR, and their changes are none of this clinic's.
        """
        self.server.be_well()
        if not self.tells_changes:
            self.server.misbehave(last_updated_refused)

    async def sync(self, *, within_s: float = 20) -> SyncReport:
        """Read the whole horizon."""
        async with asyncio.timeout(within_s):
            return await self.sync_flow.run(everything=True)

    def truth(self) -> set[Seen]:
        """The bookings of this clinic's own Appointments, as it meant them."""
        return {
            Seen(
                visit["id"],
                one["actor"]["reference"].partition("/")[2],
                visit["status"],
                datetime.fromisoformat(visit["start"]).astimezone(UTC),
            )
            for visit in self.visits.values()
            for one in visit["participant"]
            if one["actor"].get("reference", "").startswith("Patient/")
        }

    async def mirror(self) -> set[Seen]:
        """The bookings of this clinic's days that we take for existing."""
        first = self.noon - 2 * DAY
        ids = await self.store.appointments.fingerprints("main", first, first + 7 * DAY)
        found = [await self.store.appointments.bookings(one) for one in ids]
        return {
            Seen(one.key.appointment_id, one.key.patient_id, one.status, one.start_at)
            for bookings in found
            for one in bookings
        }


def written(at: datetime) -> str:
    """An instant as FHIR writes it."""
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
