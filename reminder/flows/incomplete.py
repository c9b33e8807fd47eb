"""Tells IT of an EHR that does not tell us all of what it is asked for."""

import structlog

from reminder.flows.entries import ClosableEntries
from reminder.model.clock import Clock
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()


class Incomplete:
    """Looks at how the windows of a whole reading ended."""

    def __init__(
        self, connection: str, worklist: ClosableEntries, clock: Clock
    ) -> None:
        self._connection = connection
        self._worklist = worklist
        self._clock = clock

    async def look_at(self, incomplete: int, windows: int) -> None:
        """Something is missing from so many of the windows.

        Who is missing is not reminded, and nobody else would notice; from those
        windows nothing that vanished is withdrawn either.
        """
        kind, now = WorklistKind.EHR_INCOMPLETE, self._clock()
        if not incomplete:
            await self._worklist.resolve(kind, self._connection, at=now)
            return
        log.error("ehr_incomplete", connection=self._connection, n=incomplete)
        await self._worklist.add(
            WorklistEntry(
                kind=kind,
                subject=self._connection,
                at=now,
                details=(f"{incomplete} of {windows}",),
            )
        )
