"""Reads people as the planner sees them, in a fixed number of statements."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.answers import Answer
from reminder.model.people import (
    Consent,
    ContactPoint,
    Patient,
    PatientKey,
    Preference,
)
from reminder.model.reminders import Person, Told
from reminder.store import answers, appointment_rows, person_rows, reminder_rows
from reminder.store.addresses import address_index
from reminder.store.batches import batches
from reminder.store.consents import in_force, to_consent
from reminder.store.exclusions import to_key
from reminder.store.keyring import KeyRing
from reminder.store.merging import joined, merged_with
from reminder.store.plain_rows import PlainRows, Values
from reminder.store.preferences import to_preference
from reminder.store.sealing import Sealer
from reminder.store.statements import one_of, table
from reminder.store.tables import (
    AnswerRow,
    AppointmentRow,
    ConsentRow,
    ExclusionRow,
    OptOutRow,
    PersonAddressRow,
    PersonRow,
    PreferenceRow,
    ReminderRow,
)
from reminder.store.told import told_to

_PERSON = table(PersonRow)
_APPOINTMENT = table(AppointmentRow)
_REMINDER = table(ReminderRow)
_PREFERENCE = table(PreferenceRow)
_ADDRESS = table(PersonAddressRow)
_OPT_OUT = table(OptOutRow)
_ANSWER = table(AnswerRow)
_CONSENT = table(ConsentRow)
_EXCLUSION = table(ExclusionRow)

_PLAIN = {_REMINDER.name: PlainRows(_REMINDER, *reminder_rows.COLUMNS)} | {
    source.name: PlainRows(source)
    for source in (
        _PERSON,
        _APPOINTMENT,
        _PREFERENCE,
        _ANSWER,
        _CONSENT,
        _EXCLUSION,
    )
}

Rows = Mapping[str, Sequence[Values]]


@dataclass(frozen=True, slots=True)
class _Rows:
    """Everything kept of some people of one connection, by patient id."""

    appointments: Rows
    reminders: Rows
    preferences: Rows
    answers: Rows
    consents: Rows
    exclusions: Rows
    merged: Mapping[str, Sequence[str]]
    blocked: Mapping[UUID, set[bytes]]
    told: Mapping[UUID, set[Told]]


async def read_people(
    session: AsyncSession,
    ring: KeyRing,
    keys: Sequence[PatientKey],
    told_since: datetime | None = None,
) -> list[Person]:
    """Those of `keys` we know, in that order, each with their whole world.

    What they were told is read only from `told_since` on, if that is given.
    """
    by_connection: dict[str, list[str]] = defaultdict(list)
    for key in keys:
        by_connection[key.connection].append(key.patient_id)
    people: dict[PatientKey, Person] = {}
    for connection, patient_ids in by_connection.items():
        for some in batches(patient_ids):
            for person in await _read(session, ring, connection, some, told_since):
                people[person.key] = person
    return [people[key] for key in keys if key in people]


async def _read(
    session: AsyncSession,
    ring: KeyRing,
    connection: str,
    patient_ids: Sequence[str],
    told_since: datetime | None,
) -> list[Person]:
    merged = await merged_with(session, connection, patient_ids)
    records = sorted({*patient_ids}.union(*merged.values()))

    def theirs(
        source: Table, ids: Sequence[str] = patient_ids
    ) -> tuple[ColumnElement[bool], ...]:
        return (
            source.c.connection == connection,
            one_of(session, source.c.patient_id, ids),
        )

    there = _APPOINTMENT.c.gone.is_(False)
    persons = await _PLAIN[_PERSON.name].read(session, *theirs(_PERSON))
    person_ids = [row.id for row in persons]
    rows = _Rows(
        await _grouped(session, _APPOINTMENT, *theirs(_APPOINTMENT), there),
        await _grouped(session, _REMINDER, *theirs(_REMINDER)),
        await _grouped(session, _PREFERENCE, *theirs(_PREFERENCE, records)),
        await _grouped(session, _ANSWER, *theirs(_ANSWER)),
        await _grouped(session, _CONSENT, *theirs(_CONSENT, records)),
        await _grouped(session, _EXCLUSION, *theirs(_EXCLUSION)),
        merged,
        await _blocked(session, person_ids),
        {} if told_since is None else await told_to(session, person_ids, told_since),
    )
    return [_person(ring, row, rows) for row in persons]


async def _grouped(
    session: AsyncSession, source: Table, *where: ColumnElement[bool]
) -> Rows:
    grouped: dict[str, list[Values]] = defaultdict(list)
    for row in await _PLAIN[source.name].read(session, *where):
        grouped[row.patient_id].append(row)
    return grouped


async def _blocked(
    session: AsyncSession, person_ids: Sequence[UUID]
) -> dict[UUID, set[bytes]]:
    """The hashes of those of these people's addresses that said stop."""
    query = (
        select(_ADDRESS.c.person_id, _ADDRESS.c.address_index)
        .join(
            _OPT_OUT,
            (_OPT_OUT.c.channel == _ADDRESS.c.channel)
            & (_OPT_OUT.c.address_index == _ADDRESS.c.address_index),
        )
        .where(one_of(session, _ADDRESS.c.person_id, person_ids))
    )
    blocked: dict[UUID, set[bytes]] = defaultdict(set)
    for row in await session.execute(query):
        blocked[row.person_id].add(row.address_index)
    return blocked


