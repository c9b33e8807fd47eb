"""Tells IT of an EHR that answers something else than what it is asked."""

import structlog

from reminder.flows.entries import ClosableEntries
from reminder.model.clock import Clock
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()


class Ignoring:
    """Looks at what the windows of a whole reading brought."""

    def __init__(
        self, connection: str, worklist: ClosableEntries, clock: Clock
    ) -> None:
        self._connection = connection
        self._worklist = worklist
        self._clock = clock

    async def look_at(self, inside: int, surplus: int) -> None:
        """More from outside their periods than from inside: `date` was ignored.

        What was read is right, since it was sifted; but all of it was sent
        again for each window. Where nothing was read nothing is known.
        """
        if surplus > inside:
            log.error("ehr_ignores", connection=self._connection, what="date")
            await self._worklist.add(
                WorklistEntry(
                    kind=WorklistKind.EHR_IGNORES,
                    subject=self._connection,
                    at=self._clock(),
                    details=("date",),
                )
            )
        elif inside:
            kind, now = WorklistKind.EHR_IGNORES, self._clock()
            await self._worklist.resolve(kind, self._connection, at=now)
