"""What reading the EHR brings: readings, entries nobody can read, and whole windows."""

from dataclasses import dataclass
from datetime import datetime

from reminder.model.appointments import Appointment
from reminder.model.people import Patient


@dataclass(frozen=True, slots=True)
class Reading:
    """One Appointment resource, as one booking for each of its patients."""

    appointment_id: str
    fingerprint: str
    bookings: tuple[Appointment, ...]
    repairs: tuple["Unreadable", ...] = ()
    """What could be read only after we had put something right, such as a zone."""


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
class Window:
    """A stretch of the horizon to be read at one go: [start, end), both UTC.

    `of` are the references whose appointments are asked for, such as
    `Practitioner/17` or `Patient/4`; empty for everybody's.
    """

    start: datetime
    end: datetime
    of: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowPage:
    """A part of a window, as it came; the same resource may come in two parts.

    `unchanged` are ids whose fingerprint was already known. `asked_at` is when
    we asked for it (UTC): what was seen later than that counts more.
    """

    asked_at: datetime
    readings: tuple[Reading, ...] = ()
    unchanged: frozenset[str] = frozenset()
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True)
class WindowEnd:
    """How the reading of a window ended: what absence from it means.

    `complete` is False when an entry without an id was unreadable or the
    server left something out, so that an absent appointment may be that very
    entry. `surplus` counts what was outside the period although the period was
    asked for: a server that does so ignores what it is asked.
    """

    complete: bool = True
    surplus: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """What became of a write: the appointments as they are now.

    A move may leave two, the old one cancelled and the new one `booked_as`.
    With `requested` nothing is so yet: a human was asked, in the EHR (its
    reference, such as `Task/17`) or on our own worklist (empty).
    """

    readings: tuple[Reading, ...] = ()
    booked_as: str | None = None
    requested: str | None = None


@dataclass(frozen=True, slots=True)
class PatientReadings:
    """The patients asked for that the EHR has, and those nobody can read."""

    patients: tuple[Patient, ...] = ()
    unreadable: tuple[Unreadable, ...] = ()
