"""Sends a new link for a burned one: only to the contact on file, and not for ever."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.respond.door import Ask, Door, Refusal
from reminder.flows.respond.page_states import WhyCall
from reminder.flows.respond.pages import NewLinkSent, PleaseCall, Unknown
from reminder.flows.respond.visitor import Opening
from reminder.model.answers import Link
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import Clinic
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.reminders import Person
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.rules.recipients import audience

log = structlog.get_logger()

_AT_MOST = 3
"""New links for one appointment; who needs more needs a human."""
_TEMPLATE = "new-link"
_NOT_ON_FILE = "address-not-on-file"


class Messages(Protocol):
    """The queue of messages."""

    async def reissue(
        self, message: NewMessage, *, at_most: int, now: datetime
    ) -> UUID | None:
        """To be sent at once; None when so many were made for its appointments."""


class NewLinks:
    """What the page of a burned link offers."""

    def __init__(self, door: Door, messages: Messages) -> None:
        self._door = door
        self._messages = messages

    async def send(self, ask: Ask, *, agreed: bool) -> Refusal | NewLinkSent:
        """Send one, if the box was ticked and the link is burned.

        The same form sends one link however often it comes.
        """
        opening = await self._door.open(ask.token)
        if opening is None:
            return Unknown()
        link, now = opening.link, self._door.clock()
        if link.tries_left > 0:
            return self._door.ask(opening)
        count = self._door.tickets.read_count(ask.ticket, link, now)
        if count is None or not agreed:
            return self._door.burned(opening, unticked=not agreed)
        if count >= _AT_MOST:
            return await self._exhausted(opening, now)
        people = await self._door.visitors.people(link)
        about = still_on_file(link, people, opening.clinic)
        if not about:
            return await self._exhausted(opening, now, _NOT_ON_FILE)
        is_new = await self._send(opening, about, count, now)
        return NewLinkSent(
            here=opening.here(), channel=link.channel, already=not is_new
        )

    async def _send(
        self,
        opening: Opening,
        about: tuple[AppointmentKey, ...],
        count: int,
        now: datetime,
    ) -> bool:
        """Send the one that comes after `count`, once."""
        link = opening.link
        message = NewMessage(
            kind=MessageKind.NEW_LINK,
            clinic_id=link.clinic_id,
            to=link.to,
            language=link.language,
            template=_TEMPLATE,
            appointments=about,
            useful_until=link.expires_at,
        )
        message_id = await self._messages.reissue(message, at_most=count + 1, now=now)
        if message_id is None:
            return False
        log.info(
            "queued_new_link",
            message_id=str(message_id),
            burned=str(link.message_id),
        )
        return True

    async def _exhausted(
        self, opening: Opening, now: datetime, *details: str
    ) -> PleaseCall:
        link = opening.link
        for key in link.appointments:
            await self._door.worklist.add(
                WorklistEntry(
                    kind=WorklistKind.LINK_EXHAUSTED,
                    subject="/".join(key),
                    at=now,
                    appointment=key,
                    message_id=link.message_id,
                    clinic_id=link.clinic_id,
                    details=details,
                )
            )
        return PleaseCall(here=opening.here(), why=WhyCall.LINKS_EXHAUSTED)


def still_on_file(
    link: Link, people: Sequence[Person], clinic: Clinic
) -> tuple[AppointmentKey, ...]:
    """The visits of a link whose patient, or guardian, still has its address.

    A number may belong to a stranger by now, and it is strangers who burn
    links: what the EHR no longer has, or who said stop, gets no other.
    """
    by_key = {person.key: person for person in people}
    return tuple(
        key
        for key in link.appointments
        if key.patient in by_key and _is_told(by_key[key.patient], key, link, clinic)
    )


def _is_told(person: Person, key: AppointmentKey, link: Link, clinic: Clinic) -> bool:
    patient = person.patient
    if patient is None or patient.deceased or link.to in person.blocked:
        return False
    return any(
        link.to in one.contact_points
        for appointment in person.appointments
        if appointment.key == key
        for one in audience(patient, clinic, appointment.start_at).people
    )
