"""What needs a human: one entry, one reason, until somebody is done with it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from reminder.model.appointments import AppointmentKey


class WorklistKind(StrEnum):
    """What kind of help is needed."""

    UNREACHABLE = "unreachable"
    NO_CLINIC = "no-clinic"
    CALL_REQUESTED = "call-requested"
    LINK_EXHAUSTED = "link-exhausted"
    NO_BIRTH_DATE = "no-birth-date"
    WRITE_BACK_FAILED = "write-back-failed"
    TRANSPORT_UNPROTECTED = "transport-unprotected"
    VANISHED_EN_MASSE = "vanished-en-masse"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorklistEntry:
    """One thing a human must do. `details` holds codes and instants, no patient data.

    Entries with the same `subject` and kind are one while they are open.
    """

    kind: WorklistKind
    subject: str
    at: datetime
    appointment: AppointmentKey | None = None
    message_id: UUID | None = None
    clinic_id: str | None = None
    details: tuple[str, ...] = field(default=())
