"""Who a link lets in: a date of birth proves the patient, five wrong ones burn it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.entries import Entries
from reminder.flows.respond.birth_date import read_birth_date, same_date
from reminder.flows.respond.page_states import Problem, Step, WhyCall
from reminder.flows.respond.pages import (
    AskBirthDate,
    Burned,
    PleaseCall,
    TypedDate,
    Unknown,
)
from reminder.flows.respond.tickets import Pass, Tickets
from reminder.flows.respond.visitor import Opening, Visitor, Visitors
from reminder.model.answers import Link
from reminder.model.clinics import Clinics
from reminder.model.clock import Clock
from reminder.model.people import PatientKey, full_birth_date
from reminder.model.reminders import Person
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_NOBODY = Pass()
_NOTHING_TYPED = TypedDate()

Refusal = Unknown | AskBirthDate | Burned | PleaseCall


class Links(Protocol):
    """The links that were sent."""

    async def find(self, token: str) -> Link | None:
        """The link of a token."""

    async def take_try(self, message_id: UUID) -> bool:
        """Count one try; False when five were counted before."""

    async def give_back(self, message_id: UUID) -> None:
        """The try was right: it does not count."""


@dataclass(frozen=True, slots=True)
class Ask:
    """What a form sends besides its own fields; all of it may be forged."""

    token: str = field(repr=False)
    ticket: str = field(default="", repr=False)
    visit: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Door:
    """Lets in who may come in; what it shows to everyone else reveals nobody."""

    links: Links
    visitors: Visitors
    worklist: Entries
    clinics: Clinics
    tickets: Tickets
    clock: Clock

    async def open(self, token: str) -> Opening | None:
        """The link of a token, None when it opens no visit (any more)."""
        link = await self.links.find(token)
        if link is None or link.expires_at <= self.clock():
            return None
        try:
            clinic = self.clinics().by_id(link.clinic_id)
        except KeyError:
            return None
        return await self.visitors.opening(link, clinic, token)

    async def look(self, ask: Ask) -> Refusal:
        """The question for a date of birth; nothing changes."""
        opening = await self.open(ask.token)
        if opening is None:
            return Unknown()
        who = self.tickets.read(ask.ticket, opening.link, Step.SEE, self.clock())
        return self.ask(opening, before=who or _NOBODY)

    async def admit(self, ask: Ask, step: Step) -> Visitor | Refusal:
        """The visitor, if their ticket allows this step of this link now."""
        opening = await self.open(ask.token)
        if opening is None:
            return Unknown()
        now = self.clock()
        who = self.tickets.read(ask.ticket, opening.link, step, now)
        if who is None:
            return self.ask(opening, Problem.CLOSED)
        return await self.visitors.gather(opening, who, opening.people, now)

    async def prove(self, ask: Ask, typed: TypedDate) -> Visitor | Refusal:
        """The visitor, if the date is a patient's of the link; a wrong one costs a try.

        Who has a ticket already keeps what it opened.
        """
        opening = await self.open(ask.token)
        if opening is None:
            return Unknown()
        if opening.link.tries_left <= 0:
            return self.burned(opening)
        now = self.clock()
        before = self.tickets.read(ask.ticket, opening.link, Step.SEE, now) or _NOBODY
        born = read_birth_date(typed, now.astimezone(opening.clinic.zone).date())
        if isinstance(born, Problem):
            return self.ask(opening, born, typed, before)
        people = opening.people
        if not any(_born(person) for person in people):
            return await self._please_call(opening)
        proven = await self._compare(opening.link, people, born)
        if not proven:
            return await self._mismatch(ask.token, typed, before)
        who = Pass(before.patients | proven)
        return await self.visitors.gather(opening, who, people, now)

    def ask(
        self,
        opening: Opening,
        problem: Problem | None = None,
        typed: TypedDate = _NOTHING_TYPED,
        before: Pass = _NOBODY,
    ) -> AskBirthDate | Burned:
        """The question for the date of birth; a burned link asks no more.

        Who was proven `before` can go back to what that opened.
        """
        link = opening.link
        if link.tries_left <= 0:
            return self.burned(opening)
        steps = (Step.SEE,) if before.patients else ()
        return AskBirthDate(
            here=opening.here(
                self.tickets.issue(steps, link.message_id, before, self.clock())
            ),
            problem=problem,
            typed=typed,
            tries_left=link.tries_left if problem is Problem.MISMATCH else None,
        )

    def burned(self, opening: Opening, *, unticked: bool = False) -> Burned:
        """The page that offers a new link."""
        tickets = self.tickets.count(opening.link, self.clock())
        return Burned(here=opening.here(tickets), unticked=unticked)

    async def _compare(
        self, link: Link, people: Sequence[Person], born: date
    ) -> frozenset[PatientKey]:
        """Whose date it is.

        The try is counted before it is compared: of any number of guesses at
        once, five are compared.
        """
        if not await self.links.take_try(link.message_id):
            return frozenset()
        dates = {person.key: _born(person) for person in people}
        proven = frozenset(
            key for key, ours in dates.items() if ours and same_date(ours, born)
        )
        if proven:
            await self.links.give_back(link.message_id)
        log.info("tried_date", message_id=str(link.message_id), right=bool(proven))
        return proven

    async def _mismatch(self, token: str, typed: TypedDate, before: Pass) -> Refusal:
        opening = await self.open(token)
        if opening is None:
            return Unknown()
        return self.ask(opening, Problem.MISMATCH, typed, before)

    async def _please_call(self, opening: Opening) -> PleaseCall:
        for key in opening.link.appointments:
            await self.worklist.add(
                WorklistEntry(
                    kind=WorklistKind.NO_BIRTH_DATE,
                    subject="/".join(key.patient),
                    at=self.clock(),
                    appointment=key,
                    message_id=opening.link.message_id,
                    clinic_id=opening.clinic.clinic_id,
                )
            )
        return PleaseCall(here=opening.here(), why=WhyCall.NO_BIRTH_DATE)


def _born(person: Person) -> date | None:
    patient = person.patient
    return None if patient is None or patient.deceased else full_birth_date(patient)
