"""Reads one EHR: what changed, and from time to time the whole horizon."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.flows.absent import Absent, AsksByID, KeepsBookings, RollCall
from reminder.flows.entries import Entries
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import (
    Changes,
    PatientReadings,
    Reading,
    Slice,
    Unreadable,
)
from reminder.model.sync_state import SyncState

log = structlog.get_logger()

_DAY = timedelta(days=1)
_PATIENTS_AT_ONCE = 500
_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=15)


class Readable(AsksByID, Protocol):
    """The EHR as this chapter needs it."""

    async def changes(self, since: str | None) -> Changes:
        """What changed since the cursor."""

    async def window(
        self, start: datetime, end: datetime, known: Mapping[str, str]
    ) -> Slice:
        """All of one period."""

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Each by its id, with guardians."""


class Bookings(KeepsBookings, Protocol):
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
        covered_until: datetime | None = None,
    ) -> int:
        """Keep what was read; the unknown that starts before `covered_until` is new."""

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


@dataclass(frozen=True, slots=True)
class SyncReport:
    """What one run read; `available` is False when the EHR could not be read.

    `problem` says why, in codes.
    """

    read: int = 0
    unchanged: int = 0
    quarantined: int = 0
    gone: int = 0
    patients: int = 0
    available: bool = True
    problem: str = ""

    def __add__(self, other: "SyncReport") -> "SyncReport":
        return SyncReport(
            self.read + other.read,
            self.unchanged + other.unchanged,
            self.quarantined + other.quarantined,
            self.gone + other.gone,
            self.patients + other.patients,
            self.available and other.available,
        )


@dataclass(frozen=True, slots=True)
class _Look:
    """One run's `now`, and until when the run before had read everything."""

    now: datetime
    covered_until: datetime | None


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
        self._absent = Absent(connection, ehr, bookings, worklist, clock)
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
            return SyncReport(available=False, problem=str(error))
        if self._not_before is not None:
            log.info("ehr_answers_again", connection=self.connection)
        self._pause, self._not_before = timedelta(), None
        return report

    def _back_off(self, error: EHRError, now: datetime) -> None:
        wished = error.retry_after if isinstance(error, EHRUnavailable) else None
        self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
        wait = wished or self._pause
        self._not_before = now + wait
        log.warning(
            "ehr_refused" if isinstance(error, EHRRefused) else "ehr_unavailable",
            connection=self.connection,
            error=str(error),
            again_in_s=int(wait.total_seconds()),
        )

    async def _read(self, now: datetime, *, everything: bool) -> SyncReport:
        state = await self._states.state(self.connection)
        last = state.last_window_at
        look = _Look(now, None if last is None else last + self._horizon)
        changes = await self._ehr.changes(state.cursor)
        report = await self._keep_changes(changes, look)
        if everything or last is None or now - last >= self._window_every:
            report += await self._window(look, self._horizon)
            state = replace(state, last_window_at=now)
        elif changes.cursor is None:
            # This server cannot say what changed: the next day is read often.
            report += await self._window(look, _DAY)
        report += SyncReport(patients=await self._patients(now))
        state = replace(state, cursor=changes.cursor or state.cursor, last_sync_at=now)
        await self._states.keep(self.connection, state)
        return report

    async def _keep_changes(self, changes: Changes, look: _Look) -> SyncReport:
        await self._bookings.keep(
            self.connection,
            changes.readings,
            unreadable=changes.unreadable,
            seen_at=look.now,
            covered_until=look.covered_until,
        )
        return SyncReport(
            read=len(changes.readings), quarantined=len(changes.unreadable)
        )

    async def _window(self, look: _Look, horizon: timedelta) -> SyncReport:
        report, roll_call = SyncReport(), RollCall()
        for start, end in _days(look.now, horizon):
            known = await self._bookings.fingerprints(self.connection, start, end)
            part = await self._ehr.window(start, end, known)
            await self._keep_slice(part, look)
            roll_call.add(known, part)
            report += SyncReport(
                len(part.readings), len(part.unchanged), len(part.unreadable)
            )
        return report + SyncReport(gone=await self._absent.look_for(roll_call))

    async def _keep_slice(self, part: Slice, look: _Look) -> None:
        await self._bookings.keep(
            self.connection,
            part.readings,
            unchanged=part.unchanged,
            unreadable=part.unreadable,
            seen_at=look.now,
            covered_until=look.covered_until,
        )

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
