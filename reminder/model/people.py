"""Who is told, and where: patients, guardians and their contact points."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import NamedTuple


class Channel(StrEnum):
    """A way to reach a person."""

    EMAIL = "email"
    SMS = "sms"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class ContactPoint:
    """One address on one channel, already checked and in its canonical form.

    `value` is an addr-spec (RFC 5322) for e-mail, an E.164 number for SMS and
    voice.
    """

    channel: Channel
    value: str = field(repr=False)


class PatientKey(NamedTuple):
    """A patient of one connection: the FHIR id is unique only there."""

    connection: str
    patient_id: str


@dataclass(frozen=True, slots=True)
class Guardian:
    """A RelatedPerson who may be told instead of a minor."""

    related_person_id: str
    contact_points: tuple[ContactPoint, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient as the EHR last described them.

    `birth_date` is FHIR's `date`: full, or only a year or a year and a month.
    `contact_points` has the best first within each channel. `language` is a
    BCP 47 tag. `opted_out` is what the EHR says through a configured
    extension; what the patient told us is a `Preference`.
    """

    key: PatientKey
    given: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    birth_date: str | None = field(default=None, repr=False)
    language: str | None = None
    contact_points: tuple[ContactPoint, ...] = ()
    guardians: tuple[Guardian, ...] = ()
    active: bool = True
    deceased: bool = False
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Preference:
    """How a person asked to be reached; None means as the clinic plans it.

    `lead` is the longest time before the visit at which they want to be told.
    """

    channel: Channel | None = None
    language: str | None = None
    lead: timedelta | None = None
    nothing: bool = False


def full_birth_date(patient: Patient) -> date | None:
    """The birth date, or None when the EHR holds none or only a part of it."""
    if patient.birth_date is None or len(patient.birth_date) != len("2001-02-03"):
        return None
    return date.fromisoformat(patient.birth_date)
