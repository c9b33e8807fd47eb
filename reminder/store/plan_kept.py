"""What is kept of the people being planned for, as it is now that we hold them."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from uuid import UUID

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import PatientKey
from reminder.model.reminders import Person, Reminder, ReminderState
from reminder.store.batches import batches
from reminder.store.keyring import KeyRing
from reminder.store.plain_rows import PlainRows
from reminder.store.reminder_rows import COLUMNS, to_reminder
from reminder.store.statements import one_of, table
from reminder.store.tables import ReminderRow

_REMINDER = table(ReminderRow)
_PLAIN = PlainRows(_REMINDER, *COLUMNS)

_UNDER_WAY = {ReminderState.IN_MESSAGE, ReminderState.HELD, ReminderState.SENT}
"""States a reminder leaves without a plan: what is not sent after all is planned."""


async def kept_now(
    session: AsyncSession,
    ring: KeyRing,
    people: Mapping[PatientKey, Person],
    planned_revisions: Mapping[PatientKey, int],
) -> dict[PatientKey, Collection[Reminder]]:
    """Every reminder of these people, whom this transaction holds.

    A plan is kept only for the revision a person has, and settles it: where
    that has not happened nobody has planned since the person was read, and
    what was read is not read again. A claim may still have taken one that was
    planned: so no row is written that is in another state by now.
    """
    kept: dict[PatientKey, Collection[Reminder]] = {}
    for key, person in people.items():
        is_first = planned_revisions[key] < person.revision
        if is_first and not any(one.state in _UNDER_WAY for one in person.kept):
            kept[key] = person.kept
    again = people.keys() - kept.keys()
    read: dict[PatientKey, list[Reminder]] = {key: [] for key in again}
    for where in theirs(session, _REMINDER, again):
        for row in await _PLAIN.read(session, *where):
            read[PatientKey(row.connection, row.patient_id)].append(
                to_reminder(ring, row)
            )
    return kept | read


async def routes_now(
    session: AsyncSession, reminder_ids: Iterable[UUID]
) -> dict[UUID, int]:
    """Which of its addresses each of these is trying."""
    routes: dict[UUID, int] = {}
    for ids in batches(reminder_ids):
        query = select(_REMINDER.c.id, _REMINDER.c.route)
        rows = await session.execute(query.where(one_of(session, _REMINDER.c.id, ids)))
        routes |= {row.id: row.route for row in rows}
    return routes


def theirs(
    session: AsyncSession, source: Table, keys: Iterable[PatientKey]
) -> Iterator[tuple[ColumnElement[bool], ...]]:
    """What is true of the rows of these people, as often as their number asks for."""
    by_connection: dict[str, list[str]] = defaultdict(list)
    for connection, patient_id in keys:
        by_connection[connection].append(patient_id)
    for connection in sorted(by_connection):
        for some in batches(sorted(by_connection[connection])):
            yield (
                source.c.connection == connection,
                one_of(session, source.c.patient_id, some),
            )
