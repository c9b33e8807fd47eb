"""Phones as Twilio reaches them: messages, what became of them, who stopped them."""

import secrets
from dataclasses import dataclass, field
from datetime import datetime

from reminder.model.clock import Clock
from reminder.sandbox.magic import MAGIC_NUMBERS, STOPPED, Misfortune

ACCEPTED = "queued"
SENT = "sent"
DELIVERED = "delivered"
UNDELIVERED = "undelivered"


@dataclass(slots=True, kw_only=True)
class TextMessage:
    """One text message; `status` in Twilio's words. Instants are the sandbox's own.

    `sent_at` is None until the carrier has it.
    """

    sid: str
    to: str = field(repr=False)
    from_number: str
    body: str = field(repr=False)
    status_callback: str = field(repr=False)
    created_at: datetime
    sent_at: datetime | None = None
    status: str = ACCEPTED
    error_code: int | None = None


class Phones:
    """Every pretended phone there is: any number but a magic one takes messages.

    `misfortunes` maps numbers to what happens there; more may be added.
    """

    def __init__(self, clock: Clock) -> None:
        self.messages: list[TextMessage] = []
        self.misfortunes: dict[str, Misfortune] = dict(MAGIC_NUMBERS)
        self._clock = clock

    def refusal(self, to: str) -> Misfortune | None:
        """Why the API takes no message for that number, if so."""
        misfortune = self.misfortunes.get(to)
        return misfortune if misfortune is not None and misfortune.at_once else None

    def accept(
        self, *, to: str, from_number: str, body: str, status_callback: str
    ) -> TextMessage:
        """Take a message; it has not arrived yet."""
        message = TextMessage(
            sid=f"SM{secrets.token_hex(16)}",
            to=to,
            from_number=from_number,
            body=body,
            status_callback=status_callback,
            created_at=self._clock(),
        )
        self.messages.append(message)
        return message

    def sent(self, message: TextMessage) -> None:
        """The carrier has it."""
        message.status, message.sent_at = SENT, self._clock()

    def arrived(self, message: TextMessage) -> None:
        """It is on the phone, or never will be."""
        misfortune = self.misfortunes.get(message.to)
        if misfortune is None:
            message.status = DELIVERED
        else:
            message.status, message.error_code = UNDELIVERED, misfortune.code

    def stop(self, number: str) -> None:
        """The person there replied STOP: from now on, Twilio refuses that number."""
        self.misfortunes[number] = STOPPED

    def find(self, sid: str) -> TextMessage | None:
        """The message of that SID."""
        return next((one for one in self.messages if one.sid == sid), None)

    def to(self, number: str) -> list[TextMessage]:
        """What was sent to that number, the oldest first."""
        return [message for message in self.messages if message.to == number]

    def numbers(self) -> list[str]:
        """Every number with a message, the latest first."""
        return list(dict.fromkeys(one.to for one in reversed(self.messages)))
