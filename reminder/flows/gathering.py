"""Gathers what comes at the same time, so that many wait for one commit."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")

_AT_MOST = 200


class Gathering(Generic[T, R]):
    """Hands on whatever came while the last batch was being kept, in order.

    Nobody waits for others to come: alone, one is a batch. What one of them
    raises is not the others' fault, except for the errors in `fails_all`.
    """

    def __init__(
        self,
        keep: Callable[[Sequence[T]], Awaitable[Sequence[R]]],
        *,
        at_most: int = _AT_MOST,
        fails_all: tuple[type[Exception], ...] = (),
    ) -> None:
        self._keep = keep
        self._fails_all = fails_all
        self._at_most = at_most
        self._waiting: deque[tuple[T, asyncio.Future[R]]] = deque()
        self._working: asyncio.Task[None] | None = None

    async def add(self, one: T) -> R:
        """What became of it, once that is kept; whatever stopped that is raised."""
        future: asyncio.Future[R] = asyncio.get_running_loop().create_future()
        self._waiting.append((one, future))
        if self._working is None:
            self._working = asyncio.create_task(self._work())
        return await future

    async def _work(self) -> None:
        try:
            while self._waiting:
                most = min(len(self._waiting), self._at_most)
                await self._batch([self._waiting.popleft() for _ in range(most)])
        finally:
            self._working = None

    async def _batch(self, batch: Sequence[tuple[T, asyncio.Future[R]]]) -> None:
        """Keep them, and each by itself where one of them is at fault."""
        try:
            results = await self._keep([one for one, _ in batch])
        except Exception as error:  # noqa: BLE001 - whoever waits is to hear it
            if len(batch) == 1 or isinstance(error, self._fails_all):
                for _, future in batch:
                    _tell(future, error)
                return
            for single in batch:
                await self._batch([single])
            return
        for (_, future), result in zip(batch, results, strict=True):
            if not future.done():
                future.set_result(result)


def _tell(future: asyncio.Future[R], error: Exception) -> None:
    # Whoever waited may be gone.
    if not future.done():
        future.set_exception(error)
