"""Keeps what needs a human: one open entry for each kind and subject."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
from sqlalchemy import Row, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, table
from reminder.store.tables import WorklistRow

_WORKLIST = table(WorklistRow)


class Worklist:
    """What a human must do, until somebody is done with it."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def add(self, entry: WorklistEntry) -> bool:
        """Put it on the list; False when it was open already.

        Then its details and the time it was last seen are renewed.
        """
        values = _to_row(entry)
        async with self._database.write() as session:
            upsert = _upsert(session).returning(_WORKLIST.c.id)
            kept: UUID = (await session.execute(upsert, values)).scalar_one()
        return bool(kept == values["id"])

    async def add_all(self, entries: Sequence[WorklistEntry]) -> None:
        """Put all of them on the list, in one transaction; none writes nothing."""
        if entries:
            async with self._database.write() as session:
                await add_entries(session, entries)

    async def resolve(self, kind: WorklistKind, subject: str, at: datetime) -> bool:
        """Take it off the list: it is done. False when it was not open.

        The same thing later is a new entry. One last seen after `at` stays: it
        is about something that is not done yet.
        """
        done = (
            update(_WORKLIST)
            .where(
                _WORKLIST.c.kind == kind.value,
                _WORKLIST.c.subject == subject,
                _WORKLIST.c.done_at.is_(None),
                _WORKLIST.c.last_at <= at,
            )
            .values(done_at=at)
            .returning(_WORKLIST.c.id)
        )
        async with self._database.write() as session:
            return (await session.execute(done)).first() is not None

    async def open(self, *, limit: int = 1000) -> list[WorklistEntry]:
        """What nobody is done with, the oldest first."""
        query = (
            select(_WORKLIST)
            .where(_WORKLIST.c.done_at.is_(None))
            .order_by(_WORKLIST.c.at, _WORKLIST.c.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            return [_from_row(row) for row in await session.execute(query)]


async def add_entries(session: AsyncSession, entries: Sequence[WorklistEntry]) -> None:
    """Put all of them on the list, in one statement of a transaction under way."""
    latest = {(entry.kind, entry.subject): entry for entry in entries}
    rows = [_to_row(latest[key]) for key in sorted(latest)]
    if rows:
        await session.execute(_upsert(session), rows)


def _upsert(session: AsyncSession) -> Insert:
    fresh = insert(session, WorklistRow)
    return fresh.on_conflict_do_update(
        index_elements=["kind", "subject"],
        index_where=_WORKLIST.c.done_at.is_(None),
        set_={
            name: fresh.excluded[name] for name in ("details", "last_at", "message_id")
        },
    )


def _to_row(entry: WorklistEntry) -> dict[str, Any]:
    connection, appointment_id, patient_id = entry.appointment or (None, None, None)
    return {
        "id": uuid4(),
        "kind": entry.kind.value,
        "subject": entry.subject,
        "clinic_id": entry.clinic_id,
        "connection": connection,
        "appointment_id": appointment_id,
        "patient_id": patient_id,
        "message_id": entry.message_id,
        "details": orjson.dumps(entry.details).decode(),
        "at": entry.at,
        "last_at": entry.at,
        "done_at": None,
    }


def _from_row(row: Row[Any]) -> WorklistEntry:
    appointment = None
    if row.appointment_id is not None:
        appointment = AppointmentKey(row.connection, row.appointment_id, row.patient_id)
    return WorklistEntry(
        kind=WorklistKind(row.kind),
        subject=row.subject,
        at=row.at,
        appointment=appointment,
        message_id=row.message_id,
        clinic_id=row.clinic_id,
        details=tuple(orjson.loads(row.details)),
    )
