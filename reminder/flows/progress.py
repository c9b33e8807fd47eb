"""Counts what a reading of one EHR brings, and tells how far it has come."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from reminder.model.clock import Clock

log = structlog.get_logger()

_EVERY = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class SyncProgress:
    """How far the reading of one EHR has come.

    Of a reading that goes on after a restart, the windows read before count as
    done; `appointments` and `patients` are those read since.
    """

    connection: str
    windows_done: int
    windows: int
    appointments: int
    patients: int


Tell = Callable[[SyncProgress], None]


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


@dataclass(slots=True)
class Tally:
    """What one run brought so far; `tell` hears of it whenever it grows.

    `surplus` is what windows brought from outside their period, `incomplete`
    how many of them something was missing from.
    """

    connection: str
    tell: Tell
    windows: int = 0
    windows_done: int = 0
    read: int = 0
    unchanged: int = 0
    quarantined: int = 0
    gone: int = 0
    patients: int = 0
    surplus: int = 0
    incomplete: int = 0

    def add(self, read: int = 0, unchanged: int = 0, quarantined: int = 0) -> None:
        """So many appointments were kept."""
        self.read += read
        self.unchanged += unchanged
        self.quarantined += quarantined
        self._tell()

    def add_window(self, surplus: int = 0, *, complete: bool = True) -> None:
        """Another window was read to its end; whether all in it was told of."""
        self.windows_done += 1
        self.surplus += surplus
        self.incomplete += not complete
        self._tell()

    def add_patients(self, patients: int) -> None:
        """So many patients were kept."""
        self.patients += patients
        self._tell()

    @property
    def appointments(self) -> int:
        """How many were met, in whatever state."""
        return self.read + self.unchanged + self.quarantined

    def report(self) -> SyncReport:
        """What came of it."""
        return SyncReport(
            read=self.read,
            unchanged=self.unchanged,
            quarantined=self.quarantined,
            gone=self.gone,
            patients=self.patients,
        )

    def _tell(self) -> None:
        self.tell(
            SyncProgress(
                self.connection,
                self.windows_done,
                self.windows,
                self.appointments,
                self.patients,
            )
        )


@dataclass(slots=True)
class LoggedProgress:
    """Writes into the log how far a reading is, half a minute after half a minute."""

    clock: Clock
    _said_at: datetime = field(init=False)

    def __post_init__(self) -> None:
        self._said_at = self.clock()

    def __call__(self, progress: SyncProgress) -> None:
        """Say it if it is time."""
        now = self.clock()
        if now - self._said_at < _EVERY:
            return
        self._said_at = now
        log.info(
            "sync_progress",
            connection=progress.connection,
            windows_done=progress.windows_done,
            windows=progress.windows,
            appointments=progress.appointments,
            patients=progress.patients,
        )
