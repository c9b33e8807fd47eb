"""An entry of the EHR that nobody could read, until it can be."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class QuarantineEntry:
    """Where and why an entry could not be read, never what it held.

    `path` is a FHIRPath, `problem` a short code. `resource_id` is None when
    the entry has none, or one that is not a FHIR id. A `repaired` entry could be
    read after all, by putting right what `problem` says. Instants are UTC.
    """

    connection: str
    resource_type: str
    resource_id: str | None
    path: str
    problem: str
    first_seen_at: datetime
    last_seen_at: datetime
    repaired: bool = False