def _person(ring: KeyRing, row: Values, rows: _Rows) -> Person:
    sealer = Sealer(ring, "appointment")
    patient = person_rows.from_row(Sealer(ring, "person"), row)
    appointments = rows.appointments.get(row.patient_id, ())
    key = PatientKey(row.connection, row.patient_id)
    return Person(
        key=key,
        patient=patient,
        appointments=tuple(
            appointment_rows.from_row(sealer, one) for one in appointments
        ),
        preference=_preference(row.patient_id, rows),
        blocked=_points(ring, patient, rows.blocked.get(row.id, ())),
        kept=tuple(
            reminder_rows.to_reminder(ring, one)
            for one in rows.reminders.get(row.patient_id, ())
        ),
        answers=_answers(rows.answers.get(row.patient_id, ())),
        consents=_consents(ring, key, rows),
        excluded=frozenset(map(to_key, rows.exclusions.get(row.patient_id, ()))),
        told=tuple(sorted(rows.told.get(row.id, ()))),
        revision=row.revision,
        seen_at=row.seen_at,
    )


def _preference(patient_id: str, rows: _Rows) -> Preference:
    """What they said, under this record and those it was merged with."""
    records = rows.merged.get(patient_id, (patient_id,))
    said = [
        to_preference(row) for one in records for row in rows.preferences.get(one, ())
    ]
    return joined(said) if said else Preference()


def _consents(ring: KeyRing, key: PatientKey, rows: _Rows) -> tuple[Consent, ...]:
    """One log for all records of a person: whatever was said last of an address."""
    records = rows.merged.get(key.patient_id, (key.patient_id,))
    said = [
        to_consent(ring, row) for one in records for row in rows.consents.get(one, ())
    ]
    return in_force(replace(one, patient=key) for one in said)


def _answers(rows: Iterable[Values]) -> tuple[Answer, ...]:
    newest_first = sorted(rows, key=lambda row: row.id)
    newest_first.sort(key=lambda row: row.at, reverse=True)
    return tuple(map(answers.from_row, newest_first))


def _points(
    ring: KeyRing, patient: Patient | None, blocked: Iterable[bytes]
) -> frozenset[ContactPoint]:
    hashes = set(blocked)
    if patient is None or not hashes:
        return frozenset()
    points = person_rows.points_of(patient)
    return frozenset(one for one in points if address_index(ring, one) in hashes)
