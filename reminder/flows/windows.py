"""Reads a stretch of the horizon window by window, and says who was not in any."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2s
from typing import Protocol

from reminder.flows.pages import KeepPage, Pages
from reminder.model.capabilities import SearchPlan
from reminder.model.readings import Window, WindowEnd


class Done(Protocol):
    """Told of each window that was read to its end."""

    async def __call__(self, name: str, /, *, complete: bool) -> None:
        """It is kept; whether absence from it means something."""


class ReadsWindows(Protocol):
    """The EHR as this chapter needs it."""

    @property
    def search_plan(self) -> SearchPlan:
        """How its appointments are found."""

    async def windows(
        self, start: datetime, end: datetime, patient_ids: Sequence[str]
    ) -> list[Window]:
        """What [start, end) is read in."""

    async def read(
        self, window: Window, known: Mapping[str, str], keep: KeepPage
    ) -> WindowEnd:
        """All of one window, page by page."""


class KnowsBookings(Protocol):
    """What is kept already."""

    async def fingerprints(
        self,
        connection: str,
        start: datetime,
        end: datetime,
        patient_ids: Collection[str] | None = None,
    ) -> dict[str, str]:
        """What is known of a period, or of some patients in it."""

    async def known_patients(self, connection: str) -> list[str]:
        """Everybody who may still come."""

    async def unseen(
        self,
        connection: str,
        start: datetime,
        end: datetime,
        *,
        since: datetime,
        patient_ids: Collection[str] | None = None,
    ) -> list[str]:
        """Who is expected in a period and was not heard of since."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """[start, end) of the horizon, which is being read since `since`; all UTC."""

    start: datetime
    end: datetime
    since: datetime


class Windows:
    """Reads one EHR's windows; every page is kept before the next is asked for."""

    def __init__(
        self, connection: str, ehr: ReadsWindows, bookings: KnowsBookings, pages: Pages
    ) -> None:
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._pages = pages
        self._by_patient = ehr.search_plan is SearchPlan.BY_PATIENT
        self._known_in: tuple[datetime, datetime] | None = None
        self._known: dict[str, str] = {}

    async def read(
        self, stretch: Stretch, before: Mapping[str, bool], done: Done
    ) -> list[str]:
        """Read what was not read `before`: who was expected and is in no window.

        `done` is told the name of each window that was read, and whether
        absence from it means something. Nobody is expected where it does not.
        """
        windows, tally = await self._windows(stretch), self._pages.tally
        tally.windows, complete = len(windows), dict(before)
        for window in windows:
            name = window_name(window)
            if name in complete:
                tally.add_window(complete=complete[name])
                continue
            known = await self._known_of(window)
            end = await self._ehr.read(window, known, self._pages.keep)
            await self._pages.flush()
            complete[name] = end.complete
            await done(name, complete=end.complete)
            tally.add_window(end.surplus, complete=end.complete)
        return await self._missed(windows, complete, stretch.since)

    async def _windows(self, stretch: Stretch) -> list[Window]:
        patients: list[str] = []
        if self._by_patient:
            patients = await self._bookings.known_patients(self._connection)
        return await self._ehr.windows(stretch.start, stretch.end, patients)

    async def _known_of(self, window: Window) -> dict[str, str]:
        """What is known of its patients; of its period, for all windows in it."""
        period = (window.start, window.end)
        fingerprints = self._bookings.fingerprints
        if self._by_patient:
            return await fingerprints(self._connection, *period, _ids(window))
        if self._known_in != period:
            self._known = await fingerprints(self._connection, *period)
            self._known_in = period
        return self._known

    async def _missed(
        self, windows: Sequence[Window], complete: Mapping[str, bool], since: datetime
    ) -> list[str]:
        periods: dict[tuple[datetime, datetime], list[Window]] = {}
        for one in windows:
            periods.setdefault((one.start, one.end), []).append(one)
        missed: set[str] = set()
        for (start, end), parts in periods.items():
            whole = [one for one in parts if complete[window_name(one)]]
            patients = None
            if self._by_patient:
                patients = [id_ for one in whole for id_ in _ids(one)]
            elif len(whole) < len(parts):
                # An appointment may be in any part of its day.
                continue
            missed.update(
                await self._bookings.unseen(
                    self._connection, start, end, since=since, patient_ids=patients
                )
            )
        return sorted(missed)


def window_name(window: Window) -> str:
    """The same for the same window, whenever it is made."""
    of = blake2s("\n".join(window.of).encode(), digest_size=8).hexdigest()
    return f"{window.start.isoformat()}/{window.end.isoformat()}/{of}"


def _ids(window: Window) -> list[str]:
    return [reference.rpartition("/")[2] for reference in window.of]
