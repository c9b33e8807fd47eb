"""Says whether the store can work right now."""

from sqlalchemy import func, select

from reminder.model.readiness import Readiness
from reminder.store.database import Database
from reminder.store.errors import StoreError
from reminder.store.keyring import KeyRing
from reminder.store.schema import current
from reminder.store.statements import table
from reminder.store.tables import SyncStateRow

_SYNC_STATE = table(SyncStateRow)


class Health:
    """For the load balancer and for `reminder check`."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def ready(self) -> Readiness:
        """Whether it can; an unreachable database is an answer, not an error."""
        try:
            if not await current(self._database):
                return Readiness(database=True, schema=False)
            return await self._with_last_sync()
        except StoreError:
            return Readiness(database=False, schema=False)

    async def _with_last_sync(self) -> Readiness:
        heard = _SYNC_STATE.c.last_sync_at
        query = select(func.min(heard), func.count() == func.count(heard))
        async with self._database.read() as session:
            earliest, all_heard = (await session.execute(query)).one()
        return Readiness(
            database=True, schema=True, last_sync_at=earliest if all_heard else None
        )
