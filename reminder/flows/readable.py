"""Reads people, and leaves out whose record is damaged: it must stop nobody else."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.model.people import PatientKey
from reminder.model.reminders import Person
from reminder.store.errors import CellUnreadable

log = structlog.get_logger()

CAPS_LOOK_BACK = timedelta(days=9)
"""How far back messages count against the caps: a week, wherever its days begin."""


class People(Protocol):
    """Everyone's world."""

    async def people(
        self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
    ) -> list[Person]:
        """Their world; what they were told since then only if it is asked for."""


async def readable(
    people: People, keys: Sequence[PatientKey], *, told_since: datetime | None = None
) -> list[Person]:
    """The world of those whose record can be read; a damaged one's cell is logged.

    The one among many is found by halves, not by asking for each.
    """
    try:
        return await people.people(keys, told_since=told_since)
    except CellUnreadable as error:
        if len(keys) == 1:
            [key] = keys
            # Whose it is stays in the database, which the cell leads to.
            log.error("damaged_record", connection=key.connection, cell=str(error))
            return []
    middle = len(keys) // 2
    first = await readable(people, keys[:middle], told_since=told_since)
    return first + await readable(people, keys[middle:], told_since=told_since)
