"""kill -9 in the midst of a first sync: it goes on where it was, and loses nothing."""

import asyncio
import contextlib
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from reminder.sandbox.serving import loopback_socket, serving, url_of
from reminder.store.keyring import KeyRing
from reminder.store.statements import table
from reminder.store.store import Store, open_store
from reminder.store.tables import AppointmentRow
from tests.chaos.big_clinic import BigClinic

TOP = Path(__file__).parents[2]
BEGINS = datetime(2027, 3, 1, tzinfo=UTC)
NOW = BEGINS + timedelta(days=1, hours=9)
DAYS = [f"{day:02}" for day in range(1, 10)]
APPOINTMENT = table(AppointmentRow)


@dataclass
class Given:
    """A clinic whose EHR answers, and an empty database."""

    clinic: BigClinic
    base_url: str
    database_url: str
    ring_file: Path

    @contextlib.asynccontextmanager
    async def reading(self) -> AsyncIterator[asyncio.subprocess.Process]:
        """A process that reads the EHR while the block runs, if it takes so long."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "tests.chaos.reader", self.database_url),
            *(str(self.ring_file), self.base_url, NOW.isoformat()),
            cwd=TOP,
        )
        try:
            yield process
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()

    async def read_until_killed(self, stop_at: str) -> None:
        """Read until the EHR stops in mid-answer, and be killed then."""
        self.clinic.stop_at = stop_at
        async with asyncio.timeout(30), self.reading() as process:
            await self.clinic.stopped.wait()
            process.send_signal(signal.SIGKILL)
            assert await process.wait() == -signal.SIGKILL
        self.clinic.stop_at = ""
        self.clinic.goes_on.set()

    async def read_to_the_end(self) -> None:
        """Read what is left to read."""
        async with asyncio.timeout(60), self.reading() as process:
            assert await process.wait() == 0


@pytest.fixture
async def given(database_url: str, tmp_path: Path) -> AsyncIterator[Given]:
    clinic = BigClinic(BEGINS, days=len(DAYS), a_day=350, patients=1200)
    bound = loopback_socket()
    async with serving(clinic.app(), bound):
        ring_file = tmp_path / "ring.json"
        KeyRing.create(ring_file)
        yield Given(clinic, f"{url_of(bound)}/fhir", database_url, ring_file)


async def known(store: Store) -> Counter[str]:
    """How many bookings there are of every appointment."""
    query = select(APPOINTMENT.c.appointment_id, func.count()).group_by(
        APPOINTMENT.c.appointment_id
    )
    async with store.database.read() as session:
        return Counter(dict((await session.execute(query)).all()))


@pytest.mark.parametrize(
    ("stop_at", "twice"),
    [
        pytest.param("06/200", {"06"}, id="in-a-window"),
        # All windows were read; the next day is read again by every sync.
        pytest.param("patient 620", {"01", "02", "03"}, id="among-the-patients"),
    ],
)
async def test_no_window_is_read_twice_but_the_one_in_hand(
    given: Given, stop_at: str, twice: set[str]
) -> None:
    clinic = given.clinic

    await given.read_until_killed(stop_at)
    before = len(clinic.read)
    await given.read_to_the_end()

    store = await open_store(given.database_url, KeyRing.load(given.ring_file))
    assert await known(store) == {f"a{number}": 1 for number in range(9 * 350)}
    assert clinic.windows == {day: 1 + (day in twice) for day in DAYS}
    assert len(clinic.read) == 1200
    # Patients are kept five hundred at a time.
    assert sum(clinic.read.values()) - 1200 == before % 500
    assert (await store.sync_state.state("main")).last_window_at is not None
    assert await store.sync_state.run("main") is None
    await store.aclose()
