"""Keeps what an EHR told us to read again, until it was read."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Delete, Update, bindparam, delete, select, update
from sqlalchemy.dialects.sqlite import Insert
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.pushed import DueHint, Hint
from reminder.store.batches import batches
from reminder.store.database import Database
from reminder.store.statements import claimed, insert, one_of, table
from reminder.store.tables import PersonRow, PushedRow

_PUSHED = table(PushedRow)
_PERSON = table(PersonRow)
_AS_HANDED_OUT = (
    (_PUSHED.c.connection == bindparam("of"))
    & (_PUSHED.c.appointment_id == bindparam("named"))
    & (_PUSHED.c.pushed_at == bindparam("as_pushed"))
    & (_PUSHED.c.attempt == bindparam("as_tried"))
)


class PushedStore:
    """Hints, each once; whatever is pushed while one is read makes it due again."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def add(
        self, connection: str, hints: Collection[Hint], *, at: datetime
    ) -> int:
        """Have these read as soon as possible: how many, once it is committed.

        Patients we have never heard of are passed over; of one that replaced
        others, those are read.
        """
        async with self._database.write() as session:
            known = await _known(session, connection, hints)
            rows = [
                {
                    "connection": connection,
                    "appointment_id": name,
                    "pushed_at": at,
                    "next_try_at": at,
                    "attempt": 0,
                }
                for name in sorted(map(_name, known))
            ]
            if rows:
                await session.execute(_upsert(session), rows)
        return len(rows)

    async def due(
        self, connection: str, *, now: datetime, until: datetime, limit: int
    ) -> list[DueHint]:
        """What is to be read now, the longest waiting first.

        Nobody else is handed the same before `until`: then it is due again, as
        it is at once when it is pushed once more.
        """
        waiting = (
            select(_PUSHED.c.appointment_id)
            .where(_PUSHED.c.connection == connection, _PUSHED.c.next_try_at <= now)
            .order_by(_PUSHED.c.next_try_at, _PUSHED.c.appointment_id)
            .limit(limit)
        )
        due = claimed(waiting, _PUSHED, "due")
        take = (
            update(_PUSHED)
            .where(
                _PUSHED.c.connection == connection,
                _PUSHED.c.appointment_id == due.c.appointment_id,
            )
            .values(next_try_at=until, attempt=_PUSHED.c.attempt + 1)
            .returning(_PUSHED.c.appointment_id, _PUSHED.c.pushed_at, _PUSHED.c.attempt)
        )
        async with self._database.write() as session:
            rows = (await session.execute(take)).all()
        hints = [DueHint(_hint(name), at, attempt) for name, at, attempt in rows]
        return sorted(hints, key=lambda one: (one.pushed_at, one.hint))

    async def done(self, connection: str, read: Collection[DueHint]) -> None:
        """These were read; what was pushed again meanwhile stays."""
        await self._each(delete(_PUSHED).where(_AS_HANDED_OUT), connection, read)

    async def again(
        self, connection: str, unread: Collection[DueHint], *, at: datetime
    ) -> None:
        """These could not be read: not before `at`, unless they are pushed again."""
        later = update(_PUSHED).where(_AS_HANDED_OUT).values(next_try_at=at)
        await self._each(later, connection, unread)

    async def _each(
        self,
        statement: Delete | Update,
        connection: str,
        hints: Collection[DueHint],
    ) -> None:
        rows = [
            {
                "of": connection,
                "named": _name(one.hint),
                "as_pushed": one.pushed_at,
                "as_tried": one.attempt,
            }
            for one in sorted(hints, key=lambda one: one.hint)
        ]
        if rows:
            async with self._database.write() as session:
                await session.execute(statement, rows)


def _upsert(session: AsyncSession) -> Insert:
    fresh = insert(session, PushedRow)
    return fresh.on_conflict_do_update(
        index_elements=["connection", "appointment_id"],
        set_={
            "pushed_at": fresh.excluded.pushed_at,
            "next_try_at": fresh.excluded.next_try_at,
            "attempt": _PUSHED.c.attempt + 1,
        },
    )


async def _known(
    session: AsyncSession, connection: str, hints: Collection[Hint]
) -> set[Hint]:
    """Every hint of an appointment, and of patients those whose words we keep."""
    patients = [one.resource_id for one in hints if one.resource_type == "Patient"]
    known = {one for one in hints if one.resource_type != "Patient"}
    for ids in batches(patients):
        query = select(_PERSON.c.patient_id).where(
            _PERSON.c.connection == connection,
            one_of(session, _PERSON.c.patient_id, ids)
            | one_of(session, _PERSON.c.survivor_id, ids),
        )
        found = (await session.execute(query)).scalars()
        known |= {Hint("Patient", patient_id) for patient_id in found}
    return known


def _name(hint: Hint) -> str:
    """What a row calls it: an appointment by its id, which holds no `/`."""
    if hint.resource_type == "Appointment":
        return hint.resource_id
    return "/".join(hint)


def _hint(name: str) -> Hint:
    resource_type, slash, resource_id = name.partition("/")
    return Hint(resource_type, resource_id) if slash else Hint("Appointment", name)
