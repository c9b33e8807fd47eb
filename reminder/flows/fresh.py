"""Reads again, just before sending, what was not seen in the EHR for a while."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRError
from reminder.model.appointments import AppointmentKey
from reminder.model.people import Patient
from reminder.model.readings import Gone, PatientReadings, Reading, Unreadable
from reminder.model.reminders import Person

log = structlog.get_logger()


class Rereadable(Protocol):
    """The EHR as this chapter needs it."""

    async def appointments(
        self, ids: Sequence[str]
    ) -> list[Reading | Unreadable | Gone]:
        """Each by its id."""

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Each by its id, with guardians."""


class Bookings(Protocol):
    """Where readings are kept."""

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep what was read."""

    async def mark_gone(
        self, connection: str, appointment_ids: Collection[str], *, at: datetime
    ) -> int:
        """The EHR has them no more."""

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


class Fresh:
    """Makes sure that what is about to be sent still holds."""

    def __init__(
        self,
        ehrs: Mapping[str, Rereadable],
        bookings: Bookings,
        limit: timedelta,
    ) -> None:
        self._ehrs = ehrs
        self._bookings = bookings
        self._limit = limit

    def stale(
        self, keys: Collection[AppointmentKey], people: Sequence[Person], now: datetime
    ) -> set[AppointmentKey]:
        """Those of `keys` that the EHR did not confirm within the limit."""
        seen = {
            appointment.key
            for person in people
            for appointment in person.appointments
            if appointment.seen_at is not None
            and now - appointment.seen_at <= self._limit
        }
        return set(keys) - seen

    async def read(
        self, keys: Collection[AppointmentKey], now: datetime
    ) -> set[AppointmentKey]:
        """Read these again and keep the answers; returns what stays unknown."""
        by_connection: dict[str, list[AppointmentKey]] = defaultdict(list)
        for key in sorted(keys):
            by_connection[key.connection].append(key)
        unknown: set[AppointmentKey] = set()
        for connection, some in by_connection.items():
            unknown |= await self._read_from(connection, some, now)
        return unknown

    async def _read_from(
        self, connection: str, keys: Sequence[AppointmentKey], now: datetime
    ) -> set[AppointmentKey]:
        ehr = self._ehrs.get(connection)
        if ehr is None:
            return set(keys)
        try:
            answers = await ehr.appointments(
                sorted({key.appointment_id for key in keys})
            )
            ids = sorted({key.patient_id for key in keys})
            patients = await ehr.patients(ids)
        except EHRError as error:
            log.warning(
                "held_messages", connection=connection, n=len(keys), error=str(error)
            )
            return set(keys)
        unreadable = [answer for answer in answers if isinstance(answer, Unreadable)]
        gone = [answer.appointment_id for answer in answers if isinstance(answer, Gone)]
        await self._bookings.keep(
            connection,
            [answer for answer in answers if isinstance(answer, Reading)],
            unreadable=unreadable,
            seen_at=now,
        )
        await self._bookings.mark_gone(connection, gone, at=now)
        await self._bookings.keep_patients(
            connection,
            patients.patients,
            asked=ids,
            unreadable=patients.unreadable,
            seen_at=now,
        )
        lost = {answer.resource_id for answer in unreadable}
        return {key for key in keys if key.appointment_id in lost}
