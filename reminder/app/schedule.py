"""The clock that calls the work: APScheduler and nothing more.

The truth is in our tables; any of the jobs may run twice, late or by hand.
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta
from typing import Any

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from reminder.app.clock import system_clock
from reminder.app.logs import where

log = structlog.get_logger()

Job = Callable[[], Awaitable[object]]
_SOONEST = timedelta(milliseconds=200)


class Schedule:
    """Calls jobs at intervals, and dispatch also at the next due instant."""

    def __init__(self) -> None:
        self._scheduler = AsyncIOScheduler(
            timezone=UTC,
            job_defaults={
                "coalesce": True,
                "max_instances": 1,
                "misfire_grace_time": None,
            },
        )
        self._running: set[asyncio.Task[Any]] = set()

    def every(self, name: str, job: Job, *, seconds: float) -> None:
        """Call a job now and then every so many seconds."""
        self._scheduler.add_job(
            self._guarded(name, job),
            "interval",
            seconds=seconds,
            id=name,
            name=name,
            next_run_time=system_clock(),
        )

    def once(self, name: str, job: Job, *, after: timedelta) -> None:
        """Call a job once after this long; a later wish replaces an earlier one."""
        self._scheduler.add_job(
            self._guarded(name, job),
            "date",
            run_date=system_clock() + max(after, _SOONEST),
            id=name,
            name=name,
            replace_existing=True,
        )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    async def stop(self, grace: timedelta) -> None:
        """Call nothing any more; what runs has this long to come to its end."""
        if not self._scheduler.running:
            return
        # Shut down at once, APScheduler would cancel what runs, a message
        # half-way to a relay included.
        self._scheduler.pause()
        if self._running:
            _, late = await asyncio.wait(self._running, timeout=grace.total_seconds())
            for task in late:
                task.cancel()
            await asyncio.gather(*late)
        self._scheduler.shutdown(wait=False)

    def _guarded(self, name: str, job: Job) -> Callable[[], Awaitable[None]]:
        """The outermost loop: what a job raises is logged, and the work goes on."""

        async def run() -> None:
            if task := asyncio.current_task():
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            try:
                await job()
            except asyncio.CancelledError:
                log.warning("job_cut_short", job=name)
            except Exception as error:  # noqa: BLE001 - nothing may stop the clock
                kind = type(error).__name__
                log.error("job_failed", job=name, error=kind, where=where(error))

        return run
