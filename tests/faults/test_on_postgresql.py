"""A few faults over PostgreSQL: what is kept, and goes, is the same there."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from reminder.sandbox.fault_server import FaultServer
from reminder.sandbox.fhir_faults.named import FAULTS
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.faults.clinic import Clinic
from tests.servers.sekmet import SEKMET

pytestmark = [pytest.mark.asyncio(loop_scope="package"), pytest.mark.postgres]


@pytest_asyncio.fixture(loop_scope="package")
async def clinic(
    sekmet: SEKMET, before_sekmet: FaultServer, postgres_url: str, ring: KeyRing
) -> AsyncIterator[Clinic]:
    store = await open_store(postgres_url, ring)
    async with Clinic(sekmet, before_sekmet, store) as clinic:
        yield clinic


@pytest.mark.parametrize(
    "name",
    ["unavailable", "pages-shifted", "entries-twice", "entry-missing", "stale-search"],
)
async def test_the_mirror_is_the_ehr_once_all_is_well(
    clinic: Clinic, name: str
) -> None:
    await clinic.book(0, 1, 2, 3, 4)
    await clinic.sync()
    clinic.clock.move_on(minutes=30)
    await clinic.put(clinic.visit(1, day=1), clinic.visit(2, status="cancelled"))
    await clinic.delete(3)
    clinic.wrong(FAULTS[name].limited(after=2))

    await clinic.sync()
    during = {seen.appointment_id for seen in await clinic.mirror()}
    clinic.well()
    clinic.clock.move_on(minutes=30)
    report = await clinic.sync()

    assert during >= {clinic.id(number) for number in (0, 1, 2, 4)}
    assert report.available
    assert await clinic.mirror() == clinic.truth()
