"""Keeps how people asked to be reached, and which addresses said stop."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Row, Select, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import Channel, ContactPoint, PatientKey, Preference
from reminder.store.addresses import address_index
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
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


class PreferenceStore:
    """What people told us themselves; the plan follows every change."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database, self._ring = database, ring

    async def preference(self, key: PatientKey) -> Preference:
        """What they asked for; the default when they never did."""
        query = select(_PREFERENCE).where(
            _PREFERENCE.c.connection == key.connection,
            _PREFERENCE.c.patient_id == key.patient_id,
        )
        async with self._database.read() as session:
            row = (await session.execute(query)).first()
        return Preference() if row is None else to_preference(row)

    async def keep(
        self, key: PatientKey, preference: Preference, *, now: datetime
    ) -> None:
        """Remember it, and have the person planned again."""
        async with self._database.write() as session:
            await raise_revisions(session, one_person(key))
            upsert = insert(session, PreferenceRow)
            upsert = upsert.on_conflict_do_update(
                index_elements=["connection", "patient_id"],
                set_={name: upsert.excluded[name] for name in _CHOICES},
            )
            await session.execute(upsert, _to_row(key, preference, now))

    async def opt_out(self, point: ContactPoint, code: str, *, at: datetime) -> None:
        """Nothing goes to this address any more, whoever shares it."""
        async with self._database.write() as session:
            await block(session, self._ring, {point: code}, at=at)

    async def opt_in(self, point: ContactPoint) -> None:
        """Messages may go to this address again."""
        index = address_index(self._ring, point)
        async with self._database.write() as session:
            await raise_revisions(session, _people_at([index]))
            await session.execute(
                delete(_OPT_OUT).where(
                    _OPT_OUT.c.channel == point.channel.value,
                    _OPT_OUT.c.address_index == index,
                )
            )


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
    """The id of one person's row, to raise its revision."""
    return select(_PERSON.c.id).where(
        _PERSON.c.connection == key.connection, _PERSON.c.patient_id == key.patient_id
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
