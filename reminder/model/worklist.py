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
    CONFIDENTIAL = "confidential"
    CHANGE_REQUESTED = "change-requested"
    EHR_SILENT = "ehr-silent"
    EHR_IGNORES = "ehr-ignores"
    EHR_INCOMPLETE = "ehr-incomplete"
    EHR_UNREAD = "ehr-unread"
    WRONG_NUMBER = "wrong-number"
    PATIENT_WROTE = "patient-wrote"
    SENDER_REFUSED = "sender-refused"


WHAT_TO_DO: dict[WorklistKind, str] = {
    WorklistKind.UNREACHABLE: "No message got through: call the patient.",
    WorklistKind.NO_CLINIC: "Its location is in no clinic: add it to reminder.toml.",
    WorklistKind.CALL_REQUESTED: "No time suited the patient, who asks for a call.",
    WorklistKind.LINK_EXHAUSTED: "The link could not be opened: call the patient.",
    WorklistKind.NO_BIRTH_DATE: "The EHR has no full birth date: the link stays shut.",
    WorklistKind.WRITE_BACK_FAILED: "The EHR did not take it: enter it by hand.",
    WorklistKind.TRANSPORT_UNPROTECTED: "The relay proves no encryption: IT must act.",
    WorklistKind.CONFIDENTIAL: "A minor's own visit: ask them how to be told.",
    WorklistKind.CHANGE_REQUESTED: "The patient asked for it: enter it in the EHR.",
    WorklistKind.EHR_SILENT: "The EHR is silent, reminders are held: IT must act.",
    WorklistKind.EHR_IGNORES: "The EHR ignores what it is asked: IT must act.",
    WorklistKind.EHR_INCOMPLETE: "The EHR does not tell us of all: IT must act.",
    WorklistKind.EHR_UNREAD: "The EHR cannot be read to the end: IT must act.",
    WorklistKind.WRONG_NUMBER: "This number is not the patient's: ask for another.",
    WorklistKind.PATIENT_WROTE: "The patient wrote: read it and answer.",
    WorklistKind.SENDER_REFUSED: "Our sender or account is refused: IT must act.",
    WorklistKind.VANISHED_EN_MASSE: "Very many vanished at once: check our EHR access.",
}
"""What a person reads for each kind."""


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
