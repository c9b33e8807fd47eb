"""Who is told, at which addresses in which order, in which language, on whose clock."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from reminder.model.appointments import Appointment
from reminder.model.clinics import Clinic
from reminder.model.people import (
    Channel,
    ConsentKind,
    ContactPoint,
    Guardian,
    Patient,
)
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.rules.consents import has_consented
from reminder.rules.minors import is_in_confidence, is_minor


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one person is told, best address first, and in which language."""

    routes: tuple[ContactPoint, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Listener:
    """One who may be told, with their languages, the one they speak best first.

    `best` has their best address on each channel.
    """

    who: Patient | Guardian
    languages: tuple[str | None, ...]
    best: Mapping[Channel, ContactPoint]


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be told of one appointment, in order; `otherwise` says why nobody is."""

    listeners: tuple[Listener, ...]
    otherwise: Reason

    @property
    def people(self) -> tuple[Patient | Guardian, ...]:
        """They, with only those addresses that may be used."""
        return tuple(one.who for one in self.listeners)


def audience(
    patient: Patient, clinic: Clinic, appointment: Appointment, person: Person
) -> Audience | Reason:
    """Who may be told of a visit: guardians while the patient is a minor at its start.

    Of a confidential visit of a minor no guardian is told: the patient is, at
    addresses of which they said that nobody else reads them.
    """
    if not is_minor(patient, clinic, appointment.start_at):
        own = _listener(patient, _languages(patient))
        return Audience((own,), Reason.NO_CONTACT_POINT)
    if is_in_confidence(patient, clinic, appointment):
        return _alone(patient, person)
    guardians = tuple(_guardian(each, patient) for each in patient.guardians)
    return Audience(guardians, Reason.NO_GUARDIAN)


def recipient(
    audience: Audience, channels: Sequence[Channel], person: Person, clinic: Clinic
) -> Recipient | Reason:
    """The first of the audience who can be reached by these channels; else why nobody.

    Each channel is used with its best address only: somebody who stopped that
    one is not written to at their second best. The channel the person
    prefers comes first if it is one of these. An address that stopped wins
    over every preference.
    """
    preference, blocked = person.preference, person.blocked
    if clinic.clinic_id in preference.stopped_clinics:
        return Reason.CLINIC_STOPPED
    stopped, otherwise = preference.stopped_channels, audience.otherwise
    wanted = _in_order(tuple(channels), preference.channel)
    for one in audience.listeners:
        best = [one.best[channel] for channel in wanted if channel in one.best]
        routes = tuple(
            point
            for point in best
            if point.channel not in stopped and point not in blocked
        )
        if routes:
            asked_for = (preference.language, *one.languages)
            return Recipient(routes, _language(asked_for, clinic.languages))
        otherwise = _why_not(best, blocked, otherwise)
    return otherwise


def zone_of(patient: Patient | None, clinic: Clinic) -> ZoneInfo:
    """The wall clock that quiet hours are read on: the patient's where it is known."""
    if patient is None or patient.zone is None:
        return clinic.zone
    return _zone(patient.zone) or clinic.zone


@lru_cache(maxsize=1024)
def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def _alone(patient: Patient, person: Person) -> Audience | Reason:
    """The minor, at addresses that are their own by their word and by the record."""
    read_by_others = {
        point.value.lower()
        for guardian in patient.guardians
        for point in guardian.contact_points
    }
    own = tuple(
        point
        for point in patient.contact_points
        if point.value.lower() not in read_by_others
        and has_consented(person, ConsentKind.OWN_ADDRESS, point, of_minor=True)
    )
    if not own:
        return Reason.CONFIDENTIAL
    alone = replace(patient, contact_points=own, guardians=())
    return Audience((_listener(alone, _languages(patient)),), Reason.CONFIDENTIAL)


def _guardian(guardian: Guardian, patient: Patient) -> Listener:
    # A child's record says in which language the family is spoken with.
    return _listener(guardian, (guardian.language, *_languages(patient)))


def _languages(patient: Patient) -> tuple[str | None, ...]:
    return (patient.language, *patient.further_languages)


def _listener(who: Patient | Guardian, languages: tuple[str | None, ...]) -> Listener:
    best: dict[Channel, ContactPoint] = {}
    for point in who.contact_points:
        best.setdefault(point.channel, point)
    return Listener(who, languages, best)


def _why_not(
    best: Iterable[ContactPoint], blocked: frozenset[ContactPoint], otherwise: Reason
) -> Reason:
    """Why none of these is used; an address that stopped says more than the rest."""
    for point in best:
        if point in blocked:
            return Reason.ADDRESS_OPTED_OUT
        if otherwise is not Reason.ADDRESS_OPTED_OUT:
            otherwise = Reason.CHANNEL_STOPPED
    return otherwise


@lru_cache(maxsize=1024)
def _in_order(
    channels: tuple[Channel, ...], preferred: Channel | None
) -> tuple[Channel, ...]:
    once = dict.fromkeys(channels)
    return tuple(sorted(once, key=lambda channel: channel is not preferred))


@lru_cache(maxsize=4096)
def _language(wanted: tuple[str | None, ...], offered: tuple[str, ...]) -> str:
    """The first wanted language the clinic writes, by primary subtag (BCP 47)."""
    by_primary = {_primary(tag): tag for tag in reversed(offered)}
    for tag in wanted:
        if tag is not None and _primary(tag) in by_primary:
            return by_primary[_primary(tag)]
    return offered[0]


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
