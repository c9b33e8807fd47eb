"""Who is told, at which addresses in which order, and in which language."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from reminder.model.clinics import Clinic
from reminder.model.people import Channel, ContactPoint, Guardian, Patient
from reminder.model.reasons import Reason
from reminder.model.reminders import Person
from reminder.rules.calendar import local_date


@dataclass(frozen=True, slots=True)
class Recipient:
    """Where one person is told, best address first, and in which language."""

    routes: tuple[ContactPoint, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who may be told of one appointment, in order: the patient, or guardians only."""

    people: tuple[Patient | Guardian, ...]
    guardians_only: bool


def audience(patient: Patient, clinic: Clinic, start_at: datetime) -> Audience:
    """Who may be told of a visit: guardians while the patient is a minor at its start.

    A birth date of which the EHR knows only a part is taken as the youngest
    possible; a patient without any is taken as an adult.
    """
    if _is_minor(patient, clinic, local_date(clinic, start_at)):
        return Audience(patient.guardians, guardians_only=True)
    return Audience((patient,), guardians_only=False)


def recipient(
    audience: Audience, channels: Sequence[Channel], person: Person, clinic: Clinic
) -> Recipient | Reason:
    """The first of the audience who can be reached by these channels; else why nobody.

    Each channel is used with its best address only: somebody who stopped that
    one is not written to at their second best. The channel the person
    prefers comes first if it is one of these.
    """
    channels = _preferred_first(channels, person.preference.channel)
    stopped = False
    for one in audience.people:
        best = _best_of_each(one.contact_points, channels)
        routes = tuple(point for point in best if point not in person.blocked)
        if routes:
            wanted = (person.preference.language, one.language)
            return Recipient(routes, _language(wanted, clinic.languages))
        stopped = stopped or bool(best)
    if stopped:
        return Reason.ADDRESS_OPTED_OUT
    return Reason.NO_GUARDIAN if audience.guardians_only else Reason.NO_CONTACT_POINT


def _is_minor(patient: Patient, clinic: Clinic, on: date) -> bool:
    if patient.birth_date is None:
        return False
    born = _latest_birth_date(patient.birth_date)
    age = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    return age < clinic.age_of_majority


def _latest_birth_date(birth_date: str) -> date:
    """The last day that FHIR's `date` (year, year and month, or full) can mean."""
    year, month, day, *_ = (*map(int, birth_date.split("-")), 0, 0)
    month = month or 12
    return date(year, month, day or monthrange(year, month)[1])


def _preferred_first(
    channels: Sequence[Channel], preferred: Channel | None
) -> Sequence[Channel]:
    if preferred not in channels:
        return channels
    return sorted(channels, key=lambda channel: channel is not preferred)


def _best_of_each(
    contact_points: Sequence[ContactPoint], channels: Sequence[Channel]
) -> list[ContactPoint]:
    best: dict[Channel, ContactPoint] = {}
    for point in contact_points:
        best.setdefault(point.channel, point)
    return [best[channel] for channel in channels if channel in best]


def _language(wanted: Iterable[str | None], offered: Sequence[str]) -> str:
    """The first wanted language the clinic writes, by primary subtag (BCP 47)."""
    by_primary = {_primary(tag): tag for tag in reversed(offered)}
    for tag in wanted:
        if tag is not None and _primary(tag) in by_primary:
            return by_primary[_primary(tag)]
    return offered[0]


def _primary(tag: str) -> str:
    return tag.partition("-")[0].lower()
