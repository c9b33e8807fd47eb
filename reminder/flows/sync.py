"""Reads one EHR: what changed, and from time to time the whole horizon."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.ehr.wire.pacing import in_background
from reminder.flows import horizon as far
from reminder.flows.entries import ClosableEntries
from reminder.flows.horizon import Horizon
from reminder.flows.pages import KeepPage, Pages
from reminder.flows.patients import AsksForPatients, KeepsPatients, Patients
from reminder.flows.progress import LoggedProgress, SyncReport, Tally, Tell
from reminder.flows.silence import LastSeen, Silence
from reminder.flows.unread import Unread
from reminder.model.capabilities import SearchPlan
from reminder.model.clock import Clock
from reminder.model.sync_state import SyncState

log = structlog.get_logger()

_FIRST_PAUSE = timedelta(minutes=1)
_LONGEST_PAUSE = timedelta(minutes=15)
_WHOLE_READINGS_MISSED = 3


class Readable(far.ReadsHorizon, AsksForPatients, Protocol):
    """The EHR as this chapter needs it."""

    async def read_changes(self, since: str | None, keep: KeepPage) -> str | None:
        """What changed since the cursor; the next one, None where nobody can tell."""


class Bookings(far.Bookings, KeepsPatients, LastSeen, Protocol):
    """Where readings are kept."""


class States(far.Runs, Protocol):
    """How far the reading has come."""

    async def state(self, connection: str) -> SyncState:
        """How far it has come."""

    async def keep(self, connection: str, state: SyncState) -> None:
        """Remember how far it has come."""

    async def end(self, connection: str, run_id: UUID) -> None:
        """A reading of the whole horizon is over."""


class Sync:
    """Reads one connection, and keeps what it reads before it goes on."""

    def __init__(
        self,
        connection: str,
        ehr: Readable,
        *,
        bookings: Bookings,
        states: States,
        worklist: ClosableEntries,
        clock: Clock,
        horizon: timedelta,
        window_every: timedelta,
        patient_ttl: timedelta,
        silence_limit: timedelta,
    ) -> None:
        self.connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._states = states
        self._clock = clock
        self._ahead = horizon
        self._window_every = window_every
        self._horizon = Horizon(
            connection,
            ehr,
            bookings=bookings,
            runs=states,
            worklist=worklist,
            clock=clock,
            length=horizon,
        )
        self._patients = Patients(connection, ehr, bookings, clock, patient_ttl)
        self._silence = Silence(connection, bookings, worklist, silence_limit)
        missed = max(silence_limit, _WHOLE_READINGS_MISSED * window_every)
        self._unread = Unread(connection, worklist, missed)
        self._pause = timedelta()
        self._not_before: datetime | None = None
        self._turn = asyncio.Lock()

    async def run(
        self, *, everything: bool = False, tell: Tell | None = None
    ) -> SyncReport:
        """Read what changed, or the whole horizon when that is due or asked for.

        A reading of the whole horizon that broke off goes on where it was. An
        EHR that does not answer is left alone for a while: as long as it asks
        for, else a minute, doubling up to a quarter of an hour. `tell` hears
        how far it is; without one the log does.
        """
        async with self._turn:
            now = self._clock()
            if self._is_left_alone(now) and not everything:
                await self._silent(now)
                return SyncReport(available=False)
            tally = Tally(self.connection, tell or LoggedProgress(self._clock))
            try:
                with in_background():
                    await self._read(now, tally, everything=everything)
            except EHRError as error:
                self._back_off(error, now)
                await self._silent(now)
                return replace(tally.report(), available=False, problem=str(error))
            await self._answered()
            return tally.report()

    async def look(self) -> bool:
        """Read what changed; False where that has to wait.

        That is so while the EHR is read anyway, or is to be read as a whole,
        which may take hours, or does not answer.
        """
        state = await self._states.state(self.connection)
        if self._turn.locked() or self._is_due(state, self._clock()):
            return False
        return (await self.run()).available

    def _is_due(self, state: SyncState, now: datetime) -> bool:
        last = state.last_window_at
        return last is None or now - last >= self._window_every

    def _is_left_alone(self, now: datetime) -> bool:
        return self._not_before is not None and now < self._not_before

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

    async def _silent(self, now: datetime) -> None:
        state = await self._states.state(self.connection)
        if not await self._silence.goes_on(now, state.last_sync_at):
            await self._unread.goes_on(now, state.last_window_at)

    async def _answered(self) -> None:
        if self._not_before is not None:
            log.info("ehr_answers_again", connection=self.connection)
        self._pause, self._not_before = timedelta(), None
        await self._silence.ends(self._clock())

    async def _read(self, now: datetime, tally: Tally, *, everything: bool) -> None:
        state = await self._states.state(self.connection)
        last, is_due = state.last_window_at, everything or self._is_due(state, now)
        covered_until = None if last is None else last + self._ahead
        pages = Pages(self.connection, self._bookings, covered_until, tally)
        state, tells = await self._changes(state, pages)
        if is_due:
            state = await self._everything(state, pages)
        elif not tells:
            await self._horizon.next_day(pages)
        await self._patients.read(tally)
        await self._keep(replace(state, last_sync_at=now))

    async def _changes(self, state: SyncState, pages: Pages) -> tuple[SyncState, bool]:
        """Read what changed; whether this EHR tells.

        The next cursor is kept before anything else is read: what a reading
        of the horizon that breaks off has kept may change before it goes on.
        """
        if self._ehr.search_plan is SearchPlan.BY_ID:
            return state, False
        cursor = await self._ehr.read_changes(state.cursor, pages.keep)
        await pages.flush()
        if cursor is None:
            return state, False
        return await self._keep(replace(state, cursor=cursor)), True

    async def _everything(self, state: SyncState, pages: Pages) -> SyncState:
        run = await self._horizon.whole(pages)
        state = await self._keep(replace(state, last_window_at=run.started_at))
        await self._states.end(self.connection, run.run_id)
        await self._unread.ends(self._clock())
        return state

    async def _keep(self, state: SyncState) -> SyncState:
        await self._states.keep(self.connection, state)
        return state
