"""What reading the EHR brings: readings, entries nobody can read, and whole slices."""

from dataclasses import dataclass

from reminder.model.appointments import Appointment
from reminder.model.people import Patient


@dataclass(frozen=True, slots=True)
class Reading:
    """One Appointment resource, as one booking for each of its patients."""

    appointment_id: str
    fingerprint: str
    bookings: tuple[Appointment, ...]


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An entry that could not be read: where and why, never what it held.

    `path` is a FHIRPath, `problem` a short code such as `instant-without-zone`.
    `resource_id` is None when the entry has none or it is not a FHIR id.
    """

    resource_type: str
    resource_id: str | None
    path: str
    problem: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Gone:
    """An appointment the EHR no longer has (404 or 410)."""

    appointment_id: str


@dataclass(frozen=True, slots=True)
class Slice:
    """All appointments of one period, complete: absence in it means something.

    `unchanged` are ids whose fingerprint was already known. `complete` is
    False when an entry without an id was unreadable, so that an absent
    appointment may be that very entry.
    """

    readings: tuple[Reading, ...] = ()
    unchanged: frozenset[str] = frozenset()
    unreadable: tuple[Unreadable, ...] = ()
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed since a cursor; `cursor` is where to go on next time.

    It is the server's own time, never ours. None: the server cannot tell, so
    only the slices count.
    """

    readings: tuple[Reading, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class PatientReadings:
    """The patients asked for that the EHR has, and those nobody can read."""

    patients: tuple[Patient, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
