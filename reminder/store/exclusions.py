"""Keeps which appointments staff took out: nothing is told of them."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, delete, select

from reminder.model.appointments import AppointmentKey
from reminder.store.database import Database
from reminder.store.preferences import one_person
from reminder.store.revisions import raise_revisions
from reminder.store.statements import insert, table
from reminder.store.tables import ExclusionRow

_EXCLUSION = table(ExclusionRow)


class ExclusionStore:
    """Appointments that were taken out; the plan follows every change."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def exclude(self, key: AppointmentKey, at: datetime) -> bool:
        """Tell nothing of this booking any more; False if it was out already."""
        row = {"id": uuid4(), **key._asdict(), "at": at}
        async with self._database.write() as session:
            await raise_revisions(session, one_person(key.patient))
            added = insert(session, ExclusionRow).on_conflict_do_nothing()
            made = await session.execute(added.returning(_EXCLUSION.c.id), row)
            return made.first() is not None

    async def include(self, key: AppointmentKey) -> bool:
        """Tell of this booking again; False if it was not out."""
        async with self._database.write() as session:
            await raise_revisions(session, one_person(key.patient))
            gone = delete(_EXCLUSION).where(*_is(key)).returning(_EXCLUSION.c.id)
            return (await session.execute(gone)).first() is not None

    async def all(self) -> dict[AppointmentKey, datetime]:
        """Every booking that is out, and since when (UTC), the last one first."""
        query = select(_EXCLUSION).order_by(_EXCLUSION.c.at.desc(), _EXCLUSION.c.id)
        async with self._database.read() as session:
            rows = (await session.execute(query)).all()
        return {to_key(row): row.at for row in rows}


def to_key(row: Any) -> AppointmentKey:  # noqa: ANN401 - a row of any statement
    """The booking a row of the table names."""
    return AppointmentKey(row.connection, row.appointment_id, row.patient_id)


def _is(key: AppointmentKey) -> tuple[ColumnElement[bool], ...]:
    return tuple(_EXCLUSION.c[name] == value for name, value in key._asdict().items())
