"""Keeps requests within what an EHR allows, and lets a waiting patient go first."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextvars import ContextVar

# So many of those in a hurry go before one that has time, however many wait.
_URGENT_IN_A_ROW = 4

_has_time: ContextVar[bool] = ContextVar("has_time", default=False)


@contextlib.contextmanager
def in_background() -> Iterator[None]:
    """What is asked within this has time: it lets others pass."""
    before = _has_time.set(True)
    try:
        yield
    finally:
        _has_time.reset(before)


def has_time() -> bool:
    """Whether nobody waits for what is asked here and now."""
    return _has_time.get()


class Pace:
    """A turn for each request: the urgent first, within them in the order they came.

    `burst` may go at once, then `per_s` a second, and `concurrent` at a time,
    of which those that have time leave one to the urgent. Those with time get
    at least every fifth turn. Time is the event loop's: it says how long to
    wait, never what o'clock it is.
    """

    def __init__(self, *, per_s: float, burst: int, concurrent: int) -> None:
        self._interval_s = 1 / per_s
        self._tolerance_s = (burst - 1) * self._interval_s
        self._concurrent = concurrent
        self._concurrent_with_time = max(1, concurrent - 1)
        self._free_at = 0.0
        self._not_before = 0.0
        self._under_way = 0
        self._with_time_under_way = 0
        self._urgent: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._urgent_in_a_row = 0
        self._alarm: asyncio.TimerHandle | None = None

    @contextlib.asynccontextmanager
    async def turn(self, *, urgent: bool = True) -> AsyncIterator[None]:
        """Wait for a turn, and hold it until the request is over."""
        queue = self._urgent if urgent else self._others
        await self._granted(queue)
        try:
            yield
        finally:
            self._give_back(queue)

    def hold(self, wait_s: float) -> None:
        """Grant no turn before so many seconds are over."""
        until = asyncio.get_running_loop().time() + wait_s
        self._not_before = max(self._not_before, until)

    async def _granted(self, queue: "deque[asyncio.Future[None]]") -> None:
        turn = asyncio.get_running_loop().create_future()
        queue.append(turn)
        self._hand_out()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._give_back(queue)
            raise

    def _give_back(self, queue: "deque[asyncio.Future[None]]") -> None:
        self._under_way -= 1
        self._with_time_under_way -= queue is self._others
        self._hand_out()

    def _hand_out(self) -> None:
        loop = asyncio.get_running_loop()
        while (queue := self._next_queue()) is not None:
            wait_s = self._wait_s(loop.time())
            if wait_s > 0:
                self._wake_in(wait_s, loop)
                return
            self._free_at = max(self._free_at, loop.time()) + self._interval_s
            self._under_way += 1
            self._with_time_under_way += queue is self._others
            is_urgent = queue is self._urgent
            passes = is_urgent and bool(self._others)
            self._urgent_in_a_row = self._urgent_in_a_row + 1 if passes else 0
            queue.popleft().set_result(None)

    def _next_queue(self) -> "deque[asyncio.Future[None]] | None":
        for queue in (self._urgent, self._others):
            while queue and queue[0].done():  # Given up while it waited.
                queue.popleft()
        if self._under_way >= self._concurrent:
            return None
        busy_with_time = self._with_time_under_way >= self._concurrent_with_time
        others_may = bool(self._others) and not busy_with_time
        if others_may and self._urgent_in_a_row >= _URGENT_IN_A_ROW:
            return self._others
        if self._urgent:
            return self._urgent
        return self._others if others_may else None

    def _wait_s(self, now: float) -> float:
        # The generic cell rate algorithm: each request books the next interval,
        # and may be early by as much as the burst allows.
        early_s = max(self._free_at, now) - now - self._tolerance_s
        return max(early_s, self._not_before - now)

    def _wake_in(self, wait_s: float, loop: asyncio.AbstractEventLoop) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = loop.call_later(wait_s, self._hand_out)
