"""Writes what a patient asked for while they wait, or leaves it to the write-backs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID
from weakref import WeakValueDictionary

import structlog

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.flows.entries import Entries
from reminder.flows.respond.waiting import within
from reminder.flows.writable import WritesAnswers
from reminder.flows.written import Asked, Follow
from reminder.model.answers import Answer, AnswerState, WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.clock import Clock
from reminder.model.readings import Written
from reminder.model.worklist import WorklistEntry, WorklistKind

log = structlog.get_logger()

_AFTERWARDS = timedelta(seconds=2)
"""A write-back waits this much longer than the patient, so that both never write."""


class KeepsAnswers(Protocol):
    """Where answers are kept."""

    async def record(
        self,
        answer: Answer,
        *,
        write_back: WriteBackKind,
        now: datetime,
        first_try_at: datetime,
    ) -> Answer:
        """Keep it with its write-back; the same open ask is kept once."""

    async def settle(
        self, answer_id: UUID, state: AnswerState, *, now: datetime
    ) -> None:
        """What became of it; its write-back is closed with it."""

    async def latest(self, key: AppointmentKey) -> list[Answer]:
        """The answers about one visit, the newest first."""


_Call = Callable[[WritesAnswers, UUID], Awaitable[Written]]


class Turns:
    """One act at a time for each visit, so that a double click is one act."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[object, asyncio.Lock] = WeakValueDictionary()

    def of(self, subject: object) -> asyncio.Lock:
        """The lock of this subject, the same for all who hold it now."""
        lock = self._locks.get(subject)
        if lock is None:
            lock = self._locks[subject] = asyncio.Lock()
        return lock


class Answering:
    """Keeps an answer first and asks the EHR then, so that no crash loses it."""

    def __init__(
        self,
        *,
        ehrs: Mapping[str, WritesAnswers],
        answers: KeepsAnswers,
        follow: Follow,
        worklist: Entries,
        clock: Clock,
        wait_limit: timedelta,
    ) -> None:
        self._ehrs = ehrs
        self._answers = answers
        self._follow = follow
        self._worklist = worklist
        self._clock = clock
        self._wait_limit = wait_limit

    async def cancel(self, answer: Answer) -> AnswerState:
        """Cancel, and say what became of it: WAITING means the EHR is still asked."""
        key, start_at = answer.appointment, answer.before_start_at
        return await self._carry_out(
            answer,
            WriteBackKind.CANCEL,
            lambda ehr, ask: ehr.cancel(key, ask=ask, start_at=start_at),
        )

    async def rebook(self, answer: Answer) -> AnswerState:
        """Book a cancelled visit again in the Slots it had before."""
        key, slot_ids = answer.appointment, answer.before_slot_ids
        return await self._carry_out(
            answer,
            WriteBackKind.REBOOK,
            lambda ehr, ask: ehr.rebook(
                key, slot_ids, ask=ask, start_at=answer.before_start_at
            ),
        )

    async def move(self, answer: Answer) -> AnswerState:
        """Move to the answer's Slot."""
        key, slot_id = answer.appointment, answer.slot_id or ""
        return await self._carry_out(
            answer,
            WriteBackKind.MOVE,
            lambda ehr, ask: ehr.reschedule(
                key,
                slot_id,
                ask=ask,
                before_slot_ids=answer.before_slot_ids,
                start_at=answer.before_start_at,
            ),
        )

    async def _carry_out(
        self,
        answer: Answer,
        write_back: WriteBackKind,
        call: _Call,
    ) -> AnswerState:
        now = self._clock()
        kept = await self._answers.record(
            answer,
            write_back=write_back,
            now=now,
            first_try_at=now + self._wait_limit + _AFTERWARDS,
        )
        if kept.state is not AnswerState.WAITING:
            return kept.state
        became = await self._ask(kept, write_back, call)
        log.info(
            "answered", answer_id=str(kept.answer_id), kind=kept.kind, state=became
        )
        if became is not AnswerState.WAITING:
            await self._answers.settle(kept.answer_id, became, now=self._clock())
        return became

    async def _ask(
        self, answer: Answer, write_back: WriteBackKind, call: _Call
    ) -> AnswerState:
        try:
            ehr = self._ehr(answer.appointment.connection)
            written = await within(self._wait_limit, call(ehr, answer.answer_id))
        except EHRUnavailable:
            return AnswerState.WAITING
        except EHRConflict:
            return AnswerState.LOST
        except EHRError as error:
            await self._report(answer, str(error))
            return AnswerState.FAILED
        asked = Asked(
            kind=write_back,
            key=answer.appointment,
            start_at=answer.slot_start_at,
            message_id=answer.message_id,
        )
        return await self._follow.up(asked, written)

    def _ehr(self, connection: str) -> WritesAnswers:
        if connection not in self._ehrs:
            raise EHRRefused("no such connection")
        return self._ehrs[connection]

    async def _report(self, answer: Answer, code: str) -> None:
        log.warning("answer_refused", answer_id=str(answer.answer_id), error=code)
        await self._worklist.add(
            WorklistEntry(
                kind=WorklistKind.WRITE_BACK_FAILED,
                subject=str(answer.answer_id),
                at=self._clock(),
                appointment=answer.appointment,
                message_id=answer.message_id,
                details=(answer.kind.value, code),
            )
        )
