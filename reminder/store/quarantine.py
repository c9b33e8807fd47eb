"""Keeps which entries of the EHR nobody could read, until they can be."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import Row, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.quarantine import QuarantineEntry
from reminder.model.readings import Unreadable
from reminder.store.batches import batches
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, table
from reminder.store.tables import QuarantineRow, SyncStateRow

_QUARANTINE = table(QuarantineRow)
_SYNC_STATE = table(SyncStateRow)
_IDENTITY = ("connection", "resource_type", "resource_id", "fingerprint")
_RENEWED = ("path", "problem", "last_seen_at")


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
    """Put entries into quarantine, once each; an older state of one leaves it."""
    rows = {
        (entry.resource_type, entry.resource_id, entry.fingerprint): _to_row(
            connection, entry, at
        )
        for entry in unreadable
    }
    if not rows:
        return
    for resource_type in {row["resource_type"] for row in rows.values()}:
        now_unreadable = {
            row["resource_id"]: row["fingerprint"]
            for row in rows.values()
            if row["resource_type"] == resource_type and row["resource_id"]
        }
        await _leave(session, connection, resource_type, now_unreadable)
    upsert = insert(session, QuarantineRow)
    renew = {name: upsert.excluded[name] for name in _RENEWED}
    upsert = upsert.on_conflict_do_update(index_elements=_IDENTITY, set_=renew)
    await session.execute(upsert, list(rows.values()))


async def release(
    session: AsyncSession,
    connection: str,
    resource_type: str,
    readable: Collection[str],
) -> None:
    """These resources were read: they leave the quarantine."""
    await _leave(session, connection, resource_type, dict.fromkeys(readable, ""))


async def _leave(
    session: AsyncSession,
    connection: str,
    resource_type: str,
    fingerprints: dict[str, str],
) -> None:
    """Delete what is kept of these resources, but for the fingerprints given.

    Few entries are in quarantine and many resources are read, so the few are
    looked up among the many and not the other way round.
    """
    query = select(
        _QUARANTINE.c.id, _QUARANTINE.c.resource_id, _QUARANTINE.c.fingerprint
    ).where(
        _QUARANTINE.c.connection == connection,
        _QUARANTINE.c.resource_type == resource_type,
    )
    over: list[UUID] = [
        row.id
        for row in await session.execute(query)
        if fingerprints.get(row.resource_id, row.fingerprint) != row.fingerprint
    ]
    for ids in batches(sorted(over)):
        await session.execute(delete(_QUARANTINE).where(_QUARANTINE.c.id.in_(ids)))


def _to_row(connection: str, entry: Unreadable, at: datetime) -> dict[str, Any]:
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
    )
