"""A world of patients for the tests of the pages."""

from collections.abc import AsyncIterator

import pytest

from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.web.forms import Phone
from tests.web.world import World


@pytest.fixture
async def world(sqlite_url: str, ring: KeyRing) -> AsyncIterator[World]:
    """A clinic, on an empty SQLite database."""
    store = await open_store(sqlite_url, ring)
    yield World(store, ring)
    await store.aclose()


@pytest.fixture
async def phone(world: World) -> AsyncIterator[Phone]:
    """A patient's phone."""
    async with world.client() as client:
        yield Phone(client)
