"""Houses to work in: with an empty store of one kind, or of each."""

from collections.abc import AsyncIterator

import pytest

from reminder.messages.render import Renderer
from reminder.resources import bundled
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.flows.world import House


@pytest.fixture(scope="session")
def renderer() -> Renderer:
    """The real templates, compiled once."""
    return Renderer(bundled("templates"))


@pytest.fixture
async def house(
    sqlite_url: str, ring: KeyRing, renderer: Renderer
) -> AsyncIterator[House]:
    """A house over SQLite: enough where the store's part is tried elsewhere."""
    store = await open_store(sqlite_url, ring)
    yield House(store, ring, renderer)
    await store.aclose()


@pytest.fixture
def any_house(store: Store, ring: KeyRing, renderer: Renderer) -> House:
    """A house over each kind of database."""
    return House(store, ring, renderer)
