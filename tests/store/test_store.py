"""The front door: what fits is opened, what does not is refused."""

from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from sqlalchemy import text

from reminder.model.readiness import Readiness
from reminder.model.sync_state import SyncState
from reminder.store.database import Database
from reminder.store.errors import KeyRingMismatch, SchemaOutdated, StoreUnavailable
from reminder.store.health import Health
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.store.examples import NOW


async def test_a_store_opens_again_with_its_own_ring(
    database_url: str, ring: KeyRing
) -> None:
    for _ in range(2):
        store = await open_store(database_url, ring)
        await store.aclose()


async def test_another_ring_is_refused_and_the_first_still_fits(
    database_url: str, ring: KeyRing, new_ring: Callable[[], KeyRing]
) -> None:
    await (await open_store(database_url, ring)).aclose()

    with pytest.raises(KeyRingMismatch):
        await open_store(database_url, new_ring())

    await (await open_store(database_url, ring)).aclose()


async def test_a_database_without_tables_is_refused(
    tmp_path: Path, ring: KeyRing
) -> None:
    with pytest.raises(SchemaOutdated, match="reminder db upgrade"):
        await open_store(f"sqlite:///{tmp_path}/empty.db", ring)


async def test_a_database_that_does_not_answer_is_unavailable(ring: KeyRing) -> None:
    with pytest.raises(StoreUnavailable):
        await open_store("postgresql://nobody@127.0.0.1:1/nothing", ring)


def test_a_store_shows_nothing_of_its_keys(ring: KeyRing, tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path}/any.db")
    store = Store.over(database, ring)

    assert {one.name for one in fields(store)} >= {"queue", "appointments", "health"}
    assert ring.derive("link-token").hex() not in repr(store)


async def test_how_far_the_reading_has_come_is_given_back(store: Store) -> None:
    state = SyncState("2027-03-01T15:00:00Z", NOW, None)

    nothing = await store.sync_state.state("main")
    await store.sync_state.keep("main", SyncState("earlier", None, NOW))
    await store.sync_state.keep("main", state)

    assert nothing == SyncState()
    assert await store.sync_state.state("main") == state
    assert await store.sync_state.state("other") == SyncState()


async def test_a_store_is_ready_and_says_when_every_connection_was_heard(
    store: Store,
) -> None:
    never = await store.health.ready()
    later = NOW.replace(hour=23)
    await store.sync_state.keep("main", SyncState(None, later, None))
    await store.sync_state.keep("other", SyncState(None, NOW, None))
    both = await store.health.ready()
    await store.sync_state.keep("third", SyncState())
    not_all = await store.health.ready()

    assert never == Readiness(database=True, schema=True)
    assert both == Readiness(database=True, schema=True, last_sync_at=NOW)
    assert not_all == Readiness(database=True, schema=True)


async def test_a_store_with_a_migration_missing_is_not_ready(store: Store) -> None:
    async with store.database.write() as session:
        await session.execute(
            text("UPDATE alembic_version SET version_num = 'x' || version_num")
        )

    ready = await store.health.ready()

    async with store.database.write() as session:
        await session.execute(
            text("UPDATE alembic_version SET version_num = substr(version_num, 2)")
        )
    assert ready == Readiness(database=True, schema=False)


async def test_a_database_that_does_not_answer_is_not_ready(ring: KeyRing) -> None:
    database = Database("postgresql://nobody@127.0.0.1:1/nothing")

    ready = await Health(database, ring).ready()

    await database.aclose()
    assert ready == Readiness(database=False, schema=False)
