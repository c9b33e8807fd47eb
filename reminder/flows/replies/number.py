"""What the people at a number may hear of, and whose words it is answered in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.flows.respond.page_states import VisitState
from reminder.flows.respond.visits import Known, is_replaced, state
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.people import Channel, ContactPoint, PatientKey
from reminder.model.reminders import Person
from reminder.model.replies import Correspondent, ToldMessage
from reminder.model.rulesets import Tier
from reminder.rules.on_file import still_on_file
from reminder.rules.tiers import tier
from reminder.rules.where import clinic_of

_OPEN = frozenset({VisitState.BOOKED, VisitState.CONFIRMED})


class People(Protocol):
    """Everyone's world."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, without bookings the EHR has no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """One number at this moment; `clinic` is who answers it, None when nobody can.

    `visits` are those it was told of and may still hear of, the earliest
    first; `latest` are those of them that the last message was about.
    """

    at: ContactPoint
    kept: Correspondent
    clinic: Clinic | None
    language: str
    visits: tuple[Known, ...]
    latest: tuple[Known, ...]
    now: datetime

    @property
    def is_known(self) -> bool:
        """Whether anybody can be reached there, or was."""
        return bool(self.kept.told or self.kept.patients)

    def is_open(self, known: Known) -> bool:
        """Whether the visit can still be confirmed, cancelled or moved."""
        return self.state(known) in _OPEN

    def state(self, known: Known) -> VisitState:
        """How the visit stands."""
        return state(known, self.now)

    def visit(self, key: AppointmentKey) -> Known | None:
        """That visit, if it is one of theirs."""
        return next((one for one in self.visits if one.key == key), None)

    def told_by(self, key: AppointmentKey) -> UUID:
        """The last message that was about a visit of theirs."""
        return next(one.message_id for one in self.kept.told if key in one.appointments)

    def may_name(self, visits: Sequence[Known]) -> bool:
        """Whether all of these may be named in a text message to it."""
        return all(
            tier(one.appointment, one.clinic, Channel.SMS, self.at, one.person).tier
            > Tier.BASIC
            for one in visits
        )


async def number(
    at: ContactPoint,
    kept: Correspondent,
    people: People,
    clinics: ClinicDirectory,
    now: datetime,
) -> Number:
    """All that is to be known of a number to act on what it wrote."""
    clinic = _clinic(kept, clinics)
    visits: dict[AppointmentKey, Known] = {}
    if clinic is not None:
        keys = {key.patient for one in kept.told for key in one.appointments}
        worlds = {one.key: one for one in await people.people(sorted(keys))}
        for told in kept.told:
            visits |= _visits(at, told, worlds, clinics, clinic)
    ordered = sorted(
        visits.values(), key=lambda one: (one.appointment.start_at, one.key)
    )
    last = kept.told[0].appointments if kept.told else ()
    return Number(
        at=at,
        kept=kept,
        clinic=clinic,
        language=_language(kept, clinic),
        visits=tuple(ordered),
        latest=tuple(one for one in ordered if one.key in last),
        now=now,
    )


def _visits(
    at: ContactPoint,
    told: ToldMessage,
    worlds: Mapping[PatientKey, Person],
    clinics: ClinicDirectory,
    otherwise: Clinic,
) -> dict[AppointmentKey, Known]:
    """Those of a message that the number may still hear of."""
    still = still_on_file(at, told.appointments, worlds, clinics, otherwise)
    found = {}
    for key in still:
        person = worlds[key.patient]
        for appointment in person.appointments:
            if appointment.key != key or person.patient is None:
                continue
            known = Known(
                appointment=appointment,
                patient=person.patient,
                clinic=clinic_of(appointment, clinics, otherwise),
                person=person,
                answers=[one for one in person.answers if one.appointment == key],
            )
            if not is_replaced(known):
                found[key] = known
    return found


def _clinic(kept: Correspondent, clinics: ClinicDirectory) -> Clinic | None:
    """Who wrote last; else the only clinic, or the default one, of their EHR."""
    by_id = {one.clinic_id: one for one in clinics.clinics}
    for told in kept.told:
        if told.clinic_id in by_id:
            return by_id[told.clinic_id]
    for patient in kept.patients:
        there = [one for one in by_id.values() if one.connection == patient.connection]
        if default := clinics.find(patient.connection, None):
            return default
        if len(there) == 1:
            return there[0]
    return None


def _language(kept: Correspondent, clinic: Clinic | None) -> str:
    if kept.told:
        return kept.told[0].language
    return clinic.languages[0] if clinic and clinic.languages else "en"
