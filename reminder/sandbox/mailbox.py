"""What the pretended mail server received, as a person would look at it."""

import email.policy
from dataclasses import dataclass, field
from datetime import datetime
from email import message_from_bytes
from email.message import EmailMessage
from functools import cached_property


@dataclass(frozen=True)
class ReceivedMail:
    """One message as it arrived, and over what.

    `number` counts from 1. `received_at` is the sandbox's own time (UTC).
    `protocol` and `cipher` are empty when it came in the clear.
    """

    number: int
    received_at: datetime
    mail_from: str = field(repr=False)
    rcpt_to: tuple[str, ...] = field(repr=False)
    content: bytes = field(repr=False)
    protocol: str = ""
    cipher: str = ""

    @cached_property
    def message(self) -> EmailMessage:
        """The message, parsed."""
        return message_from_bytes(self.content, policy=email.policy.default)

    @property
    def subject(self) -> str:
        """The subject, decoded."""
        return str(self.message["Subject"] or "")

    @property
    def text(self) -> str:
        """The plain text part, or nothing."""
        return self._part("plain")

    @property
    def html(self) -> str:
        """The HTML part, or nothing."""
        return self._part("html")

    @property
    def headers(self) -> list[tuple[str, str]]:
        """Every header of the message, decoded, in its order."""
        return [(name, str(value)) for name, value in self.message.items()]

    @property
    def attachments(self) -> list[str]:
        """The names of what is attached."""
        return [
            part.get_filename() or part.get_content_type()
            for part in self.message.iter_attachments()
        ]

    def _part(self, kind: str) -> str:
        part = self.message.get_body(preferencelist=(kind,))
        return "" if part is None else str(part.get_content())


class Mailbox:
    """Every message received, the oldest first; all addresses share it."""

    def __init__(self) -> None:
        self.mails: list[ReceivedMail] = []

    def keep(self, mail: ReceivedMail) -> None:
        """One more."""
        self.mails.append(mail)

    def find(self, number: int) -> ReceivedMail | None:
        """The message of that number."""
        return self.mails[number - 1] if 1 <= number <= len(self.mails) else None

    def to(self, addr_spec: str) -> list[ReceivedMail]:
        """What was sent to that address."""
        return [mail for mail in self.mails if addr_spec in mail.rcpt_to]
