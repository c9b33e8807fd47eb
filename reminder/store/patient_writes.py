"""Writes patients as the EHR describes them: few statements, only what changed."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, Select, bindparam, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import Patient
from reminder.store.batches import batches
from reminder.store.bulk import insert_missing
from reminder.store.keyring import KeyRing
from reminder.store.merging import merged_with
from reminder.store.person_rows import (
    address_rows,
    fingerprint,
    to_values,
    unread_values,
)
from reminder.store.revisions import replan
from reminder.store.sealing import Sealer
from reminder.store.seen import is_seen_later
from reminder.store.statements import insert, table
from reminder.store.tables import PersonAddressRow, PersonRow

_PERSON = table(PersonRow)
_ADDRESS = table(PersonAddressRow)
_DESCRIBED = (*unread_values(), "seen_at")
_UPDATE = (
    update(_PERSON)
    .where(_PERSON.c.id == bindparam("row_id"))
    .values({name: bindparam(name) for name in _DESCRIBED})
    .values(revision=_PERSON.c.revision + 1)
)


@dataclass(slots=True)
class Work:
    """What has to be written for some patients."""

    altered: list[dict[str, Any]] = field(default_factory=list)
    addresses: list[dict[str, Any]] = field(default_factory=list)
    seen: list[UUID] = field(default_factory=list)
    merges: bool = False
    """Whether any record has another survivor than before."""


async def make_stubs(
    session: AsyncSession, connection: str, patient_ids: Collection[str]
) -> None:
    """Make a row for everyone not known yet; who is known stays as they are."""
    rows = [
        unread_values()
        | {
            "id": uuid4(),
            "connection": connection,
            "patient_id": patient_id,
            "seen_at": None,
            "revision": 1,
            "planned_revision": 0,
        }
        for patient_id in sorted(patient_ids)
    ]
    await insert_missing(session, _PERSON, rows, unless=("connection", "patient_id"))


async def keep_patients(
    session: AsyncSession,
    ring: KeyRing,
    connection: str,
    patients: Sequence[Patient],
    *,
    asked: Collection[str],
    seen_at: datetime,
) -> int:
    """Write what changed, and plan those people again: how many.

    Who was asked for and is absent becomes unreadable. A reading older than
    what is kept changes nothing.
    """
    found = {patient.key.patient_id: patient for patient in patients}
    await make_stubs(session, connection, found)
    changed = 0
    meant = {*found, *asked}
    for ids in batches(sorted(meant)):
        one_with = await _merged(session, connection, found, ids)
        rows = await _rows(session, connection, sorted({*ids, *one_with}))
        ours = [row for row in rows if row.patient_id in meant]
        work = _compare(ring, found, ours, seen_at)
        await _write(session, work, seen_at)
        if work.merges:
            await replan(session, connection, one_with)
        changed += len(work.altered)
    return changed


async def _merged(
    session: AsyncSession,
    connection: str,
    found: Mapping[str, Patient],
    ids: Collection[str],
) -> set[str]:
    """Every record that is, or is now to be, one person with another of these.

    They are locked together with `ids`, in one order: what somebody stopped
    under one of them holds for all.
    """
    survivors = {one: found[one].survivor_id for one in ids if one in found}
    new = {one for pair in survivors.items() if pair[1] for one in pair if one}
    merged = await merged_with(session, connection, {*ids, *new})
    return new.union(*merged.values())


def _compare(
    ring: KeyRing,
    found: Mapping[str, Patient],
    rows: Sequence[Row[Any]],
    seen_at: datetime,
) -> Work:
    work, sealer = Work(), Sealer(ring, "person")
    for row in rows:
        patient = found.get(row.patient_id)
        print_now = "" if patient is None else fingerprint(ring, patient)
        if row.seen_at is not None and is_seen_later(row.seen_at, seen_at):
            continue
        if print_now == row.fingerprint:
            work.seen.append(row.id)
            continue
        values = unread_values()
        if patient is not None:
            values |= to_values(sealer, row.id, patient)
            work.addresses += address_rows(ring, row.id, patient)
        else:
            # A record that was replaced is often deleted then: its word still holds.
            values["survivor_id"] = row.survivor_id
        work.merges |= values["survivor_id"] != row.survivor_id
        values |= {"row_id": row.id, "fingerprint": print_now, "seen_at": seen_at}
        work.altered.append(values)
    return work


async def _rows(
    session: AsyncSession, connection: str, patient_ids: Sequence[str]
) -> Sequence[Row[Any]]:
    query: Select[Any] = (
        select(
            _PERSON.c.id,
            _PERSON.c.patient_id,
            _PERSON.c.fingerprint,
            _PERSON.c.seen_at,
            _PERSON.c.survivor_id,
        )
        .where(
            _PERSON.c.connection == connection, _PERSON.c.patient_id.in_(patient_ids)
        )
        .order_by(_PERSON.c.id)
        .with_for_update()
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def _write(session: AsyncSession, work: Work, seen_at: datetime) -> None:
    if work.altered:
        await session.execute(_UPDATE, work.altered)
        for ids in batches(row["row_id"] for row in work.altered):
            await session.execute(delete(_ADDRESS).where(_ADDRESS.c.person_id.in_(ids)))
    if work.addresses:
        await session.execute(insert(session, PersonAddressRow), work.addresses)
    for ids in batches(work.seen):
        touch = update(_PERSON).where(_PERSON.c.id.in_(ids)).values(seen_at=seen_at)
        await session.execute(touch)
