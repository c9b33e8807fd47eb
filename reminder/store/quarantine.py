"""Keeps which entries of the EHR nobody could read, or only after a repair."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.quarantine import QuarantineEntry
from reminder.model.readings import Reading, Unreadable
from reminder.store.batches import batches
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, one_of, table
from reminder.store.tables import QuarantineRow, SyncStateRow

_QUARANTINE = table(QuarantineRow)
_SYNC_STATE = table(SyncStateRow)
_IDENTITY = ("connection", "resource_type", "resource_id", "fingerprint")
_RENEWED = ("path", "problem", "last_seen_at", "repaired")
_UNREADABLE = _QUARANTINE.c.repaired.is_(False)
_HAS_NO_ID = _QUARANTINE.c.resource_id == ""


class Quarantine:
    """What could not be read, where in it and why; never what it held."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def open(self) -> list[QuarantineEntry]:
        """Everything that is still unreadable, the oldest first.

        An appointment that the last reading of the whole horizon did not meet
        any more was deleted, or is over: nobody needs to look at it.
        """
        met = _SYNC_STATE.c.last_window_at.is_(None) | (
            _QUARANTINE.c.last_seen_at >= _SYNC_STATE.c.last_window_at
        )
        query = (
            select(_QUARANTINE)
            .outerjoin(
                _SYNC_STATE, _SYNC_STATE.c.connection == _QUARANTINE.c.connection
            )
            .where(met | (_QUARANTINE.c.resource_type != "Appointment"))
            .order_by(
                _QUARANTINE.c.first_seen_at,
                _QUARANTINE.c.connection,
                _QUARANTINE.c.resource_type,
                _QUARANTINE.c.resource_id,
            )
        )
        async with self._database.read() as session:
            return [_from_row(row) for row in await session.execute(query)]


async def quarantine(
    session: AsyncSession,
    connection: str,
    unreadable: Sequence[Unreadable],
    *,
    at: datetime,
) -> None:
    """Put entries into quarantine, once each; an older state of one leaves it.

    What had to be put right before stays: the state it belongs to may return.
    """
    for resource_type in {entry.resource_type for entry in unreadable}:
        now_unreadable = {
            entry.resource_id: entry.fingerprint
            for entry in unreadable
            if entry.resource_type == resource_type and entry.resource_id
        }
        await _leave(session, connection, resource_type, now_unreadable, _UNREADABLE)
    await _put(session, [_to_row(connection, entry, at) for entry in unreadable])


async def release(
    session: AsyncSession,
    connection: str,
    resource_type: str,
    readable: Collection[str],
) -> None:
    """These resources were read, or are no more: they leave the quarantine."""
    await _leave(session, connection, resource_type, dict.fromkeys(readable, ""))


async def forget_nameless(
    session: AsyncSession, connection: str, *, before: datetime
) -> None:
    """Entries without an id that were not met since then (UTC) leave the quarantine.

    Nothing else takes them out: another state of the same is one entry more.
    """
    await session.execute(
        delete(_QUARANTINE).where(
            _QUARANTINE.c.connection == connection,
            _HAS_NO_ID,
            _QUARANTINE.c.last_seen_at < before,
        )
    )


async def keep_repairs(
    session: AsyncSession,
    connection: str,
    readings: Sequence[Reading],
    *,
    at: datetime,
) -> None:
    """These appointments were read; what had to be put right for it is noted.

    One line for each: where several things had to be, the first.
    """
    repairs = {
        reading.appointment_id: reading.repairs[0]
        for reading in readings
        if reading.repairs
    }
    prints = dict.fromkeys((reading.appointment_id for reading in readings), "")
    prints |= {id_: repair.fingerprint for id_, repair in repairs.items()}
    if prints and await _has_any(session, connection):
        await _leave(session, connection, "Appointment", prints)
    await _leave(
        session, connection, "Appointment", dict.fromkeys(repairs, ""), _UNREADABLE
    )
    await _put(
        session,
        [_to_row(connection, one, at, repaired=True) for one in repairs.values()],
    )


async def still_repaired(
    session: AsyncSession,
    connection: str,
    unchanged: Collection[str],
    *,
    at: datetime,
) -> None:
    """These appointments are as they were: what was put right then is so still."""
    if not unchanged or not await _has_any(session, connection):
        return
    await _leave(
        session, connection, "Appointment", dict.fromkeys(unchanged, ""), _UNREADABLE
    )
    for ids in batches(sorted(unchanged)):
        renewed = update(_QUARANTINE).where(
            _QUARANTINE.c.connection == connection,
            _QUARANTINE.c.resource_type == "Appointment",
            one_of(session, _QUARANTINE.c.resource_id, ids),
            _QUARANTINE.c.repaired.is_(True),
        )
        await session.execute(renewed.values(last_seen_at=at))


async def _has_any(session: AsyncSession, connection: str) -> bool:
    """Most connections have nothing in quarantine: that is soon seen."""
    some = select(_QUARANTINE.c.id).where(
        _QUARANTINE.c.connection == connection,
        _QUARANTINE.c.resource_type == "Appointment",
    )
    return (await session.execute(some.limit(1))).first() is not None


async def _leave(
    session: AsyncSession,
    connection: str,
    resource_type: str,
    fingerprints: Mapping[str, str],
    *further: ColumnElement[bool],
) -> None:
    """Delete what is kept of these resources, but for the fingerprints given."""
    for ids in batches(sorted(fingerprints)):
        query = select(
            _QUARANTINE.c.id, _QUARANTINE.c.resource_id, _QUARANTINE.c.fingerprint
        ).where(
            _QUARANTINE.c.connection == connection,
            _QUARANTINE.c.resource_type == resource_type,
            one_of(session, _QUARANTINE.c.resource_id, ids),
            *further,
        )
        over: list[UUID] = [
            row.id
            for row in await session.execute(query)
            if fingerprints[row.resource_id] != row.fingerprint
        ]
        if over:
            these = one_of(session, _QUARANTINE.c.id, sorted(over))
            await session.execute(delete(_QUARANTINE).where(these))


async def _put(session: AsyncSession, rows: Sequence[dict[str, Any]]) -> None:
    """Put rows there, or renew what is there of the same state of a resource."""
    latest = {tuple(row[name] for name in _IDENTITY): row for row in rows}
    if not latest:
        return
    upsert = insert(session, QuarantineRow)
    renew = {name: upsert.excluded[name] for name in _RENEWED}
    upsert = upsert.on_conflict_do_update(index_elements=_IDENTITY, set_=renew)
    await session.execute(upsert, [latest[key] for key in sorted(latest)])


def _to_row(
    connection: str, entry: Unreadable, at: datetime, *, repaired: bool = False
) -> dict[str, Any]:
    return {
        "id": uuid4(),
        "connection": connection,
        "resource_type": entry.resource_type,
        "resource_id": entry.resource_id or "",
        "path": entry.path,
        "problem": entry.problem,
        "fingerprint": entry.fingerprint,
        "first_seen_at": at,
        "last_seen_at": at,
        "repaired": repaired,
    }


def _from_row(row: Row[Any]) -> QuarantineEntry:
    return QuarantineEntry(
        connection=row.connection,
        resource_type=row.resource_type,
        resource_id=row.resource_id or None,
        path=row.path,
        problem=row.problem,
        first_seen_at=row.first_seen_at,
        last_seen_at=row.last_seen_at,
        repaired=row.repaired,
    )
