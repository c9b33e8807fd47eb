"""Keeps what the EHR is still to be told, in the order in which it happened."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, exists, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from reminder.model.answers import (
    AnswerState,
    WriteBack,
    WriteBackKind,
    WriteBackState,
)
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.revisions import raise_revisions
from reminder.store.statements import among, claimed, constant, table
from reminder.store.tables import AnswerRow, PersonRow, WriteBackRow
from reminder.store.worklist import add_entries
from reminder.store.write_back_rows import Before, failed_entry, from_row

_ANSWER = table(AnswerRow)
_PERSON = table(PersonRow)
_WRITE_BACK = table(WriteBackRow)


class WriteBackStore:
    """The second queue: a lease and a fence guard it like the messages."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def claim(
        self, *, now: datetime, limit: int, lease: timedelta
    ) -> list[WriteBack]:
        """What is due, the oldest first; nobody else gets it until the lease is over.

        What one patient asked for one after the other is written in that
        order: a later ask waits until the one before it is done or failed.
        """
        async with self._database.write() as session:
            rows = (await session.execute(_claim(now, limit, lease))).all()
            before = await _before(session, [row.answer_id for row in rows])
        return [
            from_row(row, before.get(row.answer_id, Before()))
            for row in sorted(rows, key=_age)
        ]

    async def done(self, write_back: WriteBack, *, now: datetime) -> None:
        """The EHR has it; so has the answer it came from, in the same transaction."""
        async with self._database.write() as session:
            if await _end(session, write_back, WriteBackState.DONE, None):
                await settle_answer(session, write_back.answer_id, AnswerState.WRITTEN)

    async def requested(self, write_back: WriteBack, *, now: datetime) -> None:
        """The EHR lets nobody write it: a human was asked, and no more is to be done.

        Until that human has acted it is an answer the EHR has not been told of.
        """
        async with self._database.write() as session:
            if await _end(session, write_back, WriteBackState.DONE, "requested"):
                state = AnswerState.REQUESTED
                await raise_revisions(session, whoever_said(write_back.answer_id))
                await settle_answer(session, write_back.answer_id, state)

    async def retry(self, write_back: WriteBack, *, at: datetime, code: str) -> None:
        """Not now: it is due again at that instant."""
        again = update(_WRITE_BACK).where(_is_ours(write_back))
        async with self._database.write() as session:
            await session.execute(
                again.values(next_try_at=at, lease_until=None, code=code)
            )

    async def fail(self, write_back: WriteBack, code: str, *, now: datetime) -> None:
        """Never: it goes onto the worklist, and the answer it came from has failed.

        What the patient asked for does not hold: the plan follows.
        """
        async with self._database.write() as session:
            await raise_revisions(session, whoever_said(write_back.answer_id))
            if await _end(session, write_back, WriteBackState.FAILED, code):
                await settle_answer(session, write_back.answer_id, AnswerState.FAILED)
                await add_entries(session, [failed_entry(write_back, code, now)])

    async def counts(self) -> dict[WriteBackState, int]:
        """How many there are in each state that has any."""
        state = _WRITE_BACK.c.state
        query = select(state, func.count()).group_by(state)
        async with self._database.read() as session:
            rows = await session.execute(query)
            return {WriteBackState(name): count for name, count in rows}

    async def next_due_at(self) -> datetime | None:
        """When the next is due, or its lease over; None when nothing waits."""
        waiting = among(_WRITE_BACK.c.state, WriteBackState.WAITING)
        query = select(func.min(_WRITE_BACK.c.next_try_at)).where(waiting)
        async with self._database.read() as session:
            first: datetime | None = (await session.execute(query)).scalar_one()
        return first


async def settle_answer(
    session: AsyncSession, answer_id: UUID | None, state: AnswerState
) -> None:
    """Say what became of an answer; once written, it stays so."""
    written = _ANSWER.c.state == AnswerState.WRITTEN.value
    if answer_id is not None:
        change = update(_ANSWER).where(_ANSWER.c.id == answer_id, ~written)
        await session.execute(change.values(state=state.value))


def whoever_said(answer_id: UUID | None) -> Select[Any]:
    """The id of the row of the person an answer is of, to raise its revision."""
    return (
        select(_PERSON.c.id)
        .join(
            _ANSWER,
            (_ANSWER.c.connection == _PERSON.c.connection)
            & (_ANSWER.c.patient_id == _PERSON.c.patient_id),
        )
        .where(_ANSWER.c.id == answer_id)
    )


def _claim(now: datetime, limit: int, lease: timedelta) -> ReturningUpdate[Any]:
    due = (
        select(_WRITE_BACK.c.id)
        .where(
            among(_WRITE_BACK.c.state, WriteBackState.WAITING),
            _WRITE_BACK.c.next_try_at <= now,
            among(_WRITE_BACK.c.kind, WriteBackKind.COMMUNICATION) | ~_has_earlier(),
        )
        .order_by(_WRITE_BACK.c.next_try_at)
        .limit(limit)
    )
    taken = claimed(due, _WRITE_BACK, "due")
    return (
        update(_WRITE_BACK)
        .where(_WRITE_BACK.c.id == taken.c.id)
        .values(
            attempt=_WRITE_BACK.c.attempt + 1,
            fence=_WRITE_BACK.c.fence + 1,
            lease_until=now + lease,
            # If this node dies it is simply due again when the lease is over.
            next_try_at=now + lease,
        )
        .returning(*_WRITE_BACK.c)
    )


def _has_earlier() -> ColumnElement[bool]:
    earlier = _WRITE_BACK.alias("earlier")
    return exists().where(
        among(earlier.c.state, WriteBackState.WAITING),
        earlier.c.kind != constant(WriteBackKind.COMMUNICATION),
        earlier.c.appointment_id == _WRITE_BACK.c.appointment_id,
        earlier.c.connection == _WRITE_BACK.c.connection,
        earlier.c.patient_id == _WRITE_BACK.c.patient_id,
        earlier.c.created_at < _WRITE_BACK.c.created_at,
    )


def _is_ours(write_back: WriteBack) -> ColumnElement[bool]:
    return (
        (_WRITE_BACK.c.id == write_back.write_back_id)
        & (_WRITE_BACK.c.fence == write_back.fence)
        & (_WRITE_BACK.c.state == WriteBackState.WAITING.value)
    )


async def _end(
    session: AsyncSession,
    write_back: WriteBack,
    state: WriteBackState,
    code: str | None,
) -> bool:
    end = update(_WRITE_BACK).where(_is_ours(write_back))
    end = end.values(state=state.value, code=code, lease_until=None)
    ended = await session.execute(end.returning(_WRITE_BACK.c.id))
    return ended.first() is not None


def _age(row: Row[Any]) -> tuple[datetime, UUID]:
    return row.created_at, row.id


async def _before(
    session: AsyncSession, answer_ids: Sequence[UUID | None]
) -> dict[UUID, Before]:
    """How each visit was when its patient asked."""
    asked = [one for one in answer_ids if one is not None]
    if not asked:
        return {}
    query = select(_ANSWER.c.id, _ANSWER.c.before_start_at, _ANSWER.c.before_slot_ids)
    rows = await session.execute(query.where(_ANSWER.c.id.in_(asked)))
    return {
        row.id: Before(row.before_start_at, tuple(row.before_slot_ids.split()))
        for row in rows
    }
