"""A node that dispatches once at a given instant: a process of its own, to be killed.

`python -m tests.chaos.node reminder.toml 2027-03-01T15:01:00+00:00`
"""

import asyncio
import sys
import time
from datetime import datetime
from pathlib import Path

from reminder.app.wiring import open_app
from reminder.sandbox.clock import SandboxClock
from reminder.settings.load import load


async def _dispatch(settings: Path, instant: str) -> None:
    clock = SandboxClock(datetime.fromisoformat(instant), time.monotonic)
    async with open_app(load(settings), clock) as app:
        await app.dispatch.run()


if __name__ == "__main__":
    asyncio.run(_dispatch(Path(sys.argv[1]), sys.argv[2]))
