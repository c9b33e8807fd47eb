"""What an EHR says it can do, known before it is tried."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """One FHIR server, as its CapabilityStatement and its behaviour show it.

    `incremental`: it can say what changed since an instant. `update` and
    `patch` are about Appointment. `transactions` are needed to cancel and to
    move an appointment together with its Slots. Where a server publishes no
    statement, all but `incremental` are taken for given.
    """

    fhir_version: str = ""
    software: str = ""
    incremental: bool = False
    update: bool = True
    patch: bool = True
    transactions: bool = True
    free_slots: bool = True
    related_persons: bool = True
    communications: bool = True
    conditional_create: bool = True
