"""The sandbox's own clock: it begins when told and can be moved on."""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from reminder.sandbox.diary import business_days

_BEGINS = time(10)


class SandboxClock:
    """Says an instant in UTC that begins at `start` and runs at real speed.

    Args:
        start: the aware instant it begins at.
        monotonic: seconds of a source that only goes forward, such as
            `time.monotonic`.
    """

    def __init__(self, start: datetime, monotonic: Callable[[], float]) -> None:
        self._base = start.astimezone(UTC)
        self._monotonic = monotonic
        self._since = monotonic()

    def __call__(self) -> datetime:
        """The present instant of the sandbox, aware, in UTC."""
        return self._base + timedelta(seconds=self._monotonic() - self._since)

    def advance_to(self, instant: datetime) -> None:
        """Move on to that instant; one that has passed changes nothing."""
        since = self._monotonic()
        present = self._base + timedelta(seconds=since - self._since)
        self._base = max(present, instant.astimezone(UTC))
        self._since = since


def first_instant(today: date, zone: ZoneInfo) -> datetime:
    """Ten o'clock in that zone on the first business day after `today`, in UTC."""
    day = business_days(today + timedelta(days=1), days=7)[0]
    return datetime.combine(day, _BEGINS, tzinfo=zone).astimezone(UTC)
