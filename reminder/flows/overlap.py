"""Keeps one piece of work while the next is being made."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, TypeVar

Asked = TypeVar("Asked")
Made = TypeVar("Made")
Kept = TypeVar("Kept")


async def one_ahead(
    asked: Sequence[Asked],
    make: Callable[[Asked], Coroutine[Any, Any, Made]],
    keep: Callable[[Made], Awaitable[Kept]],
) -> AsyncIterator[tuple[Made, Kept]]:
    """What was made of each and what keeping it gave, in order.

    At most one piece is made ahead. When one cannot be kept or made, nothing
    more is: what was under way has ended before the error is raised.
    """
    if not asked:
        return
    making = asyncio.create_task(make(asked[0]))
    for following in asked[1:]:
        made = await making
        making = asyncio.create_task(make(following))
        yield made, await _kept(keep(made), making)
    made = await making
    yield made, await keep(made)


async def _kept(keeping: Awaitable[Kept], making: asyncio.Task[Any]) -> Kept:
    try:
        kept = await keeping
        await asyncio.wait([making])
    except BaseException:
        making.cancel()
        await asyncio.wait([making])
        raise
    return kept
