"""A process that reads an EHR's whole horizon once, to be killed.

`python -m tests.chaos.reader sqlite:///x.db ring.json http://127.0.0.1:1/fhir INSTANT`
"""

import asyncio
import sys
import time
from datetime import datetime, timedelta
from pathlib import Path

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.flows.sync import Sync
from reminder.sandbox.clock import SandboxClock
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store

_DAY = timedelta(days=1)


async def _read(database: str, ring: str, base_url: str, instant: str) -> None:
    clock = SandboxClock(datetime.fromisoformat(instant), time.monotonic)
    config = EHRConfig(base_url=base_url, requests_per_s=1000, burst=1000)
    ehr = EHR("main", config, clock=clock)
    store = await open_store(database, KeyRing.load(Path(ring)))
    sync = Sync(
        "main",
        ehr,
        bookings=store.appointments,
        states=store.sync_state,
        worklist=store.worklist,
        clock=clock,
        horizon=7 * _DAY,
        window_every=_DAY / 48,
        patient_ttl=_DAY,
        silence_limit=_DAY,
    )
    await sync.run()
    await store.aclose()
    await ehr.aclose()


if __name__ == "__main__":
    asyncio.run(_read(*sys.argv[1:]))
