"""Tells a patient what became of what they asked for, by the way they asked."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.model.answers import Link, WriteBack, WriteBackKind
from reminder.model.clock import Clock
from reminder.model.messages import MessageKind, NewMessage

_TEMPLATES = {
    (WriteBackKind.MOVE, True): "answer-moved",
    (WriteBackKind.MOVE, False): "answer-not-moved",
    (WriteBackKind.CANCEL, True): "answer-cancelled",
    (WriteBackKind.CANCEL, False): "answer-not-cancelled",
    (WriteBackKind.REBOOK, True): "answer-rebooked",
    (WriteBackKind.REBOOK, False): "answer-not-rebooked",
}
"""A confirmation needs no answer: nothing is other than the patient was shown."""


class Links(Protocol):
    """Which link an answer came by."""

    async def of_answer(self, answer_id: UUID) -> Link | None:
        """The link, or None when it is gone."""


class Messages(Protocol):
    """The queue of messages."""

    async def enqueue(self, message: NewMessage, *, now: datetime) -> UUID:
        """To be sent at once."""


class Tell:
    """Queues the answer that a page promised."""

    def __init__(self, links: Links, messages: Messages, clock: Clock) -> None:
        self._links = links
        self._messages = messages
        self._clock = clock

    async def about(self, write_back: WriteBack, *, is_done: bool) -> None:
        """Tell whoever asked; nobody where nothing was asked or the link is over."""
        template = _TEMPLATES.get((write_back.kind, is_done))
        if template is None or write_back.answer_id is None:
            return
        now, link = self._clock(), await self._links.of_answer(write_back.answer_id)
        if link is None or link.expires_at <= now:
            return
        await self._messages.enqueue(
            NewMessage(
                kind=MessageKind.ANSWER,
                clinic_id=link.clinic_id,
                to=link.to,
                language=link.language,
                template=template,
                appointments=(write_back.appointment,),
                useful_until=link.expires_at,
            ),
            now=now,
        )
