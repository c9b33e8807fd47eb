"""Writes all that a reading of the EHR brought of appointments, in one transaction."""

from collections.abc import Collection, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.readings import Reading, Unreadable
from reminder.store.booking_history import Look
from reminder.store.booking_writes import keep_readings, keep_seen
from reminder.store.keyring import KeyRing
from reminder.store.patient_writes import make_stubs
from reminder.store.quarantine import keep_repairs, quarantine, still_repaired
from reminder.store.revisions import replan
from reminder.store.statements import plan_afresh


async def write_readings(
    session: AsyncSession,
    ring: KeyRing,
    connection: str,
    readings: Sequence[Reading],
    unchanged: Collection[str],
    unreadable: Sequence[Unreadable],
    look: Look,
) -> int:
    """Bookings, whose plan is due by them, and the quarantine: how many changed."""
    seen_at = look.seen_at
    await plan_afresh(session)
    changed, patients = await keep_readings(
        session, ring, connection, readings, look=look
    )
    await keep_seen(session, connection, unchanged, seen_at=seen_at)
    await make_stubs(session, connection, patients)
    await replan(session, connection, patients)
    await keep_repairs(session, connection, readings, at=seen_at)
    await still_repaired(session, connection, unchanged, at=seen_at)
    await quarantine(session, connection, unreadable, at=seen_at)
    return changed
