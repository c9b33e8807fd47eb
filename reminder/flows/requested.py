"""Notices that a human at the clinic has done what a patient asked for, and tells."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.tell import Tell
from reminder.flows.written import Asked, FollowsMoves, request_subject
from reminder.model.answers import Answer, AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import Appointment
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.reminders import Person
from reminder.model.worklist import WorklistKind
from reminder.rules.requests import Fate, fate

log = structlog.get_logger()

_EVERY = timedelta(seconds=30)

_KIND = {
    AnswerKind.CONFIRM: WriteBackKind.CONFIRM,
    AnswerKind.CANCEL: WriteBackKind.CANCEL,
    AnswerKind.MOVE: WriteBackKind.MOVE,
    AnswerKind.UNDO_CANCEL: WriteBackKind.REBOOK,
    AnswerKind.UNDO_MOVE: WriteBackKind.MOVE,
}


class KeepsRequests(Protocol):
    """What patients asked for."""

    async def requested(
        self, *, after: Answer | None = None, limit: int
    ) -> list[Answer]:
        """What humans were asked to make so, and has no end yet, a page at a time."""

    async def settle(
        self, answer_id: UUID, state: AnswerState, *, now: datetime
    ) -> None:
        """What became of it."""


class People(Protocol):
    """Everyone's world."""

    async def people(self, keys: Sequence[PatientKey]) -> list[Person]:
        """Their world, without bookings the EHR has no more."""

    async def bookings(
        self, appointment_id: str, connection: str | None = None
    ) -> list[Appointment]:
        """One visit as each patient has it."""


class ResolvesEntries(Protocol):
    """Where what needs a human was put."""

    async def resolve(self, kind: WorklistKind, subject: str, at: datetime) -> bool:
        """It is done; False when it was not open."""


@dataclass(slots=True)
class Requested:
    """Looks at what the last reading of the EHR brought; the EHR is not asked.

    Told first and settled then: a crash between tells twice rather than never.
    """

    answers: KeepsRequests
    people: People
    links: FollowsMoves
    worklist: ResolvesEntries
    tell: Tell
    clock: Clock
    page: int = 500
    _next_at: datetime | None = field(default=None, init=False)

    async def settle(self) -> None:
        """Settle every request that has come to an end, at most twice a minute."""
        now = self.clock()
        if self._next_at is not None and now < self._next_at:
            return
        self._next_at = now + _EVERY
        last: Answer | None = None
        while answers := await self.answers.requested(after=last, limit=self.page):
            await self._settle(answers, now)
            last = answers[-1]

    async def _settle(self, answers: Sequence[Answer], now: datetime) -> None:
        keys = sorted({one.appointment.patient for one in answers})
        people = {one.key: one for one in await self.people.people(keys)}
        for answer in answers:
            person = people.get(answer.appointment.patient)
            theirs = person.appointments if person else ()
            others = await self._others(answer, theirs)
            ended = fate(answer, theirs, now, others)
            if ended is not None:
                await self._end(answer, ended, now)

    async def _others(
        self, answer: Answer, theirs: Sequence[Appointment]
    ) -> list[Appointment]:
        """What others have of a visit that the patient who asked has no more."""
        key = answer.appointment
        if any(one.key == key for one in theirs):
            return []
        return await self.people.bookings(key.appointment_id, key.connection)

    async def _end(self, answer: Answer, ended: Fate, now: datetime) -> None:
        asked = Asked(kind=_KIND[answer.kind], key=answer.appointment)
        if ended.booked_as is not None:
            await self.links.follow(answer.appointment, ended.booked_as)
        if ended.state is AnswerState.WRITTEN:
            await self.tell.about(
                asked, answer.answer_id, ended.state, booked_as=ended.booked_as
            )
        await self.answers.settle(answer.answer_id, ended.state, now=now)
        subject = request_subject(asked.kind, asked.key)
        await self.worklist.resolve(WorklistKind.CHANGE_REQUESTED, subject, now)
        log.info(
            "request_ended",
            answer_id=str(answer.answer_id),
            kind=answer.kind,
            state=ended.state,
        )
