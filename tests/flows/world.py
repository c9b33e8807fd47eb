"""A clinic to tell stories with: a real store, rules and words, no real outside."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch, Limits
from reminder.flows.fresh import Fresh
from reminder.flows.keep import Keep
from reminder.flows.lanes import Lanes
from reminder.flows.plan import Plan
from reminder.flows.send import Send
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.messages.render import Renderer
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    Place,
)
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.messages import Message, MessageState
from reminder.model.offsets import HoursBefore
from reminder.model.outcomes import Accepted, Outcome
from reminder.model.people import Channel, ContactPoint, Patient, PatientKey
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.store.keyring import KeyRing
from reminder.store.statements import table
from reminder.store.store import Store
from reminder.store.tables import PersonRow
from tests.fakes import FakeClock
from tests.flows.clinic_ehr import NOW, ClinicEHR, nothing

PERSON = table(PersonRow)
MAIN = "main"
TOMORROW = NOW + timedelta(days=1)
LEASE = timedelta(minutes=5)
EMAIL = ContactPoint(Channel.EMAIL, "ana.okafor@example.org")
SMS = ContactPoint(Channel.SMS, "+12125550101")
BOTH = (Channel.EMAIL, Channel.SMS)

ELM = Clinic(
    clinic_id="elm",
    connection=MAIN,
    name="Elm Street Clinic",
    short_name="Elm Clinic",
    zone=ZoneInfo("America/New_York"),
    location_ids=frozenset({"elm"}),
    phone="202-555-0199",
    address="1 Elm Street",
    ruleset=Ruleset(rules=(Rule("visits", (Step("day", HoursBefore(24), BOTH),)),)),
)
DIRECTORY = ClinicDirectory((ELM,))
OPENS = datetime(2027, 3, 3, 13, tzinfo=UTC)
"""The end of the clinic's quiet hours on Wednesday: eight o'clock in New York."""


def visit(
    appointment_id: str = "a1", patient_id: str = "p1", **changes: Any
) -> Appointment:
    """A booking at Elm Street, tomorrow at ten unless said otherwise."""
    return Appointment(
        **{
            "key": AppointmentKey(MAIN, appointment_id, patient_id),
            "status": AppointmentStatus.BOOKED,
            "start_at": TOMORROW,
            "place": Place("elm", "Elm Street Clinic", "1 Elm Street"),
            "slot_ids": (f"slot-{appointment_id}",),
        }
        | changes
    )


def patient(patient_id: str = "p1", **changes: Any) -> Patient:
    """An adult with an e-mail address and a mobile phone."""
    return Patient(
        **{
            "key": PatientKey(MAIN, patient_id),
            "given": "Ana",
            "family": "Okafor",
            "birth_date": "1984-02-03",
            "contact_points": (EMAIL, SMS),
        }
        | changes
    )


@dataclass
class RecordingTransport:
    """Sends nothing and remembers it; answers as scripted, then accepts.

    An exception in the script is raised. `known` is what it says when asked
    about an earlier try. `meanwhile` happens once, while it sends.
    """

    name: str
    answers: list[Outcome | Exception] = field(default_factory=list)
    sent: list[Message] = field(default_factory=list)
    known: Outcome | Exception | None = None
    asked: list[Message] = field(default_factory=list)
    meanwhile: Callable[[], Awaitable[None]] = nothing

    async def send(self, message: Message) -> Outcome:
        self.sent.append(message)
        happens, self.meanwhile = self.meanwhile, nothing
        await happens()
        outcome = self.answers.pop(0) if self.answers else Accepted("250 queued")
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        self.asked.append(message)
        if isinstance(self.known, Exception):
            raise self.known
        return self.known


class House:
    """Every chapter over one store, as `app` puts them together."""

    def __init__(
        self,
        store: Store,
        ring: KeyRing,
        renderer: Renderer,
        clinics: ClinicDirectory = DIRECTORY,
    ) -> None:
        self.store, self.directory = store, clinics
        self.clock = FakeClock(NOW)
        self.ehr = ClinicEHR(clock=self.clock)
        self.mail, self.phone = RecordingTransport("smtp"), RecordingTransport("sms")
        self.transports = {Channel.EMAIL: self.mail, Channel.SMS: self.phone}
        self.by_name = {one.name: one for one in self.transports.values()}
        self.lanes = Lanes.unlimited(self.transports, self.clock)
        words = Words(
            renderer=renderer,
            public_url="https://links.example.org",
            link_key=ring.derive("link-token"),
            callback_key=ring.derive("callback-token"),
        )
        self.composing = Composing(store.appointments, self.clinics, words, self.clock)
        self.sync = self.syncing()
        self.plan = Plan(
            store.appointments,
            store.reminders,
            store.worklist,
            self.clinics,
            self.clock,
        )
        self.dispatch = self.dispatching("one")
        self.keep = self.keeping("one")
        self.write_back = WriteBackFlow(
            ehrs={MAIN: self.ehr},
            write_backs=store.write_backs,
            answers=store.answers,
            links=store.links,
            bookings=store.appointments,
            messages=store.queue,
            worklist=store.worklist,
            replan=self.plan.again,
            clock=self.clock,
            lease=LEASE,
        )

    def clinics(self) -> ClinicDirectory:
        """The rules in force; a test may put others into `directory`."""
        return self.directory

    def syncing(self, **changes: Any) -> Sync:
        """A reading of the EHR: two days ahead, all of it every half an hour."""
        return Sync(
            MAIN,
            self.ehr,
            **{
                "bookings": self.store.appointments,
                "states": self.store.sync_state,
                "worklist": self.store.worklist,
                "clock": self.clock,
                "horizon": timedelta(days=2),
                "window_every": timedelta(minutes=30),
                "patient_ttl": timedelta(days=1),
                "silence_limit": timedelta(hours=2),
            }
            | changes,
        )

    def dispatching(self, node: str, **limits: Any) -> Dispatch:
        """The sending of what is due, by one node."""
        queue = self.store.queue
        return Dispatch(
            queue=queue,
            composing=self.composing,
            fresh=Fresh(
                {MAIN: self.ehr},
                self.store.appointments,
                self.clock,
                timedelta(seconds=60),
            ),
            send=Send(self.lanes, queue, self.clock, lease=LEASE, in_flight=2),
            replan=self.plan.again,
            clinics=self.clinics,
            channels=BOTH,
            limits=Limits(**({"lease": LEASE, "node": node} | limits)),
            clock=self.clock,
        )

    def keeping(self, node: str) -> Keep:
        """The housekeeping of one node."""
        return Keep(
            queue=self.store.queue,
            transports=self.by_name,
            composing=self.composing,
            clock=self.clock,
            lease=LEASE,
            node=node,
        )

    async def read_and_plan(self, *resources: Appointment | Patient) -> None:
        """The clinic has these; Reminder reads all there is, and plans."""
        self.ehr.put(*resources)
        await self.sync.run(everything=True)
        await self.plan.run()

    async def reminders(self, appointment_id: str = "a1") -> list[str]:
        """What was decided about one appointment: step, state and reason."""
        return [
            " ".join(filter(None, (one.key.step_id, one.state, one.reason)))
            for one in await self.store.reminders.of_appointment(appointment_id)
        ]

    async def messages(self) -> dict[MessageState, int]:
        """How many messages there are in each state."""
        return await self.store.queue.counts()

    async def worklist(self) -> list[str]:
        """What needs a human: kind and subject."""
        return [f"{one.kind} {one.subject}" for one in await self.store.worklist.open()]

    @property
    def sent(self) -> list[ContactPoint]:
        """Every address written to, once for each try."""
        return [one.to for one in self.mail.sent + self.phone.sent]


async def damage(house: House, patient_id: str) -> None:
    """A disk that forgets: what is kept of this patient opens no more."""
    change = update(PERSON).where(PERSON.c.patient_id == patient_id)
    async with house.store.database.write() as session:
        await session.execute(change.values(sealed=b"\x01\x00\x01" + b"x" * 40))
