"""Keeps what the EHR says of appointments and patients, and whose plan is due."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import Select, func, literal, select, tuple_, update

from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.people import Patient, PatientKey
from reminder.model.readings import Reading, Unreadable
from reminder.model.reminders import Person
from reminder.store.appointment_rows import from_row
from reminder.store.booking_history import Look
from reminder.store.booking_writes import keep_gone
from reminder.store.database import Database
from reminder.store.errors import StoreConflict
from reminder.store.keyring import KeyRing
from reminder.store.known_bookings import KnownBookings
from reminder.store.patient_writes import keep_patients
from reminder.store.people import read_people
from reminder.store.quarantine import quarantine, release
from reminder.store.reading_writes import write_readings
from reminder.store.revisions import raise_revisions, replan
from reminder.store.sealing import Sealer
from reminder.store.statements import table
from reminder.store.tables import AppointmentRow, InstanceRow, PersonRow

_APPOINTMENT = table(AppointmentRow)
_PERSON = table(PersonRow)
_INSTANCE = table(InstanceRow)


class AppointmentStore(KnownBookings):
    """The EHR's appointments and patients as it last described them.

    Every change of a person, or of one of their bookings, makes their plan
    due. Bookings that are gone are never handed out.
    """

    def __init__(self, database: Database, ring: KeyRing) -> None:
        super().__init__(database)
        self._ring = ring
        self._sealer = Sealer(ring, "appointment")

    async def keep(
        self,
        connection: str,
        readings: Sequence[Reading],
        *,
        unchanged: Collection[str] = (),
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
        covered_until: datetime | None = None,
    ) -> int:
        """Keep what was read: how many bookings are not as they were.

        A booking met for the first time that starts before `covered_until` is
        new: everything until then had been read before. Of an older reading
        than what is kept nothing is taken. Unreadable entries go into
        quarantine, and so does what had to be put right; readable ones leave
        it. Patients met for the first time get a row, to be read later.
        """
        look = Look(seen_at, covered_until)
        read = (readings, unchanged, unreadable)
        try:
            async with self._database.write() as session:
                return await write_readings(
                    session, self._ring, connection, *read, look
                )
        except StoreConflict:
            # Another node met the same appointment, and was faster.
            async with self._database.write() as session:
                return await write_readings(
                    session, self._ring, connection, *read, look
                )

    async def mark_gone(
        self, connection: str, appointment_ids: Collection[str], *, at: datetime
    ) -> int:
        """The EHR no longer has these: how many bookings went with them.

        Nobody needs to look any more at what could not be read of them.
        """
        async with self._database.write() as session:
            changed, patients = await keep_gone(
                session, connection, appointment_ids, at=at
            )
            await replan(session, connection, patients)
            await release(session, connection, "Appointment", appointment_ids)
        return changed

    async def patients_to_read(
        self, connection: str, *, older_than: datetime, limit: int
    ) -> list[str]:
        """Who was never read, or not since `older_than`, and has a booking after it.

        Those never read come first, then those read longest ago.
        """
        # Not asked person by person: SQLite, which keeps no statistics, would look
        # through everything that is to come for each of them.
        booked = select(_APPOINTMENT.c.patient_id).where(
            _APPOINTMENT.c.connection == connection,
            _APPOINTMENT.c.gone.is_(False),
            _APPOINTMENT.c.start_at >= older_than,
        )
        seen_at = _PERSON.c.seen_at
        query = (
            select(_PERSON.c.patient_id)
            .where(
                _PERSON.c.connection == connection,
                seen_at.is_(None) | (seen_at < older_than),
                _PERSON.c.patient_id.in_(booked),
            )
            .order_by(seen_at.asc().nulls_first(), _PERSON.c.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            return list((await session.execute(query)).scalars())

    async def keep_patients(
        self,
        connection: str,
        patients: Sequence[Patient],
        *,
        asked: Collection[str],
        unreadable: Sequence[Unreadable] = (),
        seen_at: datetime,
    ) -> int:
        """Keep who was read: how many people are not as they were.

        Who was asked for and is absent becomes unreadable. Unreadable entries
        go into quarantine; readable ones leave it.
        """
        readable = {patient.key.patient_id for patient in patients}
        guardians = {
            guardian.related_person_id
            for patient in patients
            for guardian in patient.guardians
        }
        async with self._database.write() as session:
            changed = await keep_patients(
                session, self._ring, connection, patients, asked=asked, seen_at=seen_at
            )
            await release(session, connection, "Patient", readable)
            await release(session, connection, "RelatedPerson", guardians)
            await quarantine(session, connection, unreadable, at=seen_at)
        return changed

    async def to_plan(self, limit: int) -> list[PatientKey]:
        """Whose plan is due, at most `limit`, always the same ones first."""
        query = (
            select(_PERSON.c.connection, _PERSON.c.patient_id)
            .where(_PERSON.c.planned_revision < _PERSON.c.revision)
            .order_by(_PERSON.c.id)
            .limit(limit)
        )
        async with self._database.read() as session:
            return [PatientKey(*row) for row in await session.execute(query)]

    async def people(
        self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
    ) -> list[Person]:
        """Their whole world; who is not known is left out.

        The messages they were told by are read only after `told_since`, if
        that is given.

        Raises:
            CellUnreadable: something kept of one of them is damaged.
        """
        async with self._database.read() as session:
            return await read_people(session, self._ring, keys, told_since)

    async def upcoming(
        self, after: PatientKey | None, since: datetime, limit: int
    ) -> list[PatientKey]:
        """Who has a booking that starts after `since`, by their keys, a page at a time.

        The next page begins after the last key of this one.
        """
        person = (_APPOINTMENT.c.connection, _APPOINTMENT.c.patient_id)
        query = _upcoming(since).order_by(*person).limit(limit)
        if after is not None:
            query = query.where(tuple_(*person) > tuple_(*map(literal, after)))
        async with self._database.read() as session:
            rows = await session.execute(query)
            return [PatientKey(row.connection, row.patient_id) for row in rows]

    async def count_upcoming(self, since: datetime) -> int:
        """How many people `upcoming` pages through."""
        query = select(func.count()).select_from(_upcoming(since).subquery())
        async with self._database.read() as session:
            return (await session.execute(query)).scalar_one()

    async def bookings(
        self, appointment_id: str, connection: str | None = None
    ) -> list[Appointment]:
        """One appointment's bookings, one for each patient; none if it is not known."""
        query = select(_APPOINTMENT).where(
            _APPOINTMENT.c.appointment_id == appointment_id
        )
        if connection is not None:
            query = query.where(_APPOINTMENT.c.connection == connection)
        order = (_APPOINTMENT.c.connection, _APPOINTMENT.c.patient_id)
        return await self._bookings(query.order_by(*order))

    async def booking(self, key: AppointmentKey) -> Appointment | None:
        """One patient's booking; None when it is not known or gone."""
        query = select(_APPOINTMENT).where(
            _APPOINTMENT.c.appointment_id == key.appointment_id,
            _APPOINTMENT.c.connection == key.connection,
            _APPOINTMENT.c.patient_id == key.patient_id,
        )
        found = await self._bookings(query)
        return found[0] if found else None

    async def replan_all_if_changed(self, rules_fingerprint: str) -> bool:
        """Have everyone planned again if the rules are not those of the last time."""
        remember = (
            update(_INSTANCE)
            .where(_INSTANCE.c.rules_fingerprint != rules_fingerprint)
            .values(rules_fingerprint=rules_fingerprint)
            .returning(_INSTANCE.c.id)
        )
        async with self._database.write() as session:
            changed = (await session.execute(remember)).first() is not None
            if changed:
                await raise_revisions(session, select(_PERSON.c.id))
        return changed

    async def _bookings(self, query: Select[tuple[object, ...]]) -> list[Appointment]:
        there = query.where(_APPOINTMENT.c.gone.is_(False))
        async with self._database.read() as session:
            rows = (await session.execute(there)).all()
        return [from_row(self._sealer, row) for row in rows]


def _upcoming(since: datetime) -> Select[tuple[str, str]]:
    person = (_APPOINTMENT.c.connection, _APPOINTMENT.c.patient_id)
    ahead = (_APPOINTMENT.c.start_at > since, _APPOINTMENT.c.gone.is_(False))
    return select(*person).where(*ahead).distinct()
