"""Tells a patient what became of what they asked for, by the way they asked."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.flows.written import Asked
from reminder.model.answers import AnswerState, Link, WriteBackKind
from reminder.model.clock import Clock
from reminder.model.messages import MessageKind, NewMessage

_WORDS = {
    WriteBackKind.MOVE: ("answer-moved", "answer-not-moved"),
    WriteBackKind.CANCEL: ("answer-cancelled", "answer-not-cancelled"),
    WriteBackKind.REBOOK: ("answer-rebooked", "answer-not-rebooked"),
}
"""What is said when it is done, and when it is not.

A confirmation needs no answer: nothing is other than the patient was shown.
"""

_PASSED_ON = "answer-requested"


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

    async def about(
        self,
        asked: Asked,
        answer_id: UUID | None,
        became: AnswerState,
        *,
        booked_as: str | None = None,
    ) -> None:
        """Tell whoever asked; nobody where nothing was asked or the link is over."""
        template = _template(asked.kind, became)
        if template is None or answer_id is None:
            return
        now, link = self._clock(), await self._links.of_answer(answer_id)
        if link is None or link.expires_at <= now:
            return
        about = asked.key
        if booked_as is not None:
            about = about._replace(appointment_id=booked_as)
        await self._messages.enqueue(
            NewMessage(
                kind=MessageKind.ANSWER,
                clinic_id=link.clinic_id,
                to=link.to,
                language=link.language,
                template=template,
                appointments=(about,),
                useful_until=link.expires_at,
            ),
            now=now,
        )


def _template(kind: WriteBackKind, became: AnswerState) -> str | None:
    words = _WORDS.get(kind)
    if words is None:
        return None
    if became is AnswerState.REQUESTED:
        return _PASSED_ON
    done, not_done = words
    return done if became is AnswerState.WRITTEN else not_done
