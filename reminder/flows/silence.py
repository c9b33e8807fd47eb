"""Notices that an EHR has been silent for too long, and that it speaks again."""

from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.flows.entries import ClosableEntries
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()


class LastSeen(Protocol):
    """When anything of an EHR was kept."""

    async def last_seen_at(self, connection: str) -> datetime | None:
        """When the EHR last told us of any appointment."""


class Silence:
    """One EHR's silence: whoever heard of it last, by whatever way, ends it."""

    def __init__(
        self,
        connection: str,
        bookings: LastSeen,
        worklist: ClosableEntries,
        limit: timedelta,
    ) -> None:
        self._connection = connection
        self._bookings = bookings
        self._worklist = worklist
        self._limit = limit
        self._heard_at: datetime | None = None
        self._is_listed = True
        """Whether the worklist may say so: a process before this one may have."""
        self._is_told = False

    async def goes_on(self, now: datetime, last_sync_at: datetime | None) -> bool:
        """It did not answer once more; past the limit IT is told, once.

        True where it is silent for longer than that.

        An EHR that never answered is silent since it was first asked.
        """
        if self._is_told or (self._heard_at and now - self._heard_at <= self._limit):
            return self._is_told
        seen_at = await self._bookings.last_seen_at(self._connection)
        heard = [at for at in (self._heard_at, last_sync_at, seen_at) if at is not None]
        self._heard_at = max(heard, default=now)
        if now - self._heard_at <= self._limit:
            return False
        since = self._heard_at.isoformat(timespec="minutes")
        log.error("ehr_silent", connection=self._connection, since=since)
        await self._worklist.add(
            WorklistEntry(
                kind=WorklistKind.EHR_SILENT,
                subject=self._connection,
                at=now,
                details=(f"since {since}",),
            )
        )
        self._is_told = self._is_listed = True
        return True

    async def ends(self, now: datetime) -> None:
        """It answered."""
        self._heard_at = now
        if self._is_listed:
            kind = WorklistKind.EHR_SILENT
            await self._worklist.resolve(kind, self._connection, at=now)
        self._is_listed = self._is_told = False
