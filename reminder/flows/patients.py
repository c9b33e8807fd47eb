"""Reads the records of who comes: those never read, and those read long ago."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from reminder.flows.progress import Tally
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import PatientReadings, Unreadable

_AT_ONCE = 500


class AsksForPatients(Protocol):
    """The EHR as this chapter needs it."""

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Each by its id, with guardians."""


class KeepsPatients(Protocol):
    """Where who was read is kept."""

    async def patients_to_read(
        self, connection: str, *, older_than: datetime, limit: int
    ) -> list[str]:
        """Who was never read, or long ago."""

    async def keep_patients(
        self,
        connection: str,
        patients: Sequence[Patient],
        *,
        asked: Collection[str],
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep what was read; asked and absent is unreadable."""


class Patients:
    """The people of one EHR; each part is kept before the next is asked for."""

    def __init__(
        self,
        connection: str,
        ehr: AsksForPatients,
        bookings: KeepsPatients,
        clock: Clock,
        ttl: timedelta,
    ) -> None:
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._clock = clock
        self._ttl = ttl

    async def read(self, tally: Tally) -> None:
        """Read everybody whose record is older than it may be."""
        older_than = self._clock() - self._ttl
        while ids := await self._bookings.patients_to_read(
            self._connection, older_than=older_than, limit=_AT_ONCE
        ):
            asked_at = self._clock()
            answer = await self._ehr.patients(ids)
            await self._bookings.keep_patients(
                self._connection,
                answer.patients,
                asked=ids,
                unreadable=answer.unreadable,
                seen_at=asked_at,
            )
            tally.add_patients(len(ids))
