"""Somebody who has shown who they are, and the visits they may see."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from reminder.flows.respond.page_states import News, Step
from reminder.flows.respond.pages import Here, Visits, VisitView
from reminder.flows.respond.tickets import Pass, Tickets
from reminder.flows.respond.visits import Known, is_kept_from, is_replaced, view
from reminder.model.answers import Answer, Link
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import Clinic, ClinicDirectory, Clinics
from reminder.model.people import PatientKey
from reminder.model.reminders import Person, Reminder
from reminder.rules.where import clinic_of


class Appointments(Protocol):
    """Everyone's world."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, without bookings the EHR has no more."""


class Answers(Protocol):
    """What patients did before."""

    async def latest(self, key: AppointmentKey) -> list[Answer]:
        """The answers about one visit, the newest first."""


class Reminders(Protocol):
    """What patients were told before."""

    async def of_appointment(self, appointment_id: str) -> list[Reminder]:
        """Every reminder of an appointment."""


@dataclass(frozen=True, slots=True)
class Opening:
    """A link that works, as it was opened: with those visits that it may open.

    `clinic` is whose message it was in: its name is over the pages. `people`
    are their patients, as they were known then.
    """

    link: Link
    clinic: Clinic
    token: str = field(repr=False)
    people: Sequence[Person] = field(default=(), repr=False)

    def here(self, tickets: Mapping[Step, str] | None = None) -> Here:
        """What a page of this link carries."""
        return Here(
            clinic=self.clinic,
            language=self.link.language,
            token=self.token,
            tickets=tickets or {},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who was proven, and their visits by the names the forms use."""

    opening: Opening
    who: Pass
    visits: Mapping[str, Known]
    tickets: Tickets
    now: datetime

    @property
    def locked(self) -> int:
        """How many visits of the link need another date of birth."""
        keys = self.opening.link.appointments
        return sum(key.patient not in self.who.patients for key in keys)

    def here(self, *steps: Step, who: Pass | None = None) -> Here:
        """What a page carries, with tickets for these steps and for looking."""
        message_id = self.opening.link.message_id
        steps = (Step.SEE, *steps)
        shown = frozenset(self.shown_ref(known) for known in self.visits.values())
        who = replace(who or self.who, shown=shown)
        return self.opening.here(self.tickets.issue(steps, message_id, who, self.now))

    def shown_ref(self, known: Known) -> str:
        """What a ticket calls one of the visits at the time it has now."""
        return self.tickets.shown_ref(known.key, known.appointment.start_at)

    def view(self, known: Known) -> VisitView:
        """One of the visits, as it may be seen."""
        return view(known, self.tickets.visit_ref(known.key), self.now)

    def page(self, news: News | None = None, about: str = "") -> Visits:
        """All the visits, the earliest first, with what was just done to one."""
        known = sorted(self.visits.values(), key=lambda one: one.appointment.start_at)
        return Visits(
            here=self.here(Step.CONFIRM, Step.UNDO, Step.CALL),
            visits=tuple(self.view(one) for one in known),
            locked=self.locked,
            news=news,
            about=about,
        )


@dataclass(frozen=True, slots=True)
class Visitors:
    """Gathers what is known of a visitor's visits."""

    appointments: Appointments
    answers: Answers
    reminders: Reminders
    tickets: Tickets
    clinics: Clinics

    async def people(self, link: Link) -> list[Person]:
        """The patients a link is about."""
        keys = {key.patient for key in link.appointments}
        return await self.appointments.people(sorted(keys))

    async def opening(self, link: Link, clinic: Clinic, token: str) -> Opening | None:
        """The link without the visits that are kept from its address; None if all are.

        Nothing tells that there are any: they are not even counted.
        """
        people = await self.people(link)
        by_key = {person.key: person for person in people}
        visits = tuple(
            key
            for key in link.appointments
            if not (known := self._known(key, by_key.get(key.patient), clinic))
            or not is_kept_from(known, link.to)
        )
        if not visits:
            return None
        return Opening(replace(link, appointments=visits), clinic, token, people)

    async def gather(
        self, opening: Opening, who: Pass, people: Sequence[Person], now: datetime
    ) -> Visitor:
        """The visitor; visits the EHR has no more are left out.

        So is what has been kept from the link's address since it was opened: what
        they did themselves may have brought the news.
        """
        by_key = {person.key: person for person in people}
        visits: dict[str, Known] = {}
        for key in opening.link.appointments:
            known = self._known(key, by_key.get(key.patient), opening.clinic)
            if known is None or key.patient not in who.patients:
                continue
            if is_kept_from(known, opening.link.to):
                continue
            known = await self._with_past(known)
            if not is_replaced(known):
                visits[self.tickets.visit_ref(key)] = known
        return Visitor(
            opening=opening, who=who, visits=visits, tickets=self.tickets, now=now
        )

    def _known(
        self, key: AppointmentKey, person: Person | None, sender: Clinic
    ) -> Known | None:
        return _known(key, person, self.clinics(), sender)

    async def _with_past(self, known: Known) -> Known:
        """With what the patient did, and what they were told."""
        key = known.key
        reminders = await self.reminders.of_appointment(key.appointment_id)
        return replace(
            known,
            answers=await self.answers.latest(key),
            reminders=[one for one in reminders if one.key.appointment == key],
        )


def _known(
    key: AppointmentKey,
    person: Person | None,
    clinics: ClinicDirectory,
    sender: Clinic,
) -> Known | None:
    """The visit as the EHR has it; None when it has it no more, or not its patient."""
    if person is None or person.patient is None:
        return None
    for appointment in person.appointments:
        if appointment.key == key:
            return Known(
                appointment=appointment,
                patient=person.patient,
                clinic=clinic_of(appointment, clinics, sender),
                person=person,
            )
    return None
