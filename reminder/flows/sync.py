"""Reads one EHR: what changed, and from time to time the whole horizon."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRError, EHRUnavailable
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import (
    Changes,
    Gone,
    PatientReadings,
    Reading,
    Slice,
    Unreadable,
)
from reminder.model.sync_state import SyncState
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_DAY = timedelta(days=1)
_PATIENTS_AT_ONCE = 500
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=15)


class Readable(Protocol):
    """The EHR as this chapter needs it."""

    async def changes(self, since: str | None) -> Changes:
        """What changed since the cursor."""

    async def window(
        self, start: datetime, end: datetime, known: Mapping[str, str]
    ) -> Slice:
        """All of one period."""

    async def appointments(
        self, ids: Sequence[str]
    ) -> list[Reading | Unreadable | Gone]:
        """Each by its id."""

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Each by its id, with guardians."""


class Bookings(Protocol):
    """Where readings are kept."""

    async def fingerprints(
        self, connection: str, start: datetime, end: datetime
    ) -> dict[str, str]:
        """What is known of a period."""

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep what was read."""

    async def mark_gone(
        self, connection: str, appointment_ids: Collection[str], *, at: datetime
    ) -> int:
        """The EHR has them no more."""

    async def patients_to_read(
        self, connection: str, *, older_than: datetime, limit: int
    ) -> list[str]:
        """Who was never read, or long ago."""

    async def keep_patients(
        self,
        connection: str,
        patients: Sequence[Patient],
        *,
        asked: Collection[str],
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep what was read; asked and absent is unreadable."""


class States(Protocol):
    """How far the reading has come."""

    async def state(self, connection: str) -> SyncState:
        """How far it has come."""

    async def keep(self, connection: str, state: SyncState) -> None:
        """Keep what was read."""


