"""The connections to one relay: so many at once, each with one message at a time."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import NamedTuple

from reminder.model.outcomes import Deferred
from reminder.transports.smtp_connection import SMTPConnection
from reminder.transports.smtp_replies import Stopped

# A connection used this recently is taken as it is; an older one is asked
# first, because relays hang up on idle clients without a word.
_TRUSTED_S = 5.0


class _Idle(NamedTuple):
    connection: SMTPConnection
    since: float


class SMTPPool:
    """Hands out connections, the last used first, and closes those not needed."""

    def __init__(
        self, make: Callable[[], SMTPConnection], *, limit: int, idle_timeout_s: float
    ) -> None:
        self._make = make
        self._slots = asyncio.Semaphore(limit)
        self._idle_timeout_s = idle_timeout_s
        self._idle: list[_Idle] = []
        self._sweep: asyncio.TimerHandle | None = None
        self._goodbyes: set[asyncio.Task[None]] = set()
        self._closed = False

    @asynccontextmanager
    async def borrow(self) -> AsyncIterator[SMTPConnection]:
        """An open connection, waited for when all are in use.

        Raises:
            Stopped: none could be opened; nothing was sent.
        """
        async with self._slots:
            connection = await self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)

    async def aclose(self) -> None:
        """Close what is idle now, and what is in use once it is given back."""
        self._closed = True
        self._close_idle(0)
        while self._goodbyes:
            await asyncio.wait(self._goodbyes)

    async def _take(self) -> SMTPConnection:
        if self._closed:
            raise Stopped(Deferred("closed"))
        while self._idle:
            connection, since = self._idle.pop()
            if _now() - since < _TRUSTED_S and connection.is_usable:
                return connection
            if connection.is_usable and await connection.answers():
                return connection
        connection = self._make()
        await connection.open()
        return connection

    def _give_back(self, connection: SMTPConnection) -> None:
        if not connection.is_usable:
            return
        self._idle.append(_Idle(connection, _now()))
        if self._closed:
            self._close_idle(0)
        elif self._sweep is None:
            self._sweep_later()

    def _sweep_later(self) -> None:
        loop = asyncio.get_running_loop()
        self._sweep = loop.call_later(
            self._idle_timeout_s, self._close_idle, self._idle_timeout_s
        )

    def _close_idle(self, longer_than_s: float) -> None:
        if self._sweep is not None:
            self._sweep.cancel()
            self._sweep = None
        oldest = _now() - longer_than_s
        for connection, since in self._idle:
            if since <= oldest:
                self._dismiss(connection)
        self._idle = [idle for idle in self._idle if idle.since > oldest]
        if self._idle:
            self._sweep_later()

    def _dismiss(self, connection: SMTPConnection) -> None:
        goodbye = asyncio.get_running_loop().create_task(connection.say_goodbye())
        self._goodbyes.add(goodbye)
        goodbye.add_done_callback(self._goodbyes.discard)


def _now() -> float:
    return asyncio.get_running_loop().time()
