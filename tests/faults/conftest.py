"""A clinic behind a fault server, read over HTTP into a real store."""

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import pytest_asyncio

from reminder.sandbox.fault_server import FaultServer
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.faults.clinic import Clinic, Memory, in_front_of
from tests.servers.sekmet import SEKMET, running_sync


@pytest.fixture(scope="session")
def sekmet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SEKMET]:
    with running_sync(tmp_path_factory.mktemp("sekmet")) as server:
        yield server


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def before_sekmet(sekmet: SEKMET) -> AsyncIterator[FaultServer]:
    async with in_front_of(sekmet) as server:
        yield server


@pytest.fixture(scope="package")
def memory() -> Memory:
    return Memory()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def before_memory(memory: Memory) -> AsyncIterator[FaultServer]:
    client = httpx.AsyncClient(transport=httpx.MockTransport(memory.server))
    async with in_front_of(memory, client) as server:
        yield server


@pytest_asyncio.fixture(loop_scope="package")
async def clinic(
    sekmet: SEKMET, before_sekmet: FaultServer, sqlite_url: str, ring: KeyRing
) -> AsyncIterator[Clinic]:
    """A clinic whose EHR is SEKMET, on days of its own."""
    store = await open_store(sqlite_url, ring)
    async with Clinic(sekmet, before_sekmet, store) as clinic:
        yield clinic


@pytest_asyncio.fixture(loop_scope="package")
async def lonely_clinic(
    memory: Memory, before_memory: FaultServer, sqlite_url: str, ring: KeyRing
) -> AsyncIterator[Clinic]:
    """A clinic that has its EHR for itself, for faults that bring up everything."""
    memory.server.clear()
    store = await open_store(sqlite_url, ring)
    clinic = Clinic(memory, before_memory, store)
    memory.server.clock = clinic.clock
    async with clinic:
        yield clinic
