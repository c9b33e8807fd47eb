"""Reads certain appointments and patients again, by their ids, and keeps them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from reminder.ehr.errors import EHRRefused
from reminder.flows.by_id import ByID, KeepsBookings
from reminder.flows.fresh import Rereadable
from reminder.model.clock import Clock
from reminder.model.people import Patient
from reminder.model.readings import Unreadable
from reminder.model.sync_state import SyncState

log = structlog.get_logger()

_PATIENTS_AT_ONCE = 500


class Bookings(KeepsBookings, Protocol):
    """Where readings are kept."""

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


class States(Protocol):
    """How far the reading of everything has come."""

    async def state(self, connection: str) -> SyncState:
        """How far it has come."""


@dataclass(frozen=True, slots=True)
class Again:
    """What reading again brought; `refused` are ids the EHR will not show us."""

    read: int = 0
    gone: int = 0
    quarantined: int = 0
    patients: int = 0
    refused: frozenset[str] = frozenset()


class ReadAgain:
    """Reads one connection's resources past every cache. Lets `EHRError` through."""

    def __init__(
        self,
        connection: str,
        ehr: Rereadable,
        *,
        bookings: Bookings,
        states: States,
        clock: Clock,
        horizon: timedelta,
        patient_ttl: timedelta,
    ) -> None:
        self._by_id = ByID(connection, ehr, bookings, clock)
        self._connection = connection
        self._ehr = ehr
        self._bookings = bookings
        self._states = states
        self._horizon = horizon
        self._patient_ttl = patient_ttl

    async def appointments(self, ids: Sequence[str], now: datetime) -> Again:
        """Read these as they are now, and whoever comes and is not known yet.

        One the EHR no longer has is gone; one nobody can read is quarantined.
        """
        try:
            answers = await self._by_id.read(ids, await self._covered_until())
        except EHRRefused as error:
            self._say_refused("Appointment", len(ids), error)
            return Again(refused=frozenset(ids))
        await self._by_id.forget(answers)
        bookings = [one for each in answers.readings for one in each.bookings]
        who = {one.key.patient_id for one in bookings}
        new = await self.patients(await self._unread(who, now), now)
        return Again(
            len(answers.readings),
            len(answers.gone),
            len(answers.unreadable),
            new.patients,
            frozenset(answers.refused),
        )

    async def patients(self, ids: Sequence[str], now: datetime) -> Again:
        """Read these people as they are now, with their guardians."""
        if not ids:
            return Again()
        try:
            answer = await self._ehr.patients(ids)
        except EHRRefused as error:
            self._say_refused("Patient", len(ids), error)
            return Again(refused=frozenset(ids))
        await self._bookings.keep_patients(
            self._connection,
            answer.patients,
            asked=ids,
            unreadable=answer.unreadable,
            seen_at=now,
        )
        return Again(patients=len(ids))

    async def _covered_until(self) -> datetime | None:
        """Until when everything was read before: what is new before it was booked."""
        last = (await self._states.state(self._connection)).last_window_at
        return None if last is None else last + self._horizon

    async def _unread(self, who: Collection[str], now: datetime) -> list[str]:
        """Those who were never read, or long ago."""
        if not who:
            return []
        due = await self._bookings.patients_to_read(
            self._connection,
            older_than=now - self._patient_ttl,
            limit=_PATIENTS_AT_ONCE,
        )
        return [one for one in due if one in who]

    def _say_refused(self, resource_type: str, count: int, error: EHRRefused) -> None:
        log.warning(
            "ehr_refused_pushed",
            connection=self._connection,
            resource=resource_type,
            count=count,
            error=str(error),
        )
