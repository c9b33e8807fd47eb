"""What goes to one address at once, from the queue to the far side."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel, ContactPoint
from reminder.model.reminders import Reminder


class MessageKind(StrEnum):
    """What a message is about."""

    REMINDER = "reminder"
    NEW_LINK = "new-link"
    ANSWER = "answer"
    REPLY = "reply"
    """What we say to a text message or a call of the patient's."""


class MessageState(StrEnum):
    """Where a message stands; DESIGN's drawing has the arrows."""

    QUEUED = "queued"
    CLAIMED = "claimed"
    SENDING = "sending"
    UNCERTAIN = "uncertain"
    DEFERRED = "deferred"
    SENT = "sent"
    DELIVERED = "delivered"
    UNKNOWN = "unknown"
    """It was sent, and no receipt came within a day."""
    FAILED = "failed"
    DROPPED = "dropped"
    """Everything in it was withdrawn before it was sent."""


class Protection(StrEnum):
    """How content is protected on the way to an address."""

    TLS = "tls"
    """Verified TLS to the next hop; content may name the visit."""
    PICKUP = "pickup"
    """A notice without patient data, and a link to the secure page."""
    PLAIN = "plain"
    """In clear, and only by the patient's recorded choice."""


@dataclass(frozen=True, slots=True)
class EmailContent:
    """An e-mail in two renderings; the subject carries no patient data."""

    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)
    from_name: str = ""


@dataclass(frozen=True, slots=True)
class SMSContent:
    """A text message and the number of segments it takes."""

    text: str = field(repr=False)
    segments: int


Content = EmailContent | SMSContent


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Everything a transport needs to send once.

    The same `message_id` always gives the same Message-ID and the same link.
    `useful_until` is UTC; a provider may be told not to deliver later.
    `callback_token` goes into the path of a status callback.
    """

    message_id: UUID
    channel: Channel
    to: ContactPoint
    language: str
    protection: Protection
    content: Content
    useful_until: datetime
    callback_token: str = field(repr=False)
    attempt: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimedMessage:
    """A message this node holds until `lease_until`; `fence` proves it is still ours.

    `appointments` are what it is about, `reminders` what it fulfils (none for
    a new link or an answer). `attempt` is 1 for the first try,
    `first_tried_at` None before it. `uncertain_tries` counts how often it was
    sent without knowing whether it arrived. `transport` is the way of the last
    try, None before the first.
    """

    message_id: UUID
    kind: MessageKind
    clinic_id: str
    channel: Channel
    to: ContactPoint
    language: str
    template: str
    appointments: tuple[AppointmentKey, ...]
    reminders: tuple[Reminder, ...] = ()
    attempt: int = 1
    uncertain_tries: int = 0
    queued_at: datetime
    first_tried_at: datetime | None = None
    useful_until: datetime
    lease_until: datetime
    fence: int
    transport: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewMessage:
    """A message that is not a reminder: a new link, or the answer to a request.

    It goes to `to` at once, through the same queue as everything else.
    """

    kind: MessageKind
    clinic_id: str
    to: ContactPoint
    language: str
    template: str
    appointments: tuple[AppointmentKey, ...]
    useful_until: datetime


class Recovered(NamedTuple):
    """What came back from nodes that died.

    `requeued` were claimed and certainly not sent; of `uncertain`, which were
    about to be sent, nobody knows.
    """

    requeued: int
    uncertain: int
