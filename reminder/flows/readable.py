"""Reads people, and leaves out whose record is damaged: it must stop nobody else."""

from collections.abc import Sequence
from typing import Protocol

import structlog

from reminder.model.people import PatientKey
from reminder.model.reminders import Person
from reminder.store.errors import CellUnreadable

log = structlog.get_logger()


class People(Protocol):
    """Everyone's world."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, everything the planner needs."""


async def readable(people: People, keys: Sequence[PatientKey]) -> list[Person]:
    """The world of those whose record can be read; a damaged one is logged.

    The one among many is found by halves, not by asking for each.
    """
    try:
        return await people.people(keys)
    except CellUnreadable as error:
        if len(keys) == 1:
            [key] = keys
            log.error("damaged_record", **key._asdict(), cell=str(error))
            return []
    middle = len(keys) // 2
    first = await readable(people, keys[:middle])
    return first + await readable(people, keys[middle:])
