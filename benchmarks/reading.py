"""What it costs to read an EHR: pages nobody changed, and pages that are all new."""

import asyncio
import contextlib
import gc
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import NamedTuple

import httpx

from benchmarks import fhir_pages
from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.ehr.finding.directory import Directory
from reminder.ehr.finding.pages import read_page
from reminder.ehr.finding.sifting import Sifter
from reminder.ehr.reading.drafts import Source
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.http import Answer
from reminder.model.readings import Window, WindowPage
from reminder.store.keyring import KeyRing
from reminder.store.schema import upgrade
from reminder.store.store import Store, open_store
from tests.postgres import start_postgresql

_CONNECTION = "main"
_NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)
_DAY = timedelta(days=1)
_PAGES_OF_A_DAY = 10
_ROUNDS = 5
_ROOT = Path(__file__).parents[1]


def parse_ms(pages: int) -> tuple[float, float]:
    """Milliseconds of CPU to find a page unchanged: usually, and after a start."""
    base_url = "https://ehr.example.org/fhir"
    bodies = [
        fhir_pages.page(base_url, "v1", pages * fhir_pages.PAGE_SIZE, number)
        for number in range(pages)
    ]
    return asyncio.run(_parse_ms(base_url, bodies))


async def _parse_ms(base_url: str, bodies: list[bytes]) -> tuple[float, float]:
    source = Source(_CONNECTION, base_url)
    config = EHRConfig(base_url=base_url)
    known = {
        str(entry.resource_id): source.fingerprint(entry.resource() or {})
        for body in bodies
        for entry in read_page(_answer(base_url, body), "Appointment", _NOW).entries
    }
    first, again = list[float](), list[float]()
    for _ in range(_ROUNDS):
        client = FHIRClient(config, clock=lambda: _NOW)
        async with contextlib.aclosing(client):
            sifter = Sifter(source, Directory(client, config, clock=lambda: _NOW))
            for times in (first, again):
                before = time.process_time()
                for body in bodies:
                    page = read_page(_answer(base_url, body), "Appointment", _NOW)
                    found = await sifter.sifted(page.entries, known, page.full_urls)
                    _require(len(found.unchanged) == fhir_pages.PAGE_SIZE)
                times.append(time.process_time() - before)
    return 1000 * min(again) / len(bodies), 1000 * min(first) / len(bodies)


def _answer(base_url: str, body: bytes) -> Answer:
    url = httpx.URL(f"{base_url}/Appointment")
    return Answer("GET Appointment", 200, httpx.Headers(), body, url)


class Figures(NamedTuple):
    """New and changed appointments a second of CPU, and ms of it an unchanged page."""

    new_per_s: float
    changed_per_s: float
    unchanged_page_ms: float


def read_figures(backend: str, pages: int) -> Figures:
    """What reading costs over HTTP and into a new store."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _database(backend, folder) as url,
        fhir_pages.serving() as origin,
    ):
        return asyncio.run(_read_figures(url, folder, origin, pages))


async def _read_figures(url: str, folder: str, origin: str, pages: int) -> Figures:
    days, a_day = pages // _PAGES_OF_A_DAY, _PAGES_OF_A_DAY * fhir_pages.PAGE_SIZE
    appointments = days * a_day
    async with _opened(url, folder) as store:
        base_url = f"{origin}/v1/{a_day}/fhir"
        new = await _read(store, base_url, _NOW, days=days, changed=appointments)
        changed, unchanged = list[float](), list[float]()
        for version in range(2, 2 + _ROUNDS):
            base_url = f"{origin}/v{version}/{a_day}/fhir"
            at = _NOW + timedelta(hours=version)
            read = partial(_read, store, base_url, days=days)
            changed.append(await read(at, changed=appointments))
            unchanged.append(await read(at + timedelta(minutes=1), changed=0))
    return Figures(
        appointments / new,
        appointments / min(changed),
        1000 * min(unchanged) / pages,
    )


async def _read(
    store: Store, base_url: str, at: datetime, *, days: int, changed: int
) -> float:
    """Read some days and keep them, as the synchronisation does: seconds of CPU."""
    config = EHRConfig(base_url=base_url, requests_per_s=100_000, burst=100_000)
    ehr = EHR(_CONNECTION, config, clock=lambda: at)
    read, seconds = 0, 0.0

    async def keep(part: WindowPage) -> None:
        nonlocal read
        read += len(part.readings)
        await store.appointments.keep(
            _CONNECTION,
            part.readings,
            unchanged=part.unchanged,
            unreadable=part.unreadable,
            seen_at=part.asked_at,
        )

    async with contextlib.aclosing(ehr):
        for day in range(days):
            start = fhir_pages.START + day * _DAY
            window = Window(start, start + _DAY)
            before = time.process_time()
            known = await store.appointments.fingerprints(
                _CONNECTION, window.start, window.end
            )
            end = await ehr.read(window, known, keep)
            seconds += time.process_time() - before
            _require(end.complete)
    _require(read == changed)
    return seconds


def peak_mib(pages: int) -> float:
    """The peak memory of a process that reads so many new pages into a new store."""
    with (
        tempfile.TemporaryDirectory() as folder,
        _database("sqlite", folder) as url,
        fhir_pages.serving() as origin,
    ):
        a_day = _PAGES_OF_A_DAY * fhir_pages.PAGE_SIZE
        base_url, days = f"{origin}/v1/{a_day}/fhir", str(pages // _PAGES_OF_A_DAY)
        command = [sys.executable, "-m", "benchmarks.reading", url, folder]
        command += [base_url, days]
        done = subprocess.run(  # noqa: S603 - our own module
            command, cwd=_ROOT, check=True, capture_output=True, text=True
        )
    return int(done.stdout) / 1024


async def _read_once(url: str, folder: str, base_url: str, days: int) -> None:
    changed = days * _PAGES_OF_A_DAY * fhir_pages.PAGE_SIZE
    async with _opened(url, folder) as store:
        await _read(store, base_url, _NOW, days=days, changed=changed)


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
async def _opened(url: str, folder: str) -> AsyncIterator[Store]:
    store = await open_store(url, KeyRing.create(Path(folder) / "ring.json"))
    # What stays until the end is not to be looked through for garbage again.
    gc.collect()
    gc.freeze()
    try:
        yield store
    finally:
        await store.aclose()


def _require(as_it_should: bool) -> None:  # noqa: FBT001 - it reads as a sentence
    if not as_it_should:
        raise AssertionError("the benchmark did not read what it meant to")


if __name__ == "__main__":
    asyncio.run(_read_once(*sys.argv[1:4], int(sys.argv[4])))
    # In KiB, on Linux.
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)  # noqa: T201
