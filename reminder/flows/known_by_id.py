"""Reads by their ids what is known already, where nothing can be searched for."""

from collections.abc import Mapping
from datetime import datetime
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRRefused
from reminder.flows.by_id import Answers, ByID
from reminder.flows.pages import Pages
from reminder.flows.windows import Done, Stretch

log = structlog.get_logger()

_AT_ONCE = 200


class KnowsIDs(Protocol):
    """What is kept already."""

    async def known_ids(
        self, connection: str, start: datetime, end: datetime, after: str, limit: int
    ) -> list[str]:
        """The appointments of a period, a page at a time."""

    async def unreadable_ids(self, connection: str) -> list[str]:
        """Appointments that were met, could not be read, and are not known."""

    async def count_known(self, connection: str, start: datetime, end: datetime) -> int:
        """How many appointments of a period are known."""

    async def unseen(
        self, connection: str, start: datetime, end: datetime, *, since: datetime
    ) -> list[str]:
        """Who is expected in a period and was not heard of since."""


class KnownByID:
    """Reads one EHR's known appointments; what is new has to be pushed."""

    def __init__(
        self, connection: str, by_id: ByID, bookings: KnowsIDs, pages: Pages
    ) -> None:
        self._connection = connection
        self._by_id = by_id
        self._bookings = bookings
        self._tally = pages.tally
        self._covered_until = pages.covered_until

    async def read(
        self, stretch: Stretch, before: Mapping[str, bool], done: Done
    ) -> list[str]:
        """Read what was not read `before`: who the EHR said nothing of.

        A part is named by its number and its last id, after which the next begins.
        """
        connection, period = self._connection, (stretch.start, stretch.end)
        count = await self._bookings.count_known(connection, *period)
        self._tally.windows = -(-count // _AT_ONCE)
        self._tally.windows_done = number = len(before)
        last = max(before, default="").partition(" ")[2]
        while ids := await self._bookings.known_ids(
            connection, *period, last, _AT_ONCE
        ):
            await self._read(ids)
            number, last = number + 1, ids[-1]
            await done(f"{number:06} {last}", complete=True)
            self._tally.add_window()
        await self._unreadable()
        return await self._bookings.unseen(connection, *period, since=stretch.since)

    async def _unreadable(self) -> None:
        """Nothing else would ever read again what nobody could read."""
        if ids := await self._bookings.unreadable_ids(self._connection):
            answers = await self._read(ids)
            if answers is not None:
                await self._by_id.forget(answers)

    async def _read(self, ids: list[str]) -> Answers | None:
        try:
            answers = await self._by_id.read(ids, self._covered_until)
        except EHRRefused as error:
            if not self._tally.appointments:
                raise
            # It showed us others: these few may be closed to us.
            log.warning(
                "appointments_refused", connection=self._connection, error=str(error)
            )
            return None
        self._tally.add(
            len(answers.readings), len(answers.unchanged), len(answers.unreadable)
        )
        return answers
