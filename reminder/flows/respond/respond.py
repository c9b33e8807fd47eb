"""What a patient does behind a link, from the date of birth to the last page."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import timedelta
from typing import Protocol

from reminder.flows.entries import Entries
from reminder.flows.respond.answers import (
    Answering,
    KeepsAnswers,
    Turns,
)
from reminder.flows.respond.calendar import Calendar
from reminder.flows.respond.coming import Coming
from reminder.flows.respond.contact import Contact, Preferences
from reminder.flows.respond.details import Consents
from reminder.flows.respond.door import Ask, Door, Links, Refusal
from reminder.flows.respond.moving import Moving
from reminder.flows.respond.new_links import Messages, NewLinks
from reminder.flows.respond.openings import OffersSlots, Openings
from reminder.flows.respond.page_states import News, Step
from reminder.flows.respond.pages import NewLinkSent, TypedDate, Visits
from reminder.flows.respond.present import Presence, Present
from reminder.flows.respond.tickets import Tickets
from reminder.flows.respond.visitor import Appointments, Reminders, Visitor, Visitors
from reminder.flows.writable import WritesAnswers
from reminder.flows.written import Follow, FollowsMoves, KeepsReadings
from reminder.model.clinics import Clinics
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.worklist import WorklistEntry, WorklistKind


class Bookings(Appointments, KeepsReadings, Protocol):
    """Everyone's world: read, and kept up with what the EHR answers."""


class OpensAndFollows(Links, FollowsMoves, Protocol):
    """The links that were sent."""


class WaitedFor(WritesAnswers, OffersSlots, Protocol):
    """The EHR as a waiting patient needs it."""


class Respond:
    """Every page behind a link, in its chapters; no act happens without a ticket."""

    def __init__(
        self,
        *,
        links: OpensAndFollows,
        appointments: Bookings,
        reminders: Reminders,
        answers: KeepsAnswers,
        preferences: Preferences,
        consents: Consents,
        queue: Messages,
        worklist: Entries,
        ehrs: Mapping[str, WaitedFor],
        clinics: Clinics,
        ticket_key: bytes,
        clock: Clock,
        wait_limit: timedelta,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
    ) -> None:
        tickets = Tickets(ticket_key)
        visitors = Visitors(appointments, answers, reminders, tickets, clinics)
        self._door = Door(links, visitors, worklist, clinics, tickets, clock)
        answering = Answering(
            ehrs=ehrs,
            answers=answers,
            follow=Follow(appointments, links, worklist, replan, clock),
            worklist=worklist,
            clock=clock,
            wait_limit=wait_limit,
        )
        presence = self._presence = Presence(self._door, Turns())
        self._worklist = worklist
        self._new_links = NewLinks(self._door, queue)
        self.coming = Coming(presence, answering, answers)
        self.moving = Moving(presence, Openings(ehrs, wait_limit), answering)
        self.contact = Contact(presence, preferences, consents, replan)
        self.calendar = Calendar(presence, ticket_key)

    async def look(self, ask: Ask) -> Refusal:
        """The question for a date of birth, or for another one."""
        return await self._door.look(ask)

    async def prove(self, ask: Ask, typed: TypedDate) -> Visits | Refusal:
        """The visits that this date of birth opens."""
        visitor = await self._door.prove(ask, typed)
        return visitor.page() if isinstance(visitor, Visitor) else visitor

    async def new_link(self, ask: Ask, *, agreed: bool) -> Refusal | NewLinkSent:
        """A new link for a burned one."""
        return await self._new_links.send(ask, agreed=agreed)

    async def visits(self, ask: Ask) -> Visits | Refusal:
        """The visits, as they stand now."""
        visitor = await self._door.admit(ask, Step.SEE)
        return visitor.page() if isinstance(visitor, Visitor) else visitor

    async def call(self, ask: Ask) -> Visits | Refusal:
        """No time suits: the clinic is to call."""
        async with self._presence.turn(ask, Step.CALL) as present:
            if not isinstance(present, Present):
                return present
            key, visitor = present.known.key, present.visitor
            is_new = await self._worklist.add(
                WorklistEntry(
                    kind=WorklistKind.CALL_REQUESTED,
                    subject="/".join(key),
                    at=visitor.now,
                    appointment=key,
                    message_id=visitor.opening.link.message_id,
                    clinic_id=visitor.opening.clinic.clinic_id,
                )
            )
            return present.page(News.WILL_CALL if is_new else News.ALREADY_WILL_CALL)
