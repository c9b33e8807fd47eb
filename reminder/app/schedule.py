"""The clock that calls the work: APScheduler and nothing more.

The truth is in our tables; any of the jobs may run twice, late or by hand.
"""

from collections.abc import Awaitable, Callable
from datetime import UTC, timedelta

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

    def every(self, name: str, job: Job, *, seconds: float) -> None:
        """Call a job now and then every so many seconds."""
        self._scheduler.add_job(
            _guarded(name, job),
            "interval",
            seconds=seconds,
            id=name,
            name=name,
            next_run_time=system_clock(),
        )

    def once(self, name: str, job: Job, *, after: timedelta) -> None:
        """Call a job once after this long; a later wish replaces an earlier one."""
        self._scheduler.add_job(
            _guarded(name, job),
            "date",
            run_date=system_clock() + max(after, _SOONEST),
            id=name,
            name=name,
            replace_existing=True,
        )

    def start(self) -> None:
        """Begin; needs a running event loop."""
        self._scheduler.start()

    def stop(self) -> None:
        """Call nothing any more; what runs is left to finish."""
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


def _guarded(name: str, job: Job) -> Callable[[], Awaitable[None]]:
    """The outermost loop: whatever a job raises is logged, and the work goes on."""

    async def run() -> None:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - nothing may stop the clock
            log.error(
                "job_failed", job=name, error=type(error).__name__, where=where(error)
            )

    return run
