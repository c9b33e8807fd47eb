"""Who is told, and where: patients, guardians and their contact points."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
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
    """A RelatedPerson or Patient.contact who may be told instead of a minor.

    A contact has no id of its own: it is named by its place, as in `contact-1`.
    """

    related_person_id: str
    contact_points: tuple[ContactPoint, ...] = ()
    language: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Patient:
    """A patient as the EHR last described them.

    `birth_date` is FHIR's `date`: full, or only a year or a year and a month.
    `contact_points` has the best first within each channel. `language` is a
    BCP 47 tag, `further_languages` are those spoken less gladly. `zone` is the
    IANA zone they live in, where that is known. `opted_out` is what the EHR
    says through a configured extension; what the patient told us is a
    `Preference`. A record that was replaced by another has the words of its
    `survivor_id`, under its own key.
    """

    key: PatientKey
    given: str = field(default="", repr=False)
    family: str = field(default="", repr=False)
    birth_date: str | None = field(default=None, repr=False)
    language: str | None = None
    further_languages: tuple[str, ...] = ()
    zone: str | None = field(default=None, repr=False)
    contact_points: tuple[ContactPoint, ...] = ()
    guardians: tuple[Guardian, ...] = ()
    active: bool = True
    deceased: bool = False
    opted_out: bool = False
    survivor_id: str | None = None


@dataclass(frozen=True, slots=True)
class Preference:
    """How a person asked to be reached; None means as the clinic plans it.

    `lead` is the longest time before the visit at which they want to be told.
    They may have stopped single clinics, single channels, or everything.
    """

    channel: Channel | None = None
    language: str | None = None
    lead: timedelta | None = None
    nothing: bool = False
    stopped_clinics: frozenset[str] = frozenset()
    stopped_channels: frozenset[Channel] = frozenset()


class ConsentKind(StrEnum):
    """What somebody agreed to, or took back."""

    DETAILS = "details"
    """Details of visits unencrypted, after a warning (45 CFR 164.522(b))."""
    OWN_ADDRESS = "own-address"
    """A minor's word that nobody else reads at this address."""


class ConsentBy(StrEnum):
    """Who agreed, or took it back."""

    PATIENT = "patient"
    GUARDIAN = "guardian"
    STAFF = "staff"
    """Somebody at the clinic wrote down what they were told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """That somebody agreed (or no longer does), with its circumstances.

    `how` is short: `page`, `phone`, `paper`, `in-person`. `text_version` names
    the words they were shown or read. `at` is UTC.
    """

    patient: PatientKey
    kind: ConsentKind
    given: bool
    to: ContactPoint
    by: ConsentBy
    how: str
    text_version: str
    at: datetime


def full_birth_date(patient: Patient) -> date | None:
    """The birth date, or None when the EHR holds none or only a part of it."""
    if patient.birth_date is None or len(patient.birth_date) != len("2001-02-03"):
        return None
    return date.fromisoformat(patient.birth_date)
