"""How long a patient waits for the EHR: not longer than the limit."""

import asyncio
from collections.abc import Awaitable
from datetime import timedelta
from typing import TypeVar

from reminder.ehr.errors import EHRUnavailable

T = TypeVar("T")


async def within(limit: timedelta, call: Awaitable[T]) -> T:
    """What the EHR answers in time.

    Raises:
        EHRUnavailable: it did not; a write may have reached it.
    """
    try:
        async with asyncio.timeout(limit.total_seconds()):
            return await call
    except TimeoutError:
        raise EHRUnavailable("no answer in time", sent=True) from None
