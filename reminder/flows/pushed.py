"""Works through what an EHR pushed, until it has said of each how it is now."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRError, EHRUnavailable
from reminder.ehr.wire.pacing import in_background
from reminder.flows.read_again import Again, ReadAgain
from reminder.model.clock import Clock
from reminder.model.pushed import SOMETHING, DueHint

log = structlog.get_logger()

_AT_ONCE = 100
_LEASE = timedelta(minutes=5)
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_BETWEEN_LOOKS = timedelta(seconds=15)
"""Some servers push an empty notification for each change of a busy day."""

_GIVEN_UP = timedelta(days=7)

Reads = Callable[[Sequence[str], datetime], Awaitable[Again]]


class KeepsHints(Protocol):
    """Where hints are kept until they are read."""

    async def due(
        self, connection: str, *, now: datetime, until: datetime, limit: int
    ) -> list[DueHint]:
        """What is to be read now, by nobody else before `until`."""

    async def done(self, connection: str, read: Collection[DueHint]) -> None:
        """These were read."""

    async def again(
        self, connection: str, unread: Collection[DueHint], *, at: datetime
    ) -> None:
        """These could not be read: not before `at`."""


@dataclass(frozen=True, slots=True)
class PushReport:
    """What one run did; `taken` counts the hints it was handed, read or not."""

    taken: int = 0
    read: int = 0
    gone: int = 0
    quarantined: int = 0
    patients: int = 0

    def __add__(self, again: Again) -> "PushReport":
        return PushReport(
            self.taken,
            self.read + again.read,
            self.gone + again.gone,
            self.quarantined + again.quarantined,
            self.patients + again.patients,
        )


class Pushed:
    """Works through one connection's hints.

    `look` reads whatever changed, and says whether the EHR could be asked.
    """

    def __init__(
        self,
        connection: str,
        reads: ReadAgain,
        *,
        hints: KeepsHints,
        look: Callable[[], Awaitable[bool]],
        clock: Clock,
    ) -> None:
        self.connection = connection
        self._reads = reads
        self._hints = hints
        self._look = look
        self._clock = clock
        self._pause = timedelta()
        self._not_before: datetime | None = None
        self._looked_at: datetime | None = None

    async def run(self) -> PushReport:
        """Read some of what is due; `taken` is 0 when nothing is, or nobody may ask.

        An EHR that does not answer is left alone for a while: as long as it
        asks for, else a minute, doubling up to a quarter of an hour. What it
        was to be asked about is asked then.
        """
        now = self._clock()
        if self._not_before is not None and now < self._not_before:
            return PushReport()
        due = await self._hints.due(
            self.connection, now=now, until=now + _LEASE, limit=_AT_ONCE
        )
        if not due:
            return PushReport()
        report = PushReport(taken=len(due))
        try:
            # Who waits for an answer, and what is about to be sent, goes first.
            with in_background():
                for hints, read in self._parts(due):
                    report += await self._read(hints, read, now)
        except EHRError as error:
            again_at = self._back_off(error, waiting=len(due))
            await self._hints.again(self.connection, due, at=again_at)
            return report
        self._pause, self._not_before = timedelta(), None
        if report != PushReport(taken=len(due)):
            self._say(report)
        return report

    def _parts(self, due: Sequence[DueHint]) -> Iterator[tuple[list[DueHint], Reads]]:
        """What is to be read in which way; that something changed comes last."""
        reads: dict[str, Reads] = {
            "Appointment": self._reads.appointments,
            "Patient": self._reads.patients,
        }
        named = [one for one in due if one.hint != SOMETHING]
        for resource_type, read in reads.items():
            of_it = [one for one in named if one.hint.resource_type == resource_type]
            if of_it:
                yield of_it, read
        if something := [one for one in due if one.hint == SOMETHING]:
            yield something, self._look_around

    async def _read(
        self, hints: Sequence[DueHint], read: Reads, now: datetime
    ) -> Again:
        again = await read([one.hint.resource_id for one in hints], now)
        refused = [one for one in hints if one.hint.resource_id in again.refused]
        lost = [one for one in refused if one.pushed_at < now - _GIVEN_UP]
        if lost:
            log.warning("gave_up_pushed", connection=self.connection, count=len(lost))
        later = [one for one in refused if one not in lost]
        await self._hints.done(
            self.connection, [one for one in hints if one not in later]
        )
        pause = _BETWEEN_LOOKS if read == self._look_around else _LONGEST_PAUSE
        await self._hints.again(self.connection, later, at=now + pause)
        return again

    async def _look_around(self, ids: Sequence[str], now: datetime) -> Again:
        """Read whatever changed, unless that was done a moment ago."""
        looked = self._looked_at
        if looked is not None and now < looked + _BETWEEN_LOOKS:
            return Again(refused=frozenset(ids))
        self._looked_at = now
        return Again(refused=frozenset() if await self._look() else frozenset(ids))

    def _say(self, report: PushReport) -> None:
        log.info(
            "read_pushed",
            connection=self.connection,
            read=report.read,
            gone=report.gone,
            quarantined=report.quarantined,
            patients=report.patients,
        )

    def _back_off(self, error: EHRError, *, waiting: int) -> datetime:
        wished = error.retry_after if isinstance(error, EHRUnavailable) else None
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        # Counted from now: what failed may have taken minutes to do so.
        again_at = self._clock() + (wished or self._pause)
        self._not_before = again_at
        log.warning(
            "pushed_waits",
            connection=self.connection,
            hints=waiting,
            error=str(error),
            again_at=again_at.isoformat(timespec="seconds"),
        )
        return again_at
