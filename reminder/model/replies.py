"""What is known of a number that wrote, and what is decided about its reply."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from reminder.model.appointments import AppointmentKey
from reminder.model.inbound import OpenQuestion, Wish
from reminder.model.messages import NewMessage
from reminder.model.people import ContactPoint, PatientKey
from reminder.model.worklist import WorklistEntry


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReply:
    """A reply that is kept and that nothing was done about yet."""

    reply_id: UUID
    transport: str
    from_point: ContactPoint
    text: str = field(repr=False)
    received_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldMessage:
    """A message of reminders that reached a number, and what it was about."""

    message_id: UUID
    clinic_id: str
    language: str
    told_at: datetime
    appointments: tuple[AppointmentKey, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Correspondent:
    """All that is kept about one number.

    `told` has the newest message first. `patients` are those who can be
    reached there, themselves or through a guardian. `recent` counts its
    replies of the last hour, and `words` those of the last day that were
    words for a human; neither has one that is still to be acted on.
    """

    told: tuple[ToldMessage, ...] = ()
    patients: tuple[PatientKey, ...] = ()
    is_stopped: bool = False
    recent: int = 0
    words: int = 0
    question: OpenQuestion | None = None
    starts: tuple[datetime, ...] = ()
    """When the visits of the question's options began when it was asked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A question to be kept, with the starts of the visits it offers."""

    question: OpenQuestion
    starts: tuple[datetime, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """What follows from one reply; it is all written at once, or not at all.

    `stop` is the code to stop the number under, `starts` says that it may be
    written to again. `is_done` is False for what a human has to read.
    """

    wish: Wish
    clinic_id: str | None = None
    appointment: AppointmentKey | None = None
    is_done: bool = True
    answer: NewMessage | None = None
    entries: tuple[WorklistEntry, ...] = ()
    stop: str = ""
    starts: bool = False
    asking: Asking | None = None
