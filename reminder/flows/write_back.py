"""Writes into the EHR what waits: answers of patients, and that messages were sent."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.ehr.errors import EHRConflict, EHRError, EHRUnavailable
from reminder.model.answers import (
    AnswerState,
    Communication,
    Link,
    WriteBack,
    WriteBackKind,
)
from reminder.model.appointments import AppointmentKey
from reminder.model.clock import Clock
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.people import PatientKey
from reminder.model.readings import Reading
from reminder.rules.retries import write_back_again

log = structlog.get_logger()

_TOLD = {
    (WriteBackKind.MOVE, True): "answer-moved",
    (WriteBackKind.MOVE, False): "answer-not-moved",
    (WriteBackKind.CANCEL, True): "answer-cancelled",
    (WriteBackKind.CANCEL, False): "answer-not-cancelled",
    (WriteBackKind.REBOOK, True): "answer-rebooked",
    (WriteBackKind.REBOOK, False): "answer-not-rebooked",
}
"""What the patient, who was promised an answer, is told. A confirmation needs none."""


class Writable(Protocol):
    """The EHR as this chapter needs it."""

    async def confirm(self, key: AppointmentKey) -> Reading:
        """The patient accepted."""

    async def cancel(self, key: AppointmentKey) -> Reading:
        """Cancelled, and its Slots free."""

    async def rebook(self, key: AppointmentKey, slot_ids: Sequence[str]) -> Reading:
        """Booked again in the Slots it had."""

    async def reschedule(self, key: AppointmentKey, slot_id: str) -> Reading:
        """Moved to another Slot."""

    async def record(self, communication: Communication) -> None:
        """A message was sent."""


class WriteBacks(Protocol):
    """The queue of what is to be written."""

    async def claim(
        self, *, now: datetime, limit: int, lease: timedelta
    ) -> list[WriteBack]:
        """Take what is due."""

    async def done(self, write_back: WriteBack, *, now: datetime) -> None:
        """It is written."""

    async def retry(self, write_back: WriteBack, *, at: datetime, code: str) -> None:
        """Not yet: again at this instant."""

    async def fail(self, write_back: WriteBack, code: str, *, now: datetime) -> None:
        """Never: a human must."""


class Answers(Protocol):
    """What patients asked for."""

    async def settle(
        self, answer_id: UUID, state: AnswerState, *, now: datetime
    ) -> None:
        """What became of it."""


class Links(Protocol):
    """Which link an answer came by."""

    async def of_answer(self, answer_id: UUID) -> Link | None:
        """The link, or None when it is gone."""


class Bookings(Protocol):
    """Where readings are kept."""

    async def keep(
        self, connection: str, readings: Sequence[Reading], *, seen_at: datetime
    ) -> int:
        """Keep what was read."""


class Messages(Protocol):
    """The queue of messages."""

    async def enqueue(self, message: NewMessage, *, now: datetime) -> UUID:
        """To be sent at once."""


@dataclass(frozen=True, slots=True)
class WriteBackReport:
    """What one run wrote."""

    done: int = 0
    waiting: int = 0
    failed: int = 0


class WriteBackFlow:
    """Writes back; an EHR that does not answer delays, and never loses, anything."""

    def __init__(
        self,
        *,
        ehrs: Mapping[str, Writable],
        write_backs: WriteBacks,
        answers: Answers,
        links: Links,
        bookings: Bookings,
        messages: Messages,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
        clock: Clock,
        lease: timedelta,
        batch: int = 100,
    ) -> None:
        self._ehrs = ehrs
        self._write_backs = write_backs
        self._answers = answers
        self._links = links
        self._bookings = bookings
        self._messages = messages
        self._replan = replan
        self._clock = clock
        self._lease = lease
        self._batch = batch

    async def run(self) -> WriteBackReport:
        """Write until nothing more is due, or the EHR stops answering."""
        done = waiting = failed = 0
        while some := await self._write_backs.claim(
            now=self._clock(), limit=self._batch, lease=self._lease
        ):
            for write_back in some:
                match await self._one(write_back):
                    case True:
                        done += 1
                    case False:
                        failed += 1
                    case None:
                        waiting += 1
            if waiting:
                break
        return WriteBackReport(done, waiting, failed)

    async def _one(self, write_back: WriteBack) -> bool | None:
        """True: written. False: it never will be. None: later."""
        try:
            reading = await self._write(write_back)
        except EHRUnavailable as error:
            return await self._later(write_back, error)
        except EHRError as error:
            await self._never(write_back, error)
            return False
        now = self._clock()
        if reading is not None:
            await self._bookings.keep(
                write_back.appointment.connection, [reading], seen_at=now
            )
            await self._replan([write_back.appointment.patient])
        await self._write_backs.done(write_back, now=now)
        await self._settle(write_back, AnswerState.WRITTEN)
        return True

    async def _write(self, write_back: WriteBack) -> Reading | None:
        ehr = self._ehrs.get(write_back.appointment.connection)
        if ehr is None:
            raise EHRUnavailable("no such connection")
        key = write_back.appointment
        match write_back.kind:
            case WriteBackKind.CONFIRM:
                return await ehr.confirm(key)
            case WriteBackKind.CANCEL:
                return await ehr.cancel(key)
            case WriteBackKind.REBOOK:
                return await ehr.rebook(key, write_back.slot_ids)
            case WriteBackKind.MOVE:
                return await ehr.reschedule(key, write_back.slot_ids[0])
            case WriteBackKind.COMMUNICATION:
                if write_back.sent is not None:
                    await ehr.record(write_back.sent)
                return None

    async def _later(self, write_back: WriteBack, error: EHRUnavailable) -> bool | None:
        now = self._clock()
        at = write_back_again(write_back, now, error.retry_after)
        if at is None:
            await self._never(write_back, error)
            return False
        await self._write_backs.retry(write_back, at=at, code=str(error))
        log.warning(
            "write_back_waits",
            write_back_id=str(write_back.write_back_id),
            kind=write_back.kind.value,
            error=str(error),
        )
        return None

    async def _never(self, write_back: WriteBack, error: EHRError) -> None:
        log.warning(
            "write_back_failed",
            write_back_id=str(write_back.write_back_id),
            kind=write_back.kind.value,
            error=str(error),
        )
        await self._write_backs.fail(write_back, str(error), now=self._clock())
        lost = isinstance(error, EHRConflict)
        await self._settle(write_back, AnswerState.LOST if lost else AnswerState.FAILED)

    async def _settle(self, write_back: WriteBack, state: AnswerState) -> None:
        """Close the answer, and tell the patient who was promised to hear of it."""
        if write_back.answer_id is None:
            return
        now = self._clock()
        await self._answers.settle(write_back.answer_id, state, now=now)
        template = _TOLD.get((write_back.kind, state is AnswerState.WRITTEN))
        link = await self._links.of_answer(write_back.answer_id)
        if template is None or link is None or link.expires_at <= now:
            return
        await self._messages.enqueue(
            NewMessage(
                kind=MessageKind.ANSWER,
                clinic_id=link.clinic_id,
                to=link.to,
                language=link.language,
                template=template,
                appointments=(write_back.appointment,),
                useful_until=link.expires_at,
            ),
            now=now,
        )
