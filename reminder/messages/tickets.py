"""What a form carries so that its POST may act: one link, one step, for a while."""

import struct
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from reminder.messages.signed import sign, verify

_PURPOSE = "ticket"
_HEAD = struct.Struct(">16sQB")
"""Message id, expiry in seconds since 1970, length of the step's name."""
_LONGEST = 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """That somebody holding a link may take one step of its page for a while.

    `subject` is an opaque string of the page's own, such as a digest of which
    patient was proven. A ticket is signed and can be read by whoever holds
    it: no patient data belongs in it. `expires_at` counts whole seconds.
    """

    message_id: UUID
    subject: str
    step: str
    expires_at: datetime


def seal(ticket: Ticket, key: bytes) -> str:
    """The ticket as a string for a hidden field of a form."""
    step = ticket.step.encode()
    expires_s = int(ticket.expires_at.timestamp())
    head = _HEAD.pack(ticket.message_id.bytes, expires_s, len(step))
    return sign(_PURPOSE, head + step + ticket.subject.encode(), key)


def read(text: str, key: bytes, *, message_id: UUID, now: datetime) -> Ticket | None:
    """The ticket in `text`, if it is ours, for this link and still good; else None.

    Whether it is for the step at hand is for the caller to compare.
    """
    content = verify(_PURPOSE, text, key) if len(text) <= _LONGEST else None
    if content is None:
        return None
    ticket = _unpack(content)
    if ticket.message_id != message_id or ticket.expires_at <= now:
        return None
    return ticket


def _unpack(content: bytes) -> Ticket:
    message_id, expires_s, step_length = _HEAD.unpack_from(content)
    rest = content[_HEAD.size :]
    return Ticket(
        message_id=UUID(bytes=message_id),
        step=rest[:step_length].decode(),
        subject=rest[step_length:].decode(),
        expires_at=datetime.fromtimestamp(expires_s, UTC),
    )
