"""Reads again, just before sending, what was not seen in the EHR for a while."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRError, EHRUnavailable
from reminder.flows.by_id import AsksByID, ByID, KeepsBookings
from reminder.model.appointments import AppointmentKey
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import PatientReadings, Unreadable
from reminder.model.reminders import Person

log = structlog.get_logger()

_PAUSE = timedelta(minutes=1)
_UNTIL_REPAIRED = timedelta(minutes=5)
"""How long an appointment nobody can read is left alone; sync may see it earlier."""


class Rereadable(AsksByID, Protocol):
    """The EHR as this chapter needs it."""

    async def patients(self, ids: Sequence[str]) -> PatientReadings:
        """Each by its id, with guardians."""


class Bookings(KeepsBookings, Protocol):
    """Where readings are kept."""

    async def unseen_of(
        self,
        connection: str,
        appointment_ids: Collection[str],
        *,
        since: datetime,
        until: datetime,
    ) -> set[str]:
        """Those that are known, and not by what was told within this time."""

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
    """Makes sure that what is about to be sent still holds.

    An EHR that does not answer is left alone for a minute, or as long as it
    asks for.
    """

    def __init__(
        self,
        ehrs: Mapping[str, Rereadable],
        bookings: Bookings,
        clock: Clock,
        limit: timedelta,
    ) -> None:
        self._ehrs = ehrs
        self._bookings = bookings
        self._clock = clock
        self._limit = limit
        self._not_before: dict[str, datetime] = {}

    def stale(
        self, keys: Collection[AppointmentKey], people: Collection[Person]
    ) -> set[AppointmentKey]:
        """Those of `keys` that the EHR did not confirm within the limit.

        Who comes counts as much as the visit: a patient may have died, or
        asked for no more reminders, since their record was read. What was
        seen later than now was seen by a clock that has been put back.
        """
        now = self._clock()
        since, until = now - self._limit, now + self._limit
        seen = {
            appointment.key
            for person in people
            if person.seen_at is None or since <= person.seen_at <= until
            for appointment in person.appointments
            if appointment.seen_at is not None and since <= appointment.seen_at <= until
        }
        return set(keys) - seen

    async def read(
        self, keys: Collection[AppointmentKey]
    ) -> dict[AppointmentKey, datetime]:
        """Read these again and keep the answers.

        Returns what stays unknown, and when (UTC) to ask about it again.
        """
        by_connection: dict[str, list[AppointmentKey]] = defaultdict(list)
        for key in sorted(keys):
            by_connection[key.connection].append(key)
        unknown: dict[AppointmentKey, datetime] = {}
        for connection, some in by_connection.items():
            unknown |= await self._read_from(connection, some)
        return unknown

    async def _read_from(
        self, connection: str, keys: Sequence[AppointmentKey]
    ) -> dict[AppointmentKey, datetime]:
        ehr, now = self._ehrs.get(connection), self._clock()
        if ehr is None:
            return dict.fromkeys(keys, now + _PAUSE)
        not_before = self._not_before.get(connection, now)
        if now < not_before:
            return dict.fromkeys(keys, not_before)
        try:
            lost = await self._ask(connection, ehr, keys, now)
        except EHRError as error:
            return dict.fromkeys(keys, self._back_off(connection, len(keys), error))
        self._not_before.pop(connection, None)
        again_at = self._clock() + _UNTIL_REPAIRED
        return {key: again_at for key in keys if key.appointment_id in lost}

    async def _ask(
        self,
        connection: str,
        ehr: Rereadable,
        keys: Sequence[AppointmentKey],
        now: datetime,
    ) -> set[str]:
        """Keep what the EHR says; the ids of appointments that stay unknown.

        It shows them to nobody, or tells an older state than is kept: what it
        says next will show which holds.
        """
        by_id = ByID(connection, ehr, self._bookings, self._clock)
        answers = await by_id.read(sorted({key.appointment_id for key in keys}))
        asked = sorted({key.patient_id for key in keys})
        patients = await ehr.patients(asked)
        await by_id.forget(answers)
        await self._bookings.keep_patients(
            connection,
            patients.patients,
            asked=asked,
            unreadable=patients.unreadable,
            seen_at=now,
        )
        unreadable = {one.resource_id for one in answers.unreadable if one.resource_id}
        unseen = await self._bookings.unseen_of(
            connection,
            {key.appointment_id for key in keys},
            since=now,
            until=self._clock() + self._limit,
        )
        return unreadable | {*answers.refused} | unseen

    def _back_off(self, connection: str, count: int, error: EHRError) -> datetime:
        """When this EHR may be asked again: counted from now, when it has failed."""
        wished = error.retry_after if isinstance(error, EHRUnavailable) else None
        again_at = self._clock() + max(wished or _PAUSE, _PAUSE)
        self._not_before[connection] = again_at
        log.warning(
            "held_messages", connection=connection, appointments=count, error=str(error)
        )
        return again_at
