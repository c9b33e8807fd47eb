"""Sends a new link for a burned one: only to the contact on file, and not for ever."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.respond.door import Ask, Door, Refusal
from reminder.flows.respond.page_states import WhyCall
from reminder.flows.respond.pages import NewLinkSent, PleaseCall, Unknown
from reminder.flows.respond.visitor import Opening
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.rules.on_file import still_on_file

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
        # It is strangers who burn links, perhaps at a number that is theirs now.
        by_key = {person.key: person for person in opening.people}
        about = still_on_file(
            link.to, link.appointments, by_key, self._door.clinics(), opening.clinic
        )
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
