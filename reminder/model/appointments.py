"""Appointments and slots, in the words of FHIR R4."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from reminder.model.people import PatientKey


class AppointmentStatus(StrEnum):
    """FHIR R4 `Appointment.status`, spelled as the standard spells it."""

    PROPOSED = "proposed"
    PENDING = "pending"
    BOOKED = "booked"
    ARRIVED = "arrived"
    FULFILLED = "fulfilled"
    CANCELLED = "cancelled"
    NOSHOW = "noshow"
    ENTERED_IN_ERROR = "entered-in-error"
    CHECKED_IN = "checked-in"
    WAITLIST = "waitlist"


CAME = frozenset(
    {
        AppointmentStatus.ARRIVED,
        AppointmentStatus.CHECKED_IN,
        AppointmentStatus.FULFILLED,
    }
)
"""The states in which the EHR says that the patient came."""


class ParticipationStatus(StrEnum):
    """FHIR R4 `Appointment.participant.status`, of the patient."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    TENTATIVE = "tentative"
    NEEDS_ACTION = "needs-action"


class AppointmentKey(NamedTuple):
    """One patient's booking: a group appointment with three patients is three."""

    connection: str
    appointment_id: str
    patient_id: str

    @property
    def patient(self) -> PatientKey:
        """The patient whose booking this is."""
        return PatientKey(self.connection, self.patient_id)


@dataclass(frozen=True, slots=True)
class Place:
    """A Location: its FHIR id, and what a patient may be told about it."""

    location_id: str
    name: str = field(default="", repr=False)
    address: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """What we saw of a booking over time; the EHR tells only how it stands now.

    `first_seen_at` is None when it may have been booked long before we saw it:
    it was there when we began, or came within our horizon. `status_since` is
    None when it had its present status from the first. `first_start_at` is the
    start it had then; `moves` counts the changes since, the last at
    `moved_at`. Instants are UTC.
    """

    first_seen_at: datetime | None = None
    status_since: datetime | None = None
    first_start_at: datetime | None = None
    moved_at: datetime | None = None
    moves: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """What kind of visit it is: what rules are matched by, and patients not told.

    Each coded element is a set of `code`, `system|code` and text, in small
    letters. `security` are the codes of `meta.security`, `tags` of `meta.tag`.
    """

    appointment_types: frozenset[str] = field(default=frozenset(), repr=False)
    service_types: frozenset[str] = field(default=frozenset(), repr=False)
    service_categories: frozenset[str] = field(default=frozenset(), repr=False)
    specialties: frozenset[str] = field(default=frozenset(), repr=False)
    practitioner_ids: frozenset[str] = frozenset()
    tags: frozenset[str] = field(default=frozenset(), repr=False)
    security: frozenset[str] = field(default=frozenset(), repr=False)
    telehealth: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Appointment:
    """One patient's booking as the EHR last described it.

    All instants are UTC. `created_at` is when it was booked, where the EHR
    says so. `version_id` is `meta.versionId`, an opaque string, `updated_at`
    `meta.lastUpdated` by the server's clock; many send neither. `join_url` is
    the patient's link to a telehealth visit, `instructions` are for the
    patient. `fingerprint` changes whenever anything we read changes;
    `seen_at` is when the EHR last told us.
    """

    key: AppointmentKey
    status: AppointmentStatus
    participation: ParticipationStatus = ParticipationStatus.NEEDS_ACTION
    start_at: datetime
    end_at: datetime | None = None
    created_at: datetime | None = None
    version_id: str | None = None
    updated_at: datetime | None = None
    place: Place | None = None
    practitioner: str = field(default="", repr=False)
    slot_ids: tuple[str, ...] = ()
    join_url: str | None = field(default=None, repr=False)
    kind: Kind = Kind()
    instructions: str = field(default="", repr=False)
    history: History = History()
    fingerprint: str = ""
    seen_at: datetime | None = None

    @property
    def booked_at(self) -> datetime | None:
        """When it was booked, as nearly as we know; None: long before we looked."""
        return self.history.first_seen_at or self.created_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free FHIR Slot a patient may move to; instants are UTC."""

    slot_id: str
    schedule_id: str
    start_at: datetime
    end_at: datetime
