"""A clinic with patients, their links and an EHR, on a real database, behind pages."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from fastapi import FastAPI
from sqlalchemy import select
from sqlmodel import SQLModel

from reminder.flows.notifications import Notifications, Notifier
from reminder.flows.receive import Receive
from reminder.flows.replies.taking_in import TakingIn
from reminder.flows.respond.respond import Respond
from reminder.messages.links import link_token
from reminder.model.appointments import (
    Appointment,
    AppointmentKey,
    AppointmentStatus,
    Place,
    Slot,
)
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.offsets import HoursBefore
from reminder.model.people import Channel, ContactPoint, Patient, PatientKey
from reminder.model.readings import Reading
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.resources import bundled
from reminder.store.errors import StoreUnavailable
from reminder.store.keyring import KeyRing
from reminder.store.store import Store
from reminder.web.app import create_app
from tests.fakes import FakeClock, FakeEHR, FakeReports

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
START = datetime(2027, 3, 9, 20, 30, tzinfo=UTC)
"""Tuesday, March 9 at 2:30 PM in Chicago."""
HOUR = timedelta(hours=1)
PUBLIC_URL = "https://links.example.org"
BASE_URL = "https://ehr.example.org/fhir"
PUSH_SECRET = "what-only-the-ehr-knows"  # noqa: S105
TICKET_KEY = b"k" * 32
MAIN = "main"
ANA_SMS = ContactPoint(Channel.SMS, "+15550100")
ANA_EMAIL = ContactPoint(Channel.EMAIL, "ana.garcia@example.org")

CLINIC = Clinic(
    clinic_id="lake",
    connection=MAIN,
    name="Lakeside Clinic",
    short_name="Lakeside",
    zone=ZoneInfo("America/Chicago"),
    languages=("en", "es"),
    phone="555-0199",
    address="12 Lake Street, Springfield",
    ruleset=Ruleset(
        rules=(
            Rule("all", (Step("day", HoursBefore(24), (Channel.EMAIL, Channel.SMS)),)),
        )
    ),
)


def patient(patient_id: str = "p1", **changes: Any) -> Patient:
    """Ana, or whoever the changes make of her."""
    values: dict[str, Any] = {
        "key": PatientKey(MAIN, patient_id),
        "given": "Ana",
        "family": "Garcia",
        "birth_date": "1985-04-17",
        "language": "en",
        "contact_points": (ANA_SMS, ANA_EMAIL),
    }
    return Patient(**(values | changes))


def booking(
    appointment_id: str = "a1", patient_id: str = "p1", **changes: Any
) -> Appointment:
    """Her visit, in a Slot of its own."""
    start_at = changes.get("start_at", START)
    values: dict[str, Any] = {
        "key": AppointmentKey(MAIN, appointment_id, patient_id),
        "status": AppointmentStatus.BOOKED,
        "start_at": start_at,
        "end_at": start_at + HOUR / 2,
        "place": Place("l1", "Room for secret illnesses", "12 Lake Street"),
        "practitioner": "Dr. Priya Patel",
        "slot_ids": (f"slot-{appointment_id}",),
        "fingerprint": "as first read",
        "version_id": "1",
    }
    return Appointment(**(values | changes))


def slot(slot_id: str, start_at: datetime) -> Slot:
    """A Slot of half an hour."""
    return Slot(
        slot_id=slot_id,
        schedule_id="s1",
        start_at=start_at,
        end_at=start_at + HOUR / 2,
    )


@dataclass
class World:
    """Everything a patient's link leads to."""

    store: Store
    ring: KeyRing
    ehr: FakeEHR = field(default_factory=FakeEHR)
    clock: FakeClock = field(default_factory=lambda: FakeClock(NOW))
    reports: FakeReports = field(default_factory=FakeReports)
    clinics: ClinicDirectory = field(
        default_factory=lambda: ClinicDirectory((CLINIC,), {MAIN: "lake"})
    )
    replanned: list[PatientKey] = field(default_factory=list)
    wait_limit: timedelta = timedelta(seconds=8)
    connected: str = MAIN
    reading: dict[str, object] = field(default_factory=dict)

    @property
    def respond(self) -> Respond:
        """The story behind a link."""
        return Respond(
            links=self.store.links,
            appointments=self.store.appointments,
            reminders=self.store.reminders,
            answers=self.store.answers,
            preferences=self.store.preferences,
            consents=self.store.consents,
            queue=self.store.queue,
            worklist=self.store.worklist,
            ehrs={self.connected: self.ehr},
            clinics=lambda: self.clinics,
            ticket_key=TICKET_KEY,
            clock=self.clock,
            wait_limit=self.wait_limit,
            replan=self._replan,
        )

    @property
    def notifications(self) -> Notifications:
        """What the EHR pushes, proven by a secret that others do not have."""
        notifiers = {
            MAIN: Notifier(BASE_URL, PUSH_SECRET),
            "mute": Notifier(BASE_URL, ""),
        }
        return Notifications(notifiers, hints=self.store.pushed, clock=self.clock)

    @property
    def taking_in(self) -> TakingIn:
        """What patients write back: by a transport that reads some, or none."""
        return TakingIn(
            transports={"phone": self.reports, **self.reading},
            replies=self.store.inbound,
            public_url=PUBLIC_URL,
            clock=self.clock,
        )

    def app(self, **parts: Any) -> FastAPI:
        """The web in front of it."""
        receive = Receive(
            transports={"phone": self.reports},
            queue=self.store.queue,
            callback_key=self.ring.derive("callback-token"),
            public_url=PUBLIC_URL,
            clock=self.clock,
        )
        values: dict[str, Any] = {
            "respond": self.respond,
            "receive": receive,
            "notifications": self.notifications,
            "replies": self.taking_in,
            "health": self.store.health,
            "clinics": self.clinics,
            "clock": self.clock,
            "templates": bundled("templates") / "web",
            "public_url": PUBLIC_URL,
            "ready_limit": timedelta(minutes=15),
            "unavailable": (StoreUnavailable,),
        }
        return create_app(**(values | parts))

    def client(self, **parts: Any) -> httpx.AsyncClient:
        """Somebody who asks it over HTTP."""
        return client(self.app(**parts))

    async def given(
        self, *bookings: Appointment, patients: Sequence[Patient] = ()
    ) -> None:
        """Patients (Ana, if none are named) and their visits, in EHR and store."""
        people = list(patients) or [patient()]
        for one in bookings or (booking(),):
            self.ehr.bookings[one.key] = one
            for slot_id in one.slot_ids:
                self.ehr.slots[slot_id] = slot(slot_id, one.start_at)
                if one.status is AppointmentStatus.BOOKED:
                    self.ehr.taken.add(slot_id)
        by_id: dict[str, list[Appointment]] = {}
        for one in bookings or (booking(),):
            by_id.setdefault(one.key.appointment_id, []).append(one)
        readings = [
            Reading(key, some[0].fingerprint, tuple(some))
            for key, some in by_id.items()
        ]
        await self.store.appointments.keep(MAIN, readings, seen_at=self.clock())
        await self.store.appointments.keep_patients(
            MAIN,
            people,
            asked=[one.key.patient_id for one in people],
            seen_at=self.clock(),
        )

    def free(self, *slots: Slot) -> None:
        """Times nobody has taken."""
        self.ehr.slots |= {one.slot_id: one for one in slots}

    async def link(
        self, *keys: AppointmentKey, to: ContactPoint = ANA_SMS, language: str = "en"
    ) -> str:
        """The token of a message about these visits (all, if none are named)."""
        message_id = await self.store.queue.enqueue(
            NewMessage(
                kind=MessageKind.ANSWER,
                clinic_id="lake",
                to=to,
                language=language,
                template="answer-moved",
                appointments=keys or tuple(self.ehr.bookings),
                useful_until=START,
            ),
            now=self.clock(),
        )
        return link_token(message_id, self.ring.derive("link-token"))

    async def tables(self) -> dict[str, list[Any]]:
        """Every row of every table."""
        async with self.store.database.read() as session:
            return {
                table.name: sorted(map(repr, await session.execute(select(table))))
                for table in SQLModel.metadata.sorted_tables
            }

    async def _replan(self, keys: Sequence[PatientKey]) -> None:
        self.replanned += keys


def client(app: FastAPI) -> httpx.AsyncClient:
    """Somebody who asks an application over HTTP, as its public address has it."""
    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL)
