"""Sends a new link for a burned one: only to the contact on file, and not for ever."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.answers import Turns
from reminder.flows.door import Ask, Door, Refusal
from reminder.flows.page_states import WhyCall
from reminder.flows.pages import NewLinkSent, PleaseCall, Unknown
from reminder.flows.visitor import Opening
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_AT_MOST = 3
"""New links for one appointment; who needs more needs a human."""
_TEMPLATE = "new-link"


class Messages(Protocol):
    """The queue of messages."""

    async def enqueue(self, message: NewMessage, *, now: datetime) -> UUID:
        """To be sent at once."""


class NewLinks:
    """What the page of a burned link offers."""

    def __init__(self, door: Door, messages: Messages) -> None:
        self._door = door
        self._messages = messages
        self._turns = Turns()

    async def send(self, ask: Ask, *, agreed: bool) -> Refusal | NewLinkSent:
        """Send one, if the box was ticked and the link is burned.

        The same form sends one link however often it comes.
        """
        async with self._turns.of("new link"):
            opening = await self._door.open(ask.token)
            if opening is None:
                return Unknown()
            link, now = opening.link, self._door.clock()
            if link.tries_left > 0:
                return self._door.ask(opening)
            count = self._door.tickets.read_count(ask.ticket, link, now)
            if count is None or not agreed:
                return self._door.burned(opening, unticked=not agreed)
            if count != link.reissued:
                return self._sent(opening, already=True)
            if link.reissued >= _AT_MOST:
                return await self._exhausted(opening, now)
            await self._send(opening, now)
            return self._sent(opening, already=False)

    async def _send(self, opening: Opening, now: datetime) -> None:
        link = opening.link
        message_id = await self._messages.enqueue(
            NewMessage(
                kind=MessageKind.NEW_LINK,
                clinic_id=link.clinic_id,
                to=link.to,
                language=link.language,
                template=_TEMPLATE,
                appointments=link.appointments,
                useful_until=link.expires_at,
            ),
            now=now,
        )
        log.info(
            "queued_new_link",
            message_id=str(message_id),
            burned=str(link.message_id),
        )

    def _sent(self, opening: Opening, *, already: bool) -> NewLinkSent:
        channel = opening.link.channel
        return NewLinkSent(here=opening.here(), channel=channel, already=already)

    async def _exhausted(self, opening: Opening, now: datetime) -> PleaseCall:
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
                )
            )
        return PleaseCall(here=opening.here(), why=WhyCall.LINKS_EXHAUSTED)
