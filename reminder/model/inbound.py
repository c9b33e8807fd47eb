"""What patients send back: a reply as it came in, and what it was understood as."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminder.model.appointments import AppointmentKey
from reminder.model.people import ContactPoint


@dataclass(frozen=True, slots=True, kw_only=True)
class Inbound:
    """One reply (MO), its signature already verified.

    `provider_id` is the provider's name for it: the same reply may come again.
    `sender_id` is the number of ours that it was sent to.
    """

    transport: str
    provider_id: str
    from_point: ContactPoint
    sender_id: str
    text: str = field(repr=False)


class Wish(StrEnum):
    """What a reply was understood as."""

    CONFIRM = "confirm"
    MOVE = "move"
    CANCEL = "cancel"
    STOP = "stop"
    START = "start"
    HELP = "help"
    NOT_ME = "not-me"
    """Whoever has this number is not the patient."""
    WHICH = "which"
    """The answer to our question which of several visits is meant."""
    OTHER = "other"
    """Words for a human at the clinic."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptReply:
    """A reply as it is kept; `done_at` is None while a human has to read it.

    Instants are UTC.
    """

    reply_id: UUID
    from_point: ContactPoint
    wish: Wish
    received_at: datetime
    text: str = field(repr=False)
    clinic_id: str | None = None
    appointment: AppointmentKey | None = None
    done_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenQuestion:
    """Which of several visits was meant, asked of one number; options by their number.

    The first option is answered with 1.
    """

    at: ContactPoint
    wish: Wish
    options: tuple[AppointmentKey, ...]
    expires_at: datetime
