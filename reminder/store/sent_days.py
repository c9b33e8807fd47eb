"""Counts the segments each way out sent on a day, for all nodes together."""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import ColumnElement, Select, Update, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.store.database import Database
from reminder.store.statements import insert, table
from reminder.store.tables import SentDayRow

_SENT_DAY = table(SentDayRow)


class SentDays:
    """Counts before anything is sent: a crash leaves it too high, never too low."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def used(self, transport: str, day: date) -> int:
        """How many segments of the day (UTC) are gone."""
        async with self._database.read() as session:
            return await session.scalar(_count(transport, day)) or 0

    async def take(
        self, transport: str, day: date, sizes: Sequence[int], *, at_most: int
    ) -> int:
        """How many of the messages, from the first on, the day has room for.

        Their segments are counted with it, whatever becomes of them; however
        many nodes ask, it never comes to more than `at_most`.
        """
        async with self._database.write() as session:
            used = await _locked(session, transport, day)
            fits, total = _fitting(sizes, at_most - used)
            if total:
                await session.execute(_add(transport, day, total))
            return fits

    async def give_back(self, transport: str, day: date, segments: int) -> None:
        """Count these no longer: they certainly did not go."""
        async with self._database.write() as session:
            await session.execute(_add(transport, day, -segments))


def _fitting(sizes: Sequence[int], room: int) -> tuple[int, int]:
    total = 0
    for fits, size in enumerate(sizes):
        if total + size > room:
            return fits, total
        total += size
    return len(sizes), total


async def _locked(session: AsyncSession, transport: str, day: date) -> int:
    """The count, which nobody else changes before this transaction ends."""
    first = insert(session, SentDayRow).on_conflict_do_nothing()
    await session.execute(first, {"transport": transport, "day": day, "segments": 0})
    return await session.scalar(_count(transport, day).with_for_update()) or 0


def _count(transport: str, day: date) -> Select[tuple[int]]:
    return select(_SENT_DAY.c.segments).where(_on(transport, day))


def _add(transport: str, day: date, segments: int) -> Update:
    changed = _SENT_DAY.c.segments + segments
    return update(_SENT_DAY).where(_on(transport, day)).values(segments=changed)


def _on(transport: str, day: date) -> ColumnElement[bool]:
    return (_SENT_DAY.c.transport == transport) & (_SENT_DAY.c.day == day)
