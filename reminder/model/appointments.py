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
class Appointment:
    """One patient's booking as the EHR last described it.

    All instants are UTC. `created_at` is when it was booked, where the EHR
    says so. `version_id` is `meta.versionId`, an opaque string. `join_url` is
    the patient's link to a telehealth visit. `fingerprint` changes whenever
    anything we read changes; `seen_at` is when the EHR last told us.
    """

    key: AppointmentKey
    status: AppointmentStatus
    participation: ParticipationStatus = ParticipationStatus.NEEDS_ACTION
    start_at: datetime
    end_at: datetime | None = None
    created_at: datetime | None = None
    version_id: str | None = None
    place: Place | None = None
    practitioner: str = field(default="", repr=False)
    slot_ids: tuple[str, ...] = ()
    join_url: str | None = field(default=None, repr=False)
    fingerprint: str = ""
    seen_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """A free FHIR Slot a patient may move to; instants are UTC."""

    slot_id: str
    schedule_id: str
    start_at: datetime
    end_at: datetime
