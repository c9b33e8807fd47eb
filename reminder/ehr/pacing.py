"""Keeps requests within what an EHR allows: so many a second, so many at a time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator


class Pace:
    """A turn for each request, in the order they came.

    `burst` may go at once, then `per_s` a second. Time is the event loop's:
    it says how long to wait, never what o'clock it is.
    """

    def __init__(self, *, per_s: float, burst: int, concurrent: int) -> None:
        self._interval_s = 1 / per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._free_at = 0.0
        self._slots = asyncio.Semaphore(concurrent)

    @contextlib.asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the request is over."""
        await asyncio.sleep(self._wait_s())
        async with self._slots:
            yield

    def _wait_s(self) -> float:
        # The generic cell rate algorithm: each request books the next interval,
        # and may be early by as much as the burst allows.
        now = asyncio.get_running_loop().time()
        free_at = max(self._free_at, now)
        self._free_at = free_at + self._interval_s
        return max(0.0, free_at - now - self._tolerance_s)
