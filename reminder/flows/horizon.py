"""Reads the whole horizon of one EHR, or only the next day; what is gone goes."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol
from uuid import UUID, uuid4

import structlog

from reminder.flows.absent import Absent
from reminder.flows.by_id import AsksByID, ByID, KeepsBookings
from reminder.flows.entries import ClosableEntries
from reminder.flows.ignoring import Ignoring
from reminder.flows.incomplete import Incomplete
from reminder.flows.known_by_id import KnownByID, KnowsIDs
from reminder.flows.pages import Pages
from reminder.flows.windows import Done, KnowsBookings, ReadsWindows, Stretch, Windows
from reminder.model.capabilities import SearchPlan
from reminder.model.clock import Clock
from reminder.model.sync_state import SyncRun

log = structlog.get_logger()

_DAY = timedelta(days=1)
_GOES_ON_FOR = timedelta(days=1)
"""What was read longer ago than this is read again rather than gone on with."""


class ReadsHorizon(AsksByID, ReadsWindows, Protocol):
    """The EHR as this chapter needs it."""

    @property
    def plan_name(self) -> str:
        """Another one for every way to cut a period into windows."""


class Bookings(KeepsBookings, KnowsBookings, KnowsIDs, Protocol):
    """Where readings are kept."""


class Runs(Protocol):
    """How far a reading of the whole horizon has come."""

    async def run(self, connection: str) -> SyncRun | None:
        """The one that was begun and not ended."""

    async def begin(self, connection: str, run: SyncRun) -> None:
        """Another one begins."""

    async def window_done(self, run_id: UUID, name: str, *, complete: bool) -> None:
        """A window of it was read."""


class Horizon:
    """From the beginning of yesterday (UTC) to the end of the last day."""

    def __init__(
        self,
        connection: str,
        ehr: ReadsHorizon,
        *,
        bookings: Bookings,
        runs: Runs,
        worklist: ClosableEntries,
        clock: Clock,
        length: timedelta,
    ) -> None:
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._runs = runs
        self._clock = clock
        self._length = length
        self._by_id = ByID(connection, ehr, bookings, clock)
        self._absent = Absent(connection, self._by_id, worklist, clock)
        self._ignoring = Ignoring(connection, worklist, clock)
        self._incomplete = Incomplete(connection, worklist, clock)

    async def whole(self, pages: Pages) -> SyncRun:
        """Read all of it, or what is left to read after a restart: the run, over.

        It is not ended: whoever remembers that all was read does so afterwards.
        """
        run, tally, met = await self._in_hand(), pages.tally, pages.tally.appointments
        stretch = Stretch(run.start, run.end, run.started_at)
        gone = await self._read(
            stretch, run.done, pages, partial(self._done, run.run_id)
        )
        if gone is not None:
            await self._absent.all_are_there()
        await self._ignoring.look_at(tally.appointments - met, tally.surplus)
        await self._incomplete.look_at(tally.incomplete, tally.windows)
        return run

    async def next_day(self, pages: Pages) -> None:
        """Read until this time tomorrow, at least: nothing else tells of changes."""
        if self._ehr.search_plan is not SearchPlan.BY_ID:
            now = self._clock()
            await self._read(self._stretch(now, _DAY), {}, pages, _forget)

    async def _read(
        self, stretch: Stretch, before: Mapping[str, bool], pages: Pages, done: Done
    ) -> int | None:
        """How many are gone; None if so many are absent that nobody was asked for."""
        ehr, by_id = self._ehr, self._by_id
        if ehr.search_plan is SearchPlan.BY_ID:
            known = KnownByID(self._connection, by_id, self._bookings, pages)
            absent = await known.read(stretch, before, done)
        else:
            windows = Windows(self._connection, ehr, self._bookings, pages)
            absent = await windows.read(stretch, before, done)
        count = 0
        if absent:
            count = await self._bookings.count_known(
                self._connection, stretch.start, stretch.end
            )
        gone = await self._absent.look_for(absent, count)
        pages.tally.gone += gone or 0
        return gone

    async def _in_hand(self) -> SyncRun:
        """The run that a restart broke off, if it can go on; else a new one."""
        now, run = self._clock(), await self._runs.run(self._connection)
        plan = f"{self._ehr.plan_name} {self._length.days}d"
        if run and run.plan == plan and now - run.started_at < _GOES_ON_FOR:
            done = len(run.done)
            log.info("sync_goes_on", connection=self._connection, windows_done=done)
            return run
        stretch = self._stretch(now, self._length)
        run = SyncRun(uuid4(), plan, now, stretch.start, stretch.end, {})
        await self._runs.begin(self._connection, run)
        return run

    async def _done(self, run_id: UUID, name: str, /, *, complete: bool) -> None:
        await self._runs.window_done(run_id, name, complete=complete)

    def _stretch(self, now: datetime, length: timedelta) -> Stretch:
        today = now.replace(hour=0, minute=0, second=0, microsecond=0)
        ahead = now + length - today
        return Stretch(today - _DAY, today + -(-ahead // _DAY) * _DAY, now)


async def _forget(_name: str, /, *, complete: bool) -> None:
    """A reading that is over in a minute begins anew after a restart."""
    del complete
