"""Says which bookings of a connection are known, and which were not seen lately."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, and_, case, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.store.batches import batches
from reminder.store.database import Database
from reminder.store.statements import one_of, table
from reminder.store.tables import AppointmentRow, PersonRow, QuarantineRow

_APPOINTMENT = table(AppointmentRow)
_PERSON = table(PersonRow)
_QUARANTINE = table(QuarantineRow)

# What the version before wrote lacks what we read today: it is read again.
_IS_WHOLE = _APPOINTMENT.c.first_start_at.is_not(None)
_KNOWN_AS = case((_IS_WHOLE, _APPOINTMENT.c.fingerprint), else_="")


class KnownBookings:
    """What a reading of the EHR asks before it begins, and at its end.

    Bookings that are gone are not known. A period is [start, end) of their starts.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fingerprints(
        self,
        connection: str,
        start: datetime,
        end: datetime,
        patient_ids: Collection[str] | None = None,
    ) -> dict[str, str]:
        """The fingerprint of every appointment of a period, or of some patients' only.

        It is empty for one that has to be read again although the EHR may not
        have changed it.
        """
        where = _in_period(connection, start, end)
        found: dict[str, str] = {}
        async with self._database.read() as session:
            for of in _of_patients(session, patient_ids):
                found |= await _fingerprints(session, *where, *of)
        return found

    async def fingerprints_of(
        self, connection: str, appointment_ids: Collection[str]
    ) -> dict[str, str]:
        """The fingerprints of certain appointments, as `fingerprints` has them."""
        there = (
            _APPOINTMENT.c.connection == connection,
            _APPOINTMENT.c.gone.is_(False),
        )
        found: dict[str, str] = {}
        async with self._database.read() as session:
            for ids in batches(sorted(appointment_ids)):
                these = one_of(session, _APPOINTMENT.c.appointment_id, ids)
                found |= await _fingerprints(session, these, *there)
        return found

    async def unseen_of(
        self,
        connection: str,
        appointment_ids: Collection[str],
        *,
        since: datetime,
        until: datetime,
    ) -> set[str]:
        """Those of certain appointments that are not as they were told in a while.

        What was told of them since then was not taken, or a clock that is
        ahead says that it was told later than `until`.
        """
        seen_at, found = _APPOINTMENT.c.seen_at, set[str]()
        query = select(_APPOINTMENT.c.appointment_id).where(
            _APPOINTMENT.c.connection == connection,
            _APPOINTMENT.c.gone.is_(False),
            (seen_at < since) | (seen_at > until),
        )
        async with self._database.read() as session:
            for ids in batches(sorted(appointment_ids)):
                these = one_of(session, _APPOINTMENT.c.appointment_id, ids)
                found.update((await session.execute(query.where(these))).scalars())
        return found

    async def known_ids(
        self, connection: str, start: datetime, end: datetime, after: str, limit: int
    ) -> list[str]:
        """The appointments of a period, a page at a time, in the order of their ids.

        The first page begins after the empty id, the next one after the last
        id of this one.
        """
        id_ = _APPOINTMENT.c.appointment_id
        query = (
            select(id_)
            .where(*_in_period(connection, start, end), id_ > after)
            .distinct()
            .order_by(id_)
            .limit(limit)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())

    async def known_patients(self, connection: str) -> list[str]:
        """Everybody known who may still come, by id: not deceased, not inactive."""
        query = (
            select(_PERSON.c.patient_id)
            .where(
                _PERSON.c.connection == connection,
                _PERSON.c.active.is_(True),
                _PERSON.c.deceased.is_(False),
            )
            .order_by(_PERSON.c.patient_id)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())

    async def count_known(self, connection: str, start: datetime, end: datetime) -> int:
        """How many appointments of a period are known."""
        ids = func.count(_APPOINTMENT.c.appointment_id.distinct())
        query = select(ids).where(*_in_period(connection, start, end))
        async with self._database.read() as session:
            return (await session.execute(query)).scalar_one()

    async def unseen(
        self,
        connection: str,
        start: datetime,
        end: datetime,
        *,
        since: datetime,
        patient_ids: Collection[str] | None = None,
    ) -> list[str]:
        """The appointments of a period nothing was heard of since an instant.

        One that was met since and could not be read is not among them. With
        `patient_ids`, only those of certain patients.
        """
        where = (*_in_period(connection, start, end), _APPOINTMENT.c.seen_at < since)
        found: set[str] = set()
        async with self._database.read() as session:
            for of in _of_patients(session, patient_ids):
                query = select(_APPOINTMENT.c.appointment_id).distinct()
                missed = query.where(*where, *of, ~_was_unreadable(since))
                found.update((await session.execute(missed)).scalars())
        return sorted(found)

    async def unreadable_ids(self, connection: str) -> list[str]:
        """Appointments that were met and could not be read, and are not known."""
        id_ = _QUARANTINE.c.resource_id
        is_known = exists().where(
            _APPOINTMENT.c.appointment_id == id_,
            _APPOINTMENT.c.connection == _QUARANTINE.c.connection,
            _APPOINTMENT.c.gone.is_(False),
        )
        query = (
            select(id_)
            .where(
                _QUARANTINE.c.connection == connection,
                _QUARANTINE.c.resource_type == "Appointment",
                id_ != "",
                _QUARANTINE.c.repaired.is_(False),
                ~is_known,
            )
            .distinct()
            .order_by(id_)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())

    async def last_seen_at(self, connection: str) -> datetime | None:
        """When the EHR last told us of any appointment; None when it never did."""
        query = select(func.max(_APPOINTMENT.c.seen_at)).where(
            _APPOINTMENT.c.connection == connection
        )
        async with self._database.read() as session:
            seen_at: datetime | None = (await session.execute(query)).scalar_one()
        return seen_at


def _in_period(
    connection: str, start: datetime, end: datetime
) -> Sequence[ColumnElement[bool]]:
    return (
        _APPOINTMENT.c.connection == connection,
        _APPOINTMENT.c.start_at >= start,
        _APPOINTMENT.c.start_at < end,
        _APPOINTMENT.c.gone.is_(False),
    )


def _of_patients(
    session: AsyncSession, patient_ids: Collection[str] | None
) -> Iterable[Sequence[ColumnElement[bool]]]:
    """What narrows a statement to these patients, in as many as they need."""
    if patient_ids is None:
        return [()]
    column = _APPOINTMENT.c.patient_id
    return ((one_of(session, column, ids),) for ids in batches(sorted(patient_ids)))


def _was_unreadable(since: datetime) -> ColumnElement[bool]:
    return exists().where(
        and_(
            _QUARANTINE.c.connection == _APPOINTMENT.c.connection,
            _QUARANTINE.c.resource_type == "Appointment",
            _QUARANTINE.c.resource_id == _APPOINTMENT.c.appointment_id,
            _QUARANTINE.c.last_seen_at >= since,
        )
    )


async def _fingerprints(
    session: AsyncSession, *where: ColumnElement[bool]
) -> dict[str, str]:
    query = select(_APPOINTMENT.c.appointment_id, _KNOWN_AS).where(*where)
    return {row[0]: row[1] for row in (await session.execute(query)).all()}
