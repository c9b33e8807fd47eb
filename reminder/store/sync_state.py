"""Keeps how far the reading of each connection has come, to go on after a restart."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, delete, exists, literal, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.sync_state import SyncRun, SyncState
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.quarantine import forget_nameless
from reminder.store.statements import insert, table
from reminder.store.tables import SyncRunRow, SyncStateRow, SyncWindowRow

_SYNC_STATE = table(SyncStateRow)
_RUN = table(SyncRunRow)
_WINDOW = table(SyncWindowRow)
_PROGRESS = ("cursor", "last_sync_at", "last_window_at")
_RUN_VALUES = ("run_id", "plan", "started_at", "start_at", "end_at")


class SyncStateStore:
    """Where the next reading of a connection goes on."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def state(self, connection: str) -> SyncState:
        """How far it has come; all None when it was never read."""
        columns = [_SYNC_STATE.c[name] for name in _PROGRESS]
        query = select(*columns).where(_SYNC_STATE.c.connection == connection)
        async with self._database.read() as session:
            row = (await session.execute(query)).first()
        return SyncState() if row is None else SyncState(*row)

    async def keep(self, connection: str, state: SyncState) -> None:
        """Remember how far it has come."""
        async with self._database.write() as session:
            upsert = insert(session, SyncStateRow)
            upsert = upsert.on_conflict_do_update(
                index_elements=["connection"],
                set_={name: upsert.excluded[name] for name in _PROGRESS},
            )
            progress = {name: getattr(state, name) for name in _PROGRESS}
            await session.execute(upsert, {"connection": connection, **progress})

    async def run(self, connection: str) -> SyncRun | None:
        """The reading of its whole horizon that was begun and not ended, if any."""
        query = select(_RUN).where(_RUN.c.connection == connection)
        async with self._database.read() as session:
            row = (await session.execute(query)).first()
            if row is None:
                return None
            of_this = select(_WINDOW).where(_WINDOW.c.run_id == row.run_id)
            return _to_run(row, (await session.execute(of_this)).all())

    async def begin(self, connection: str, run: SyncRun) -> None:
        """Begin a reading of the whole horizon; one that was not ended is forgotten."""
        values = (run.run_id, run.plan, run.started_at, run.start, run.end)
        async with self._database.write() as session:
            before = select(_RUN.c.run_id).where(_RUN.c.connection == connection)
            await _forget_windows(session, before)
            upsert = insert(session, SyncRunRow)
            upsert = upsert.on_conflict_do_update(
                index_elements=["connection"],
                set_={name: upsert.excluded[name] for name in _RUN_VALUES},
            )
            row = dict(zip(_RUN_VALUES, values, strict=True))
            await session.execute(upsert, {"connection": connection, **row})

    async def window_done(self, run_id: UUID, name: str, *, complete: bool) -> None:
        """This window was read and kept; nothing is written once the run is over."""
        values = {"run_id": run_id, "name": name, "complete": complete}
        row = select(
            *(literal(one, _WINDOW.c[key].type) for key, one in values.items())
        ).where(exists().where(_RUN.c.run_id == run_id))
        async with self._database.write() as session:
            upsert = insert(session, SyncWindowRow).from_select(list(values), row)
            upsert = upsert.on_conflict_do_update(
                index_elements=["run_id", "name"],
                set_={"complete": upsert.excluded.complete},
            )
            await session.execute(upsert)

    async def end(self, connection: str, run_id: UUID) -> None:
        """This reading of the whole horizon is over.

        An entry without an id that it did not meet leaves the quarantine.
        """
        this = (_RUN.c.connection == connection, _RUN.c.run_id == run_id)
        async with self._database.write() as session:
            began = select(_RUN.c.started_at).where(*this)
            if row := (await session.execute(began)).first():
                await forget_nameless(session, connection, before=row.started_at)
            await _forget_windows(session, select(_RUN.c.run_id).where(*this))
            await session.execute(delete(_RUN).where(*this))


async def _forget_windows(session: AsyncSession, runs: Select[tuple[UUID]]) -> None:
    await session.execute(delete(_WINDOW).where(_WINDOW.c.run_id.in_(runs)))


def _to_run(row: Row[Any], windows: Sequence[Row[Any]]) -> SyncRun:
    return SyncRun(
        run_id=row.run_id,
        plan=row.plan,
        started_at=row.started_at,
        start=row.start_at,
        end=row.end_at,
        done={window.name: window.complete for window in windows},
    )
