"""How long it takes to plan everybody again after a publish, and to keep it."""

import asyncio
import contextlib
import gc
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import time as time_of_day
from pathlib import Path

import psycopg

from benchmarks import population, reporting
from reminder.flows.plan import Plan
from reminder.model.clinics import ClinicDirectory
from reminder.model.offsets import DaysBefore
from reminder.model.readings import Reading
from reminder.store.batches import batches
from reminder.store.keyring import KeyRing
from reminder.store.schema import upgrade
from reminder.store.store import Store, open_store
from tests.postgres import start_postgresql

_BEFORE = DaysBefore(3, time_of_day(18, 30))
_AFTER = DaysBefore(4, time_of_day(9, 30))
"""What a publish makes of the second step."""

# All three steps are still ahead of whoever comes so much later.
_FROM_DAY = 9


def replan_s(backend: str, appointments: int) -> float:
    """Seconds from a publish to the last plan kept, on a new database."""
    with tempfile.TemporaryDirectory() as folder, _database(backend, folder) as url:
        ring = KeyRing.create(Path(folder) / "ring.json")
        return asyncio.run(_replan_s(backend, url, ring, appointments))


async def _replan_s(backend: str, url: str, ring: KeyRing, appointments: int) -> float:
    async with _opened(url, ring) as store:
        persons = await _fill(store, backend, appointments)
        _analyze(url)
        title = f"{backend}: first plan"
        await _plan_everybody(store, _clinics(_BEFORE), title, persons)
        _analyze(url)
        title = f"{backend}: plan again"
        return await _plan_everybody(store, _clinics(_AFTER), title, persons)


def _analyze(url: str) -> None:
    """What autovacuum does on any server but the tests', which has it off."""
    if url.startswith("postgresql"):
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute("ANALYZE")


async def _fill(store: Store, backend: str, appointments: int) -> int:
    """Keep the people and their bookings; how many people."""
    everybody = list(population.people(appointments, from_day=_FROM_DAY))
    show, done = reporting.bar(f"{backend}: read", appointments), 0
    for some in batches(everybody):
        readings = [
            Reading(one.key.appointment_id, one.fingerprint, (one,))
            for _, visits in some
            for one in visits
        ]
        patients = [patient for patient, _ in some]
        asked = [one.key.patient_id for one in patients]
        seen_at = population.NOW
        await store.appointments.keep(population.CONNECTION, readings, seen_at=seen_at)
        await store.appointments.keep_patients(
            population.CONNECTION, patients, asked=asked, seen_at=seen_at
        )
        done += len(readings)
        show(done)
    return len(everybody)


async def _plan_everybody(
    store: Store, clinics: ClinicDirectory, title: str, persons: int
) -> float:
    show = reporting.bar(title, persons)
    plan = Plan(
        store.appointments,
        store.reminders,
        store.worklist,
        lambda: clinics,
        lambda: population.NOW,
    )
    before, computing = time.perf_counter(), time.process_time()
    await store.appointments.replan_all_if_changed(clinics.fingerprint)
    counts = await plan.run(show)
    seconds = time.perf_counter() - before
    computing = time.process_time() - computing
    reporting.say(
        f"{title}: {seconds:.1f} s, with {computing:.1f} s of CPU in this process; "
        f"{counts.planned:,} planned, {counts.unchanged:,} as they were"
    )
    return seconds


def _clinics(second: DaysBefore) -> ClinicDirectory:
    return population.one_rule(population.three_steps(second), repr(second))


@contextlib.contextmanager
def _database(backend: str, folder: str) -> Iterator[str]:
    """The address of a new, migrated database."""
    with contextlib.ExitStack() as stack:
        url = f"sqlite:///{folder}/benchmark.db"
        if backend == "postgres":
            server = stack.enter_context(start_postgresql())
            url = stack.enter_context(server.new_database())
        upgrade(url)
        yield url


@contextlib.asynccontextmanager
async def _opened(url: str, ring: KeyRing) -> AsyncIterator[Store]:
    store = await open_store(url, ring)
    # What stays until the end is not to be looked through for garbage again
    # and again: that would be a third of the time.
    gc.collect()
    gc.freeze()
    try:
        yield store
    finally:
        await store.aclose()
