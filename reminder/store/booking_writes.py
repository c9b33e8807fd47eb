"""Writes bookings as the EHR describes them: few statements, only what changed."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, Row, Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import Appointment
from reminder.model.readings import Reading
from reminder.store.appointment_rows import to_row
from reminder.store.batches import batches
from reminder.store.booking_history import Look, first_history, next_history
from reminder.store.bulk import insert_all, update_each
from reminder.store.keyring import KeyRing
from reminder.store.sealing import Sealer
from reminder.store.seen import (
    UNDER_WAY,
    is_of_wrong_clock,
    is_seen_later,
    may_be_lagging,
)
from reminder.store.statements import one_of, table
from reminder.store.tables import AppointmentRow

_APPOINTMENT = table(AppointmentRow)


@dataclass(slots=True)
class Work:
    """What has to be written for some readings, and whose bookings change by it."""

    new: list[dict[str, Any]] = field(default_factory=list)
    altered: list[dict[str, Any]] = field(default_factory=list)
    gone: list[UUID] = field(default_factory=list)
    seen: list[UUID] = field(default_factory=list)
    patients: set[str] = field(default_factory=set)

    @property
    def changed(self) -> int:
        """How many bookings are not as they were."""
        return len(self.new) + len(self.altered) + len(self.gone)


async def keep_readings(
    session: AsyncSession,
    ring: KeyRing,
    connection: str,
    readings: Sequence[Reading],
    *,
    look: Look,
) -> tuple[int, set[str]]:
    """Write what changed: how many bookings, and whose.

    A booking whose patient is no longer in its appointment is gone. A reading
    older than what is kept changes nothing: one the EHR wrote earlier, by its
    own clock, unless it still says so ten minutes later; or one of the same age
    that we asked for earlier.
    """
    sealer, changed, patients = Sealer(ring, "appointment"), 0, set[str]()
    latest = {reading.appointment_id: reading for reading in readings}
    for some in batches(latest.values()):
        ids = [reading.appointment_id for reading in some]
        rows = await _rows(session, connection, ids)
        work = _compare(sealer, some, rows, look)
        await _write(session, work, look.seen_at)
        changed += work.changed
        patients |= work.patients
    return changed, patients


async def keep_seen(
    session: AsyncSession,
    connection: str,
    appointment_ids: Collection[str],
    *,
    seen_at: datetime,
) -> None:
    """Only remember that the EHR still describes these as we know them."""
    last_seen_at = _APPOINTMENT.c.seen_at
    for ids in batches(sorted(appointment_ids)):
        await _touch(
            session,
            one_of(session, _APPOINTMENT.c.appointment_id, ids),
            _APPOINTMENT.c.connection == connection,
            _APPOINTMENT.c.gone.is_(False),
            (last_seen_at < seen_at) | (last_seen_at > seen_at + UNDER_WAY),
            seen_at=seen_at,
        )


async def keep_gone(
    session: AsyncSession,
    connection: str,
    appointment_ids: Collection[str],
    *,
    at: datetime,
) -> tuple[int, set[str]]:
    """The EHR no longer has these: how many bookings it took, and whose."""
    changed, patients = 0, set[str]()
    for ids in batches(sorted(appointment_ids)):
        work = Work()
        _let_go(work, await _rows(session, connection, ids), at)
        await _write(session, work, at)
        changed += work.changed
        patients |= work.patients
    return changed, patients


def _compare(
    sealer: Sealer,
    readings: Iterable[Reading],
    rows: Sequence[Row[Any]],
    look: Look,
) -> Work:
    work = Work()
    kept: dict[str, dict[str, Row[Any]]] = {}
    for row in rows:
        kept.setdefault(row.appointment_id, {})[row.patient_id] = row
    for reading in readings:
        before = kept.get(reading.appointment_id, {})
        if _is_older(reading, before.values(), look):
            continue
        bookings = {booking.key.patient_id: booking for booking in reading.bookings}
        for patient_id, booking in bookings.items():
            row_before = before.pop(patient_id, None)
            _compare_one(work, sealer, reading, booking, row_before, look)
        _let_go(work, before.values(), look.seen_at)
    return work


def _is_older(reading: Reading, kept: Iterable[Row[Any]], look: Look) -> bool:
    """Whether the EHR has told us of a later state already.

    That it has an appointment no more has only the age of our question.
    """
    written_at = max(
        (one.updated_at for one in reading.bookings if one.updated_at), default=None
    )
    return any(_is_later(row, written_at, look.seen_at) for row in kept)


def _is_later(row: Row[Any], written_at: datetime | None, asked_at: datetime) -> bool:
    if is_of_wrong_clock(row.seen_at, asked_at):
        return False
    known = None if row.gone else row.updated_at
    if known is None or written_at is None or known == written_at:
        return is_seen_later(row.seen_at, asked_at)
    return known > written_at and may_be_lagging(row.seen_at, asked_at)


def _compare_one(
    work: Work,
    sealer: Sealer,
    reading: Reading,
    booking: Appointment,
    before: Row[Any] | None,
    look: Look,
) -> None:
    if before is not None and _is_known(before, reading):
        work.seen.append(before.id)
        return
    row_id = uuid4() if before is None else before.id
    row = to_row(
        sealer, row_id, booking, fingerprint=reading.fingerprint, seen_at=look.seen_at
    )
    work.patients.add(booking.key.patient_id)
    if before is None:
        work.new.append(row | first_history(booking, look))
    else:
        history = next_history(before, booking, look)
        work.altered.append(row | history)


def _is_known(before: Row[Any], reading: Reading) -> bool:
    """Whether a row says all of this; one of the version before says too little."""
    same = before.fingerprint == reading.fingerprint
    return same and not before.gone and before.first_start_at is not None


def _let_go(work: Work, rows: Iterable[Row[Any]], at: datetime) -> None:
    for row in rows:
        if not row.gone and not is_seen_later(row.seen_at, at):
            work.gone.append(row.id)
            work.patients.add(row.patient_id)


async def _rows(
    session: AsyncSession, connection: str, appointment_ids: Sequence[str]
) -> Sequence[Row[Any]]:
    column = _APPOINTMENT.c
    query: Select[Any] = select(
        column.id,
        column.appointment_id,
        column.patient_id,
        column.fingerprint,
        column.seen_at,
        column.updated_at,
        column.gone,
        column.status,
        column.start_at,
        column.status_since,
        column.first_start_at,
        column.moved_at,
        column.moves,
    ).where(
        one_of(session, column.appointment_id, appointment_ids),
        column.connection == connection,
    )
    rows: Sequence[Row[Any]] = (await session.execute(query)).all()
    return rows


async def _write(session: AsyncSession, work: Work, at: datetime) -> None:
    """Insert, update, or only touch; each kind of change is one statement.

    An INSERT that meets a row of another node fails, and the reading is done
    again: taking the row over would leave it with a cell sealed for our id.
    """
    await insert_all(session, _APPOINTMENT, work.new)
    await update_each(session, _APPOINTMENT, work.altered)
    for ids in batches(work.seen):
        these = one_of(session, _APPOINTMENT.c.id, ids)
        await _touch(session, these, seen_at=at)
    for ids in batches(work.gone):
        these = one_of(session, _APPOINTMENT.c.id, ids)
        await _touch(session, these, seen_at=at, gone=True)


async def _touch(
    session: AsyncSession,
    *where: ColumnElement[bool],
    seen_at: datetime,
    gone: bool = False,
) -> None:
    values = {"seen_at": seen_at} | ({"gone": True} if gone else {})
    await session.execute(update(_APPOINTMENT).where(*where).values(values))
