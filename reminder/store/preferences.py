"""Keeps how people asked to be reached, and which addresses said stop."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Row, Select, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import Channel, ContactPoint, PatientKey, Preference
from reminder.store.addresses import address_index
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.merging import joined, merged_with, same_person
from reminder.store.revisions import raise_revisions
from reminder.store.statements import insert, table
from reminder.store.tables import (
    OptOutRow,
    PersonAddressRow,
    PersonRow,
    PreferenceRow,
)

_MINUTE = timedelta(minutes=1)
_OPT_OUT = table(OptOutRow)
_ADDRESS = table(PersonAddressRow)
_PERSON = table(PersonRow)
_PREFERENCE = table(PreferenceRow)
_CHOICES = (
    "channel",
    "language",
    "lead_minutes",
    "nothing",
    "stopped_clinics",
    "stopped_channels",
    "changed_at",
)
_STOPS = ("nothing", "stopped_clinics", "stopped_channels", "changed_at")


class PreferenceStore:
    """What people told us themselves; the plan follows every change."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

    async def preference(self, key: PatientKey) -> Preference:
        """What they asked for; the default when they never did."""
        async with self._database.read() as session:
            records = await _records(session, key)
            rows = await session.execute(select(_PREFERENCE).where(_of(records)))
        said = {row.patient_id: to_preference(row) for row in rows}
        return joined(
            [said[one.patient_id] for one in records if one.patient_id in said]
        )

    async def keep(
        self, key: PatientKey, preference: Preference, *, now: datetime
    ) -> None:
        """Remember it, and have the person planned again.

        What is stopped, and what no longer is, holds under all their records.
        """
        async with self._database.write() as session:
            await raise_revisions(session, one_person(key))
            records = await _records(session, key)
            upsert = insert(session, PreferenceRow)
            upsert = upsert.on_conflict_do_update(
                index_elements=["connection", "patient_id"],
                set_={name: upsert.excluded[name] for name in _CHOICES},
            )
            values = _to_row(key, preference, now)
            await session.execute(upsert, values)
            if others := records[1:]:
                stops = {name: values[name] for name in _STOPS}
                change = update(_PREFERENCE).where(_of(others))
                await session.execute(change.values(stops))

    async def opt_out(self, point: ContactPoint, code: str, *, at: datetime) -> None:
        """Nothing goes to this address any more, whoever shares it."""
        async with self._database.write() as session:
            await block(session, self._ring, {point: code}, at=at)

    async def opt_in(self, point: ContactPoint) -> None:
        """Messages may go to this address again."""
        async with self._database.write() as session:
            await unblock(session, self._ring, point)


def to_preference(row: Row[Any]) -> Preference:
    """The preference a row of the table holds."""
    return Preference(
        channel=None if row.channel is None else Channel(row.channel),
        language=row.language,
        lead=None if row.lead_minutes is None else row.lead_minutes * _MINUTE,
        nothing=row.nothing,
        stopped_clinics=frozenset(row.stopped_clinics.split()),
        stopped_channels=frozenset(map(Channel, row.stopped_channels.split())),
    )


async def block(
    session: AsyncSession,
    ring: KeyRing,
    codes: dict[ContactPoint, str],
    *,
    at: datetime,
) -> None:
    """Remember that these addresses said stop, and have their people planned again.

    An address that said so before keeps its first code and time.
    """
    indexes = {point: address_index(ring, point) for point in codes}
    rows = [
        {
            "id": uuid4(),
            "channel": point.channel.value,
            "address_index": indexes[point],
            "code": code,
            "at": at,
        }
        for point, code in codes.items()
    ]
    if not rows:
        return
    rows.sort(key=lambda row: (row["channel"], row["address_index"]))
    await raise_revisions(session, _people_at(list(indexes.values())))
    await session.execute(insert(session, OptOutRow).on_conflict_do_nothing(), rows)


async def unblock(session: AsyncSession, ring: KeyRing, point: ContactPoint) -> None:
    """Messages may go to this address again; its people are planned again."""
    index = address_index(ring, point)
    await raise_revisions(session, _people_at([index]))
    await session.execute(
        delete(_OPT_OUT).where(
            _OPT_OUT.c.channel == point.channel.value,
            _OPT_OUT.c.address_index == index,
        )
    )


async def blocked(
    session: AsyncSession, ring: KeyRing, points: Collection[ContactPoint]
) -> set[ContactPoint]:
    """Those of `points` that said stop."""
    if not points:
        return set()
    by_index = {address_index(ring, point): point for point in points}
    query = select(_OPT_OUT.c.address_index).where(
        _OPT_OUT.c.address_index.in_(list(by_index)),
        _OPT_OUT.c.channel.in_({point.channel.value for point in points}),
    )
    return {by_index[index] for (index,) in await session.execute(query)}


def one_person(key: PatientKey) -> Select[Any]:
    """The ids of one person's rows, one for each record, to raise their revisions."""
    return same_person(key)


async def _records(session: AsyncSession, key: PatientKey) -> list[PatientKey]:
    """Every record of this person: first this one, then what it was replaced by."""
    merged = await merged_with(session, key.connection, [key.patient_id])
    ids = merged.get(key.patient_id, (key.patient_id,))
    return [PatientKey(key.connection, one) for one in ids]


def _of(records: Sequence[PatientKey]) -> ColumnElement[bool]:
    return (_PREFERENCE.c.connection == records[0].connection) & (
        _PREFERENCE.c.patient_id.in_([one.patient_id for one in records])
    )


def _people_at(indexes: Sequence[bytes]) -> Select[Any]:
    """Who can be reached at these addresses; an index tells the channel as well."""
    theirs = select(_ADDRESS.c.person_id).where(_ADDRESS.c.address_index.in_(indexes))
    return select(_PERSON.c.id).where(_PERSON.c.id.in_(theirs))


def _to_row(key: PatientKey, preference: Preference, now: datetime) -> dict[str, Any]:
    lead = preference.lead
    return {
        "id": uuid4(),
        "connection": key.connection,
        "patient_id": key.patient_id,
        "channel": None if preference.channel is None else preference.channel.value,
        "language": preference.language,
        "lead_minutes": None if lead is None else lead // _MINUTE,
        "nothing": preference.nothing,
        "stopped_clinics": " ".join(sorted(preference.stopped_clinics)),
        "stopped_channels": " ".join(sorted(preference.stopped_channels)),
        "changed_at": now,
    }
