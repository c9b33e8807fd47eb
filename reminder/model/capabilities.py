"""What an EHR can do, known before it is tried, and how it is therefore spoken to."""

from dataclasses import dataclass
from enum import StrEnum


class SearchPlan(StrEnum):
    """How the appointments of a stretch of time are found."""

    BY_DATE = "by-date"
    """All of a day in one search."""
    BY_ROSTER = "by-roster"
    """A day of some practitioners or locations at a time."""
    BY_PATIENT = "by-patient"
    """All of the horizon for some patients at a time."""
    BY_ID = "by-id"
    """Nothing can be searched for: what the EHR pushes is read by its id."""


class WriteStyle(StrEnum):
    """How a patient's decision is made so in the EHR."""

    TRANSACTION = "transaction"
    """The Appointment and its Slots in one transaction, each with its version."""
    UPDATE = "update"
    """One PUT after the other, read again and undone where somebody was faster."""
    PATCH = "patch"
    """JSON Patch (RFC 6902) of the Appointment, which itself takes care of Slots."""
    REBOOK = "rebook"
    """A new Appointment is booked, and only then the old one cancelled."""
    RESPONSE = "response"
    """An AppointmentResponse; the EHR changes the Appointment as it sees fit."""
    TASK = "task"
    """A Task for the front desk."""
    REQUEST = "request"
    """Nothing is written: our own worklist asks a human."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Writing:
    """The style of each kind of write."""

    confirm: WriteStyle = WriteStyle.UPDATE
    cancel: WriteStyle = WriteStyle.TRANSACTION
    move: WriteStyle = WriteStyle.TRANSACTION


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One FHIR server, as its CapabilityStatement and its behaviour show it.

    `incremental`: it can say what changed since an instant. `create`, `update`
    and `patch` are about Appointment, `slot_update` about Slot.
    `search_parameters` are those of Appointment, `includes` its `_include`s.
    Where a server publishes no statement, all but `incremental`, `responses`
    and `tasks` are taken for given, and the two sets are empty.
    """

    fhir_version: str = ""
    software: str = ""
    published: bool = False
    incremental: bool = False
    create: bool = True
    update: bool = True
    patch: bool = True
    slot_update: bool = True
    transactions: bool = True
    free_slots: bool = True
    related_persons: bool = True
    communications: bool = True
    conditional_create: bool = True
    responses: bool = False
    tasks: bool = False
    search_parameters: frozenset[str] = frozenset()
    includes: frozenset[str] = frozenset()
