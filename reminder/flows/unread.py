"""Notices that the whole horizon could not be read to its end for too long."""

from datetime import datetime, timedelta

import structlog

from reminder.flows.entries import ClosableEntries
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()


class Unread:
    """One EHR of which a part can be read and the whole cannot.

    Such an EHR is not silent: what it tells of the first days looks well, and
    what is booked for the days after is never heard of.
    """

    def __init__(
        self, connection: str, worklist: ClosableEntries, limit: timedelta
    ) -> None:
        self._connection = connection
        self._worklist = worklist
        self._limit = limit
        self._first_failed_at: datetime | None = None
        self._is_told = False

    async def goes_on(self, now: datetime, last_window_at: datetime | None) -> None:
        """A reading broke off once more; past the limit IT is told, once.

        One that was never read is unread since it first broke off.
        """
        self._first_failed_at = self._first_failed_at or now
        read_at = last_window_at or self._first_failed_at
        if self._is_told or now - read_at <= self._limit:
            return
        since = read_at.isoformat(timespec="minutes")
        log.error("ehr_unread", connection=self._connection, since=since)
        await self._worklist.add(
            WorklistEntry(
                kind=WorklistKind.EHR_UNREAD,
                subject=self._connection,
                at=now,
                details=(f"since {since}",),
            )
        )
        self._is_told = True

    async def ends(self, now: datetime) -> None:
        """All of it was read."""
        kind = WorklistKind.EHR_UNREAD
        await self._worklist.resolve(kind, self._connection, at=now)
        self._first_failed_at, self._is_told = None, False
