"""A job for a schedule to call, and to be watched."""

import asyncio
from dataclasses import dataclass, field

PATIENT = 10
"""Seconds until a test gives up waiting for what should come at once."""


@dataclass
class Job:
    """Counts how often it was called; fails when told to, and waits when told to."""

    error: BaseException | None = None
    calls: int = 0
    began: asyncio.Event = field(default_factory=asyncio.Event)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    ended: int = 0

    def __post_init__(self) -> None:
        self.may_end.set()

    async def __call__(self) -> None:
        self.calls += 1
        self.began.set()
        await self.may_end.wait()
        if self.error is not None:
            raise self.error
        self.ended += 1

    async def called(self, times: int) -> None:
        async with asyncio.timeout(PATIENT):
            while self.calls < times:
                self.began.clear()
                await self.began.wait()
