"""What a patient did from a link, and what must be written into the EHR for it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel, ContactPoint


class AnswerKind(StrEnum):
    """What the patient asked for."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    MOVE = "move"
    UNDO_CANCEL = "undo-cancel"
    UNDO_MOVE = "undo-move"


class AnswerState(StrEnum):
    """Whether the EHR knows it yet."""

    WAITING = "waiting"
    WRITTEN = "written"
    LOST = "lost"
    """The EHR said no: the time was taken, or the visit changed meanwhile."""
    FAILED = "failed"
    REQUESTED = "requested"
    """A human at the clinic was asked to make it so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One deliberate act of a patient, by the link of one message.

    For a move `slot_id` is the new Slot and `before_slot_ids` and
    `before_start_at` what an undo goes back to. Instants are UTC.
    """

    answer_id: UUID
    appointment: AppointmentKey
    message_id: UUID
    kind: AnswerKind
    state: AnswerState
    at: datetime
    slot_id: str | None = None
    slot_start_at: datetime | None = None
    before_slot_ids: tuple[str, ...] = ()
    before_start_at: datetime | None = None


class WriteBackKind(StrEnum):
    """What is to be written into the EHR."""

    CONFIRM = "confirm"
    CANCEL = "cancel"
    MOVE = "move"
    REBOOK = "rebook"
    COMMUNICATION = "communication"


class WriteBackState(StrEnum):
    """Whether it was written."""

    WAITING = "waiting"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteBack:
    """One thing the EHR is to be told, claimed by this node under `fence`.

    `slot_ids` are the Slots to take (MOVE: the one new Slot; REBOOK: those
    the cancelled appointment had), `before_slot_ids` those it had when the
    patient asked, and `before_start_at` (UTC) its start then. `answer_id` is
    None for a COMMUNICATION, which has `sent` instead.
    """

    write_back_id: UUID
    kind: WriteBackKind
    appointment: AppointmentKey
    attempt: int
    created_at: datetime
    slot_ids: tuple[str, ...] = ()
    slot_start_at: datetime | None = None
    before_slot_ids: tuple[str, ...] = ()
    before_start_at: datetime | None = None
    answer_id: UUID | None = None
    sent: "Communication | None" = None
    fence: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Communication:
    """That a message was sent, for the EHR: no text and no address in it."""

    identifier: UUID
    appointment: AppointmentKey
    channel: Channel
    template: str
    sent_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """What the link of one message opens.

    `to` is where the message went. `tries_left` counts down from five and
    never up again but for a right date. `expires_at` is 24 hours after the
    last appointment's start (UTC). `reissued` counts new links already sent
    for these appointments.
    """

    message_id: UUID
    clinic_id: str
    channel: Channel
    to: ContactPoint
    language: str
    appointments: tuple[AppointmentKey, ...]
    tries_left: int
    expires_at: datetime
    reissued: int = 0
