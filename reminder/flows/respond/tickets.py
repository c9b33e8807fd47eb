"""What the forms of a page may do: a ticket for each step, for who was proven."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from uuid import UUID

from reminder.flows.respond.page_states import Step
from reminder.messages.signed import base64url, mac
from reminder.messages.tickets import Ticket, read, seal
from reminder.model.answers import Link
from reminder.model.appointments import AppointmentKey, Slot
from reminder.model.people import ContactPoint, PatientKey

_GOOD_FOR = timedelta(minutes=15)
_MARK_BYTES = 9
_SHOWN_CHARS = 6
"""Enough to tell one time from another: nobody can choose what it is made of."""


@dataclass(frozen=True, slots=True)
class Pass:
    """Who has been proven by their date of birth, and the time that was chosen.

    `issued_at` is when the ticket was made, in whole seconds. `shown` are the
    visits at the times the page showed, as `Tickets.shown_ref` names them.
    """

    patients: frozenset[PatientKey] = frozenset()
    slot: Slot | None = None
    issued_at: datetime | None = None
    shown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Tickets:
    """Makes and reads the tickets of a page; what they hold are digests and codes."""

    key: bytes = field(repr=False)

    def visit_ref(self, key: AppointmentKey) -> str:
        """A short name for one visit of a link, that says nothing by itself."""
        return self._mark("visit", key)

    def shown_ref(self, key: AppointmentKey, start_at: datetime) -> str:
        """A short name for a visit at the time that a page shows for it."""
        mark = self._mark("shown", (*key, f"{start_at.timestamp():.0f}"))
        return mark[:_SHOWN_CHARS]

    def number_ref(self, key: PatientKey, to: ContactPoint) -> str:
        """A name for a patient's number, by which a form tells which one it showed."""
        return self._mark("number", (*key, to.channel, to.value))

    def issue(
        self,
        steps: Iterable[Step],
        message_id: UUID,
        who: Pass,
        now: datetime,
    ) -> dict[Step, str]:
        """A ticket for each step, good for fifteen minutes."""
        subject = self._subject(who)
        return {
            step: self._seal(message_id, subject, step, now + _GOOD_FOR)
            for step in steps
        }

    def count(self, link: Link, now: datetime) -> dict[Step, str]:
        """A ticket to ask for the next new link, which is good for that one alone."""
        step = Step.NEW_LINK
        subject = str(link.reissued)
        return {step: self._seal(link.message_id, subject, step, now + _GOOD_FOR)}

    def read_count(self, text: str, link: Link, now: datetime) -> int | None:
        """How many new links there were when the ticket was made."""
        ticket = read(text, self.key, message_id=link.message_id, now=now)
        if ticket is None or ticket.step != Step.NEW_LINK:
            return None
        return int(ticket.subject)

    def read(self, text: str, link: Link, step: Step, now: datetime) -> Pass | None:
        """Who was proven, if the ticket allows this step of this link now."""
        ticket = read(text, self.key, message_id=link.message_id, now=now)
        if ticket is None or ticket.step != step:
            return None
        names, *slot = ticket.subject.split(" ", 3)
        marks, _, shown = names.partition("/")
        proven = frozenset(
            key.patient
            for key in link.appointments
            if self._mark("patient", key.patient) in marks.split(".")
        )
        if not proven:
            return None
        return Pass(
            proven,
            _read_slot(slot),
            ticket.expires_at - _GOOD_FOR,
            frozenset(shown.split(".")),
        )

    def _seal(self, message_id: UUID, subject: str, step: Step, at: datetime) -> str:
        ticket = Ticket(
            message_id=message_id, subject=subject, step=step, expires_at=at
        )
        return seal(ticket, self.key)

    def _subject(self, who: Pass) -> str:
        marks = ".".join(sorted(self._mark("patient", key) for key in who.patients))
        marks += "/" + ".".join(sorted(who.shown))
        if who.slot is None:
            return marks
        slot = who.slot
        starts, ends = slot.start_at.timestamp(), slot.end_at.timestamp()
        return f"{marks} {starts:.0f} {ends:.0f} {slot.slot_id}"

    def _mark(self, purpose: str, parts: Iterable[str]) -> str:
        content = "\0".join(parts).encode()
        return base64url(mac(purpose, content, self.key)[:_MARK_BYTES])


def _read_slot(parts: list[str]) -> Slot | None:
    if not parts:
        return None
    starts, ends, slot_id = parts
    return Slot(
        slot_id=slot_id,
        schedule_id="",
        start_at=datetime.fromtimestamp(int(starts), UTC),
        end_at=datetime.fromtimestamp(int(ends), UTC),
    )
