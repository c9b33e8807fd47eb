"""Keeps what patients asked for from their links, and what became of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.answers import (
    Answer,
    AnswerKind,
    AnswerState,
    WriteBackKind,
    WriteBackState,
)
from reminder.model.appointments import AppointmentKey
from reminder.model.reminders import ReminderState
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import one_person
from reminder.store.reminder_rows import appointment_key
from reminder.store.revisions import raise_revisions
from reminder.store.statements import insert, locked, table
from reminder.store.tables import AnswerRow, ReminderRow, WriteBackRow
from reminder.store.write_back_rows import of_answer, of_answer_id
from reminder.store.write_backs import (
    settle_answer,
    whoever_said,
)

_ANSWER = table(AnswerRow)
_REMINDER = table(ReminderRow)
_WRITE_BACK = table(WriteBackRow)


class AnswerStore:
    """Every deliberate act of a patient, once."""

    def __init__(self, database: Database, ring: KeyRing) -> None:
        self._database = database

    async def record(
        self,
        answer: Answer,
        *,
        write_back: WriteBackKind,
        now: datetime,
        first_try_at: datetime,
    ) -> Answer:
        """Keep it and what is to be written for it; the answer that now counts.

        Asked again while the same ask is still open, even at the same moment,
        the first one counts and is returned. Reminders already sent for the
        appointment are answered; the plan follows what the patient said.
        """
        async with self._database.write() as session:
            await raise_revisions(session, one_person(answer.appointment.patient))
            await _reminders_answered(session, answer.appointment, now)
            new = insert(session, AnswerRow).on_conflict_do_nothing()
            kept = await session.execute(new.returning(_ANSWER.c.id), _to_row(answer))
            if kept.first() is None:
                return await _same_ask(session, answer)
            await session.execute(
                insert(session, WriteBackRow),
                of_answer(answer, write_back, now=now, first_try_at=first_try_at),
            )
        return answer

    async def settle(
        self, answer_id: UUID, state: AnswerState, *, now: datetime
    ) -> None:
        """Say what became of it, and close what waited to be written for it.

        What was written stays so, whatever is said later. The plan follows.
        """
        if state is AnswerState.WAITING:
            return
        done = state in (AnswerState.WRITTEN, AnswerState.REQUESTED)
        ended = WriteBackState.DONE if done else WriteBackState.FAILED
        close = update(_WRITE_BACK).where(
            _WRITE_BACK.c.id == of_answer_id(answer_id),
            _WRITE_BACK.c.state == WriteBackState.WAITING.value,
        )
        async with self._database.write() as session:
            await raise_revisions(session, whoever_said(answer_id))
            await settle_answer(session, answer_id, state)
            await session.execute(close.values(state=ended.value, lease_until=None))

    async def requested(
        self, *, after: Answer | None = None, limit: int
    ) -> list[Answer]:
        """What humans at the clinics are asked to make so, the oldest first, in pages.

        The next page begins after the last answer of this one. Confirmations
        are not among it: nobody has to do anything for them.
        """
        query = select(_ANSWER).where(
            _ANSWER.c.state == AnswerState.REQUESTED.value,
            _ANSWER.c.kind != AnswerKind.CONFIRM.value,
        )
        if after is not None:
            at_once = (_ANSWER.c.at == after.at) & (_ANSWER.c.id > after.answer_id)
            query = query.where((_ANSWER.c.at > after.at) | at_once)
        query = query.order_by(_ANSWER.c.at, _ANSWER.c.id).limit(limit)
        async with self._database.read() as session:
            return [from_row(row) for row in await session.execute(query)]

    async def latest(self, key: AppointmentKey) -> list[Answer]:
        """All that was asked for this booking, the newest first."""
        query = select(_ANSWER).where(_of(key))
        query = query.order_by(_ANSWER.c.at.desc(), _ANSWER.c.id)
        async with self._database.read() as session:
            return [from_row(row) for row in await session.execute(query)]

    async def counts(self) -> dict[tuple[AnswerKind, AnswerState], int]:
        """How many there are of each kind and state that has any."""
        groups = (_ANSWER.c.kind, _ANSWER.c.state)
        query = select(*groups, func.count()).group_by(*groups)
        async with self._database.read() as session:
            rows = await session.execute(query)
            return {
                (AnswerKind(kind), AnswerState(state)): count
                for kind, state, count in rows
            }


async def _reminders_answered(
    session: AsyncSession, key: AppointmentKey, now: datetime
) -> None:
    sent = select(_REMINDER.c.id).where(
        _REMINDER.c.connection == key.connection,
        _REMINDER.c.appointment_id == key.appointment_id,
        _REMINDER.c.patient_id == key.patient_id,
        _REMINDER.c.state == ReminderState.SENT.value,
    )
    rows = locked(sent, _REMINDER, "sent")
    await session.execute(
        update(_REMINDER)
        .where(_REMINDER.c.id == rows.c.id)
        .values(state=ReminderState.ANSWERED.value, changed_at=now)
    )


async def _same_ask(session: AsyncSession, answer: Answer) -> Answer:
    """The one already kept: the open one, or if it was just closed, the newest."""
    same = (
        _of(answer.appointment)
        & (_ANSWER.c.kind == answer.kind.value)
        & (func.coalesce(_ANSWER.c.slot_id, "") == (answer.slot_id or ""))
    )
    is_closed = _ANSWER.c.state != AnswerState.WAITING.value
    query = select(_ANSWER).where(same).order_by(is_closed, _ANSWER.c.at.desc())
    return from_row((await session.execute(query.limit(1))).one())


def _of(key: AppointmentKey) -> ColumnElement[bool]:
    return (
        (_ANSWER.c.connection == key.connection)
        & (_ANSWER.c.appointment_id == key.appointment_id)
        & (_ANSWER.c.patient_id == key.patient_id)
    )


def _to_row(answer: Answer) -> dict[str, Any]:
    return {
        "id": answer.answer_id,
        **answer.appointment._asdict(),
        "message_id": answer.message_id,
        "kind": answer.kind.value,
        "state": answer.state.value,
        "at": answer.at,
        "slot_id": answer.slot_id,
        "slot_start_at": answer.slot_start_at,
        "before_slot_ids": " ".join(answer.before_slot_ids),
        "before_start_at": answer.before_start_at,
    }


def from_row(row: Row[Any]) -> Answer:
    """The answer a whole row of the table holds."""
    return Answer(
        answer_id=row.id,
        appointment=appointment_key(row),
        message_id=row.message_id,
        kind=AnswerKind(row.kind),
        state=AnswerState(row.state),
        at=row.at,
        slot_id=row.slot_id,
        slot_start_at=row.slot_start_at,
        before_slot_ids=tuple(row.before_slot_ids.split()),
        before_start_at=row.before_start_at,
    )
