"""Keeps how far the reading of each connection has come."""

from sqlalchemy import select

from reminder.model.sync_state import SyncState
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, table
from reminder.store.tables import SyncStateRow

_SYNC_STATE = table(SyncStateRow)
_PROGRESS = ("cursor", "last_sync_at", "last_window_at")


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