class Entries(Protocol):
    """Where what needs a human is put."""

    async def add(self, entry: WorklistEntry) -> bool:
        """False when it was open already."""


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one run read; `available` is False when the EHR did not answer."""

    read: int = 0
    unchanged: int = 0
    quarantined: int = 0
    gone: int = 0
    patients: int = 0
    available: bool = True


class Sync:
    """Reads one connection, and keeps what it reads before it goes on."""

    def __init__(
        self,
        connection: str,
        ehr: Readable,
        *,
        bookings: Bookings,
        states: States,
        worklist: Entries,
        clock: Clock,
        horizon: timedelta,
        window_every: timedelta,
        patient_ttl: timedelta,
    ) -> None:
        self.connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._states = states
        self._worklist = worklist
        self._clock = clock
        self._horizon = horizon
        self._window_every = window_every
        self._patient_ttl = patient_ttl
        self._pause = timedelta()
        self._not_before: datetime | None = None

    async def run(self, *, everything: bool = False) -> SyncReport:
        """Read what changed, or the whole horizon when that is due or asked for.

        An EHR that does not answer is left alone for a while: as long as it
        asks for, else a minute, doubling up to a quarter of an hour.
        """
        now = self._clock()
        if self._not_before is not None and now < self._not_before and not everything:
            return SyncReport(available=False)
        try:
            report = await self._read(now, everything=everything)
        except EHRError as error:
            self._back_off(error, now)
            return SyncReport(available=False)
        self._pause, self._not_before = timedelta(), None
        return report

    def _back_off(self, error: EHRError, now: datetime) -> None:
        wished = error.retry_after if isinstance(error, EHRUnavailable) else None
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        wait = wished or self._pause
        self._not_before = now + wait
        log.warning(
            "ehr_unavailable",
            connection=self.connection,
            error=str(error),
            again_in_s=int(wait.total_seconds()),
        )

    async def _read(self, now: datetime, *, everything: bool) -> SyncReport:
        state = await self._states.state(self.connection)
        last = state.last_window_at
        changes = await self._ehr.changes(state.cursor)
        report = await self._keep_changes(changes, now)
        if everything or last is None or now - last >= self._window_every:
            report = _sum(report, await self._window(now))
            state = replace(state, last_window_at=now)
        elif changes.cursor is None:
            # This server cannot say what changed: the next day is read often.
            report = _sum(report, await self._window(now, horizon=_DAY))
        report = replace(report, patients=await self._patients(now))
        state = replace(state, cursor=changes.cursor or state.cursor, last_sync_at=now)
        await self._states.keep(self.connection, state)
        return report

    async def _keep_changes(self, changes: Changes, now: datetime) -> SyncReport:
        await self._bookings.keep(
            self.connection,
            changes.readings,
            unreadable=changes.unreadable,
            seen_at=now,
        )
        return SyncReport(len(changes.readings), 0, len(changes.unreadable))

    async def _window(
        self, now: datetime, horizon: timedelta | None = None
    ) -> SyncReport:
        report, known_count, absent = SyncReport(), 0, list[str]()
        for start, end in _days(now, horizon or self._horizon):
            known = await self._bookings.fingerprints(self.connection, start, end)
            part = await self._ehr.window(start, end, known)
            await self._bookings.keep(
                self.connection,
                part.readings,
                unchanged=part.unchanged,
                unreadable=part.unreadable,
                seen_at=now,
            )
            report = _sum(
                report,
                SyncReport(
                    len(part.readings), len(part.unchanged), len(part.unreadable)
                ),
            )
            known_count += len(known)
            absent += _absent(known, part)
        return replace(report, gone=await self._confirm_absent(absent, known_count))

    async def _confirm_absent(self, absent: Sequence[str], known: int) -> int:
        """Ask for each absent one by its id: absence alone withdraws nothing."""
        if not absent:
            return 0
        now = self._clock()
        if len(absent) > 50 or (len(absent) >= 10 and len(absent) > known / 5):
            # That is a filter or an authorisation that changed, not cancellations.
            log.error("vanished_en_masse", connection=self.connection, n=len(absent))
            await self._worklist.add(
                WorklistEntry(
                    kind=WorklistKind.VANISHED_EN_MASSE,
                    subject=self.connection,
                    at=now,
                    details=(f"{len(absent)} of {known}",),
                )
            )
            return 0
        answers = await self._ehr.appointments(absent)
        await self._bookings.keep(
            self.connection,
            [answer for answer in answers if isinstance(answer, Reading)],
            unreadable=[answer for answer in answers if isinstance(answer, Unreadable)],
            seen_at=now,
        )
        gone = [answer.appointment_id for answer in answers if isinstance(answer, Gone)]
        await self._bookings.mark_gone(self.connection, gone, at=now)
        return len(gone)

    async def _patients(self, now: datetime) -> int:
        older_than, count = now - self._patient_ttl, 0
        while ids := await self._bookings.patients_to_read(
            self.connection, older_than=older_than, limit=_PATIENTS_AT_ONCE
        ):
            answer = await self._ehr.patients(ids)
            await self._bookings.keep_patients(
                self.connection,
                answer.patients,
                asked=ids,
                unreadable=answer.unreadable,
                seen_at=now,
            )
            count += len(ids)
        return count


def _days(now: datetime, horizon: timedelta) -> Iterator[tuple[datetime, datetime]]:
    """Day slices from the beginning of yesterday (UTC) to the horizon's last day."""
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) - _DAY
    while start < now + horizon:
        yield start, start + _DAY
        start += _DAY


def _absent(known: Mapping[str, str], part: Slice) -> list[str]:
    if not part.complete:
        return []
    seen = {reading.appointment_id for reading in part.readings} | part.unchanged
    seen |= {entry.resource_id for entry in part.unreadable if entry.resource_id}
    return [appointment_id for appointment_id in known if appointment_id not in seen]


def _sum(one: SyncReport, other: SyncReport) -> SyncReport:
    return SyncReport(
        one.read + other.read,
        one.unchanged + other.unchanged,
        one.quarantined + other.quarantined,
        one.gone + other.gone,
        one.patients + other.patients,
    )
