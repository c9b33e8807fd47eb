"""Decides when an EHR that does not answer, or asks to be spared, is left alone."""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.model.clock import Clock

_FIRST_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(minutes=5)


class Breaker:
    """Lets requests through, or says at once that the server is unavailable.

    After so many failures in a row it pauses for half a minute. Then one
    request goes to see: answered, all may go; failed, the pause doubles, up to
    five minutes. What the server itself asked for (Retry-After) is kept too,
    however long.
    """

    def __init__(self, *, failures_before_pause: int, clock: Clock) -> None:
        self._most = failures_before_pause
        self._clock = clock
        self._failures = 0
        self._pause = timedelta()
        self._closed_until: datetime | None = None
        self._spared_until: datetime | None = None
        self._trying = False

    @property
    def paused_until(self) -> datetime | None:
        """Until when nothing is asked (UTC); None when the server may be asked."""
        now = self._clock()
        ends = (self._closed_until, self._spared_until)
        return max((end for end in ends if end is not None and now < end), default=None)

    def check(self, about: str) -> None:
        """Nothing, while the server may be asked.

        Raises:
            EHRUnavailable: it is left alone; `retry_after` says how long still.
        """
        until = self.paused_until
        if until is not None:
            raise EHRUnavailable(
                f"{about}: the EHR is left alone for a while",
                retry_after=until - self._clock(),
            )
        if self._trying:
            raise EHRUnavailable(f"{about}: the EHR is being tried again")

    @contextlib.contextmanager
    def watching(self, about: str) -> Iterator[None]:
        """One request, which fails when it raises `EHRUnavailable`.

        Raises:
            EHRUnavailable: as `check`.
        """
        self.check(about)
        trying = self._closed_until is not None
        self._trying = trying
        try:
            yield
        except EHRUnavailable:
            self._failed(tried=trying)
            raise
        except EHRRefused:
            self._answered()
            raise
        else:
            self._answered()
        finally:
            if trying:
                self._trying = False

    def spare(self, wait: timedelta) -> None:
        """The server asked to be left alone for so long."""
        until = self._clock() + wait
        self._spared_until = max(self._spared_until or until, until)

    def _answered(self) -> None:
        self._failures, self._pause = 0, timedelta()
        self._closed_until, self._trying = None, False

    def _failed(self, *, tried: bool) -> None:
        # What was under way when the pause began says nothing new.
        if self._closed_until is not None and not tried:
            return
        self._failures += 1
        if tried or self._failures >= self._most:
            self._pause = min(max(self._pause * 2, _FIRST_PAUSE), _LONGEST_PAUSE)
            self._closed_until = self._clock() + self._pause
