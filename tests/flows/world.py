"""A clinic to tell stories with: a real store, rules and words, no real outside."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import update

from reminder.flows.composing import Composing, Words
from reminder.flows.dispatch import Dispatch, Limits
from reminder.flows.fresh import Fresh
from reminder.flows.keep import Keep
from reminder.flows.plan import Plan
from reminder.flows.send import Send
from reminder.flows.sync import Sync
from reminder.flows.write_back import WriteBackFlow
from reminder.messages.render import Renderer
from reminder.model.answers import Communication
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
from reminder.model.readings import (
    Changes,
    Gone,
    PatientReadings,
    Reading,
    Slice,
    Unreadable,
)
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.store.keyring import KeyRing
from reminder.store.statements import table
from reminder.store.store import Store
from reminder.store.tables import PersonRow
from tests.fakes import FakeClock, FakeEHR

PERSON = table(PersonRow)
MAIN = "main"
NOW = datetime(2027, 3, 2, 15, tzinfo=UTC)
"""Tuesday, ten o'clock in New York; whoever comes tomorrow at ten is told now."""

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


async def nothing() -> None:
    """What usually happens in the meantime."""


@dataclass
class ClinicEHR(FakeEHR):
    """Reads as a FHIR server would: by period, by id, and by what changed since.

    `error` is raised by every call, or only by those of `error_in`. `broken` are
    appointments nobody can read; `meanwhile` happens once, while it answers
    for appointments by their ids. `asked` keeps the ids asked for.
    """

    people: dict[str, Patient] = field(default_factory=dict)
    broken: dict[str, Unreadable] = field(default_factory=dict)
    history: list[str] = field(default_factory=list)
    recorded: list[Communication] = field(default_factory=list)
    asked: list[list[str]] = field(default_factory=list)
    incremental: bool = True
    complete: bool = True
    error_in: str = ""
    meanwhile: Callable[[], Awaitable[None]] = nothing

    def put(self, *resources: Appointment | Patient) -> None:
        """Somebody at the clinic writes these."""
        for resource in resources:
            if isinstance(resource, Patient):
                self.people[resource.key.patient_id] = resource
            else:
                self._keep(resource)
                self.history.append(resource.key.appointment_id)

    def change(self, key: AppointmentKey, **changes: Any) -> None:
        """Somebody at the clinic changes a booking."""
        self.put(replace(self.bookings[key], **changes))

    def delete(self, *appointment_ids: str) -> None:
        """Somebody at the clinic deletes appointments for good."""
        for key in [one for one in self.bookings if one[1] in appointment_ids]:
            del self.bookings[key]

    async def changes(self, since: str | None) -> Changes:
        await self._called("changes")
        if not self.incremental:
            return Changes()
        news = self.history[int(since or len(self.history)) :]
        readings = [self.reading(one) for one in dict.fromkeys(news)]
        return Changes(
            tuple(one for one in readings if isinstance(one, Reading)),
            cursor=str(len(self.history)),
        )

    async def window(
        self, start: datetime, end: datetime, known: Mapping[str, str]
    ) -> Slice:
        await self._called(f"window {start:%d %H:%M}-{end:%d %H:%M}")
        inside = {
            key.appointment_id: booking.fingerprint
            for key, booking in self.bookings.items()
            if start <= booking.start_at < end and key.appointment_id not in self.broken
        }
        same = {one for one, print_ in inside.items() if known.get(one) == print_}
        answers = [self.reading(one) for one in inside if one not in same]
        return Slice(
            tuple(one for one in answers if isinstance(one, Reading)),
            frozenset(same),
            tuple(self.broken.values()),
            complete=self.complete,
        )

    async def appointments(
        self, ids: Sequence[str], known: Mapping[str, str] | None = None
    ) -> list[Reading | Unreadable | Gone]:
        self.asked.append(list(ids))
        await self._called("appointments")
        answers = [self.reading(one) for one in ids]
        happens, self.meanwhile = self.meanwhile, nothing
        await happens()
        return answers

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        await self._called("patients")
        return PatientReadings(
            tuple(self.people[one] for one in ids if one in self.people)
        )

    async def record(self, communication: Communication) -> None:
        await self._called("record")
        if communication not in self.recorded:
            self.recorded.append(communication)

    async def _called(self, name: str) -> None:
        error, self.error = self.error, None
        if name.startswith(self.error_in):
            self.error = error
        try:
            await super()._called(name)
        finally:
            self.error = error

    def _keep(self, booking: Appointment) -> Reading:
        bare = replace(booking, fingerprint="", seen_at=None)
        kept = replace(bare, fingerprint=repr(bare))
        self.bookings[kept.key] = kept
        return Reading(kept.key.appointment_id, kept.fingerprint, (kept,))

    def reading(self, appointment_id: str) -> Reading | Unreadable | Gone:
        """One resource as it is now."""
        if appointment_id in self.broken:
            return self.broken[appointment_id]
        bookings = [
            booking
            for key, booking in self.bookings.items()
            if key.appointment_id == appointment_id
        ]
        if not bookings:
            return Gone(appointment_id)
        return Reading(appointment_id, bookings[0].fingerprint, tuple(bookings))


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
        self.clock, self.ehr = FakeClock(NOW), ClinicEHR()
        self.mail, self.phone = RecordingTransport("smtp"), RecordingTransport("sms")
        self.transports = {Channel.EMAIL: self.mail, Channel.SMS: self.phone}
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
            send=Send(self.transports, queue, self.clock, lease=LEASE, in_flight=2),
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
            transports=self.transports,
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
