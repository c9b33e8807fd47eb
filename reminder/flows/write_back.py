"""Writes into the EHR what waits: answers of patients, and that messages were sent.

A write is repeatable, so it is taken off the queue last: a crash on the way
writes the same again, and tells the patient twice rather than not at all.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

import structlog

from reminder.ehr.errors import EHRConflict, EHRError, EHRUnavailable
from reminder.flows.requested import Requested
from reminder.flows.send import Stopping, going_on
from reminder.flows.tell import Messages, Tell
from reminder.flows.writable import Writable, write
from reminder.flows.write_back_parts import (
    Answers,
    Bookings,
    Links,
    Worklist,
    WriteBacks,
)
from reminder.flows.written import Asked, Follow
from reminder.model.answers import AnswerState, WriteBack, WriteBackKind
from reminder.model.clock import Clock
from reminder.model.people import PatientKey
from reminder.model.readings import Written
from reminder.rules.retries import write_back_again
from reminder.store.errors import StoreUnavailable

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class WriteBackReport:
    """What one run wrote; `waiting` are those the EHR did not answer for."""

    done: int = 0
    waiting: int = 0
    failed: int = 0

    def __add__(self, other: "WriteBackReport") -> "WriteBackReport":
        return WriteBackReport(
            self.done + other.done,
            self.waiting + other.waiting,
            self.failed + other.failed,
        )


_AT_ONCE = 4
"""How many are written at the same time; the EHR room keeps to the EHR's limits."""

_DONE = WriteBackReport(done=1)
_WAITING = WriteBackReport(waiting=1)
_FAILED = WriteBackReport(failed=1)


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
        worklist: Worklist,
        replan: Callable[[Sequence[PatientKey]], Awaitable[None]],
        clock: Clock,
        lease: timedelta,
        batch: int = 20,
    ) -> None:
        self._ehrs = ehrs
        self._write_backs = write_backs
        self._answers = answers
        self._tell = Tell(links, messages, clock)
        self._follow = Follow(bookings, links, worklist, replan, clock)
        self._requested = Requested(
            answers, bookings, links, worklist, self._tell, clock
        )
        self._clock = clock
        self._lease = lease
        self._batch = batch

    async def run(self, stopping: Stopping = going_on) -> WriteBackReport:
        """Write until nothing more is due, or an EHR does not answer.

        What humans were asked for and have done since is told first.
        """
        await self._settle_requests()
        total = WriteBackReport()
        while not stopping() and (some := await self._claim()):
            report = await self._some(some, stopping)
            total += report
            if report.waiting:
                break
        return total

    async def _settle_requests(self) -> None:
        try:
            await self._requested.settle()
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - what waits to be written must go on
            log.error("could_not_settle_requests", error=type(error).__name__)

    async def _claim(self) -> list[WriteBack]:
        return await self._write_backs.claim(
            now=self._clock(), limit=self._batch, lease=self._lease
        )

    async def _some(
        self, some: Sequence[WriteBack], stopping: Stopping
    ) -> WriteBackReport:
        """Write these, a few at a time; a silent EHR is not asked again for them.

        Each is of another visit: what is asked of one visit is claimed in turn.
        """
        total, silent = WriteBackReport(), dict[str, EHRUnavailable]()
        # The first goes alone, so that an EHR that is down is asked once.
        groups = [some[:1]]
        groups += [some[n : n + _AT_ONCE] for n in range(1, len(some), _AT_ONCE)]
        for group in groups:
            reports = await asyncio.gather(
                *(self._in_turn(one, silent, stopping) for one in group),
                return_exceptions=True,
            )
            for report in reports:
                if isinstance(report, BaseException):
                    raise report
                total += report
        return total

    async def _in_turn(
        self,
        write_back: WriteBack,
        silent: dict[str, EHRUnavailable],
        stopping: Stopping,
    ) -> WriteBackReport:
        if stopping():
            await self._write_backs.retry(write_back, at=self._clock(), code="stopping")
            return WriteBackReport()
        if error := silent.get(write_back.appointment.connection):
            return await self._later(write_back, error)
        return await self._guarded(write_back, silent)

    async def _guarded(
        self, write_back: WriteBack, silent: dict[str, EHRUnavailable]
    ) -> WriteBackReport:
        """Write one; whatever goes wrong with it, those behind it have their turn."""
        try:
            return await self._one(write_back)
        except EHRUnavailable as error:
            connection = write_back.appointment.connection
            silent[connection] = error
            log.warning("write_backs_wait", connection=connection, error=str(error))
            return await self._later(write_back, error)
        except EHRError as error:
            return await self._never(write_back, error)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a bug met by one must not wedge the queue
            log.error("could_not_write_back", **_named(write_back, error))
            return await self._later(write_back, EHRUnavailable(type(error).__name__))

    async def _one(self, write_back: WriteBack) -> WriteBackReport:
        written = await self._write(write_back)
        became = AnswerState.WRITTEN
        if written is not None:
            became = await self._follow.up(_asked(write_back), written)
        await self._tell.about(
            _asked(write_back),
            write_back.answer_id,
            became,
            booked_as=written.booked_as if written else None,
        )
        now = self._clock()
        if became is AnswerState.REQUESTED:
            await self._write_backs.requested(write_back, now=now)
        else:
            await self._write_backs.done(write_back, now=now)
        return _DONE

    async def _write(self, write_back: WriteBack) -> Written | None:
        ehr = self._ehrs.get(write_back.appointment.connection)
        if ehr is None:
            raise EHRUnavailable("no such connection")
        return await write(ehr, write_back)

    async def _later(
        self, write_back: WriteBack, error: EHRUnavailable
    ) -> WriteBackReport:
        at = write_back_again(write_back, self._clock(), error.retry_after)
        if at is None:
            return await self._never(write_back, error)
        await self._write_backs.retry(write_back, at=at, code=str(error))
        return _WAITING

    async def _never(self, write_back: WriteBack, error: EHRError) -> WriteBackReport:
        log.warning("write_back_failed", **_named(write_back, error), code=str(error))
        is_lost = isinstance(error, EHRConflict)
        became = AnswerState.LOST if is_lost else AnswerState.FAILED
        await self._tell.about(_asked(write_back), write_back.answer_id, became)
        # That a visit which is off, or is another one now, was confirmed before
        # is nothing anybody has to do something about.
        if not (is_lost and write_back.kind is WriteBackKind.CONFIRM):
            await self._write_backs.fail(write_back, str(error), now=self._clock())
        if is_lost and write_back.answer_id is not None:
            await self._answers.settle(
                write_back.answer_id, AnswerState.LOST, now=self._clock()
            )
        return _FAILED


def _asked(write_back: WriteBack) -> Asked:
    return Asked(
        kind=write_back.kind,
        key=write_back.appointment,
        start_at=write_back.slot_start_at,
    )


def _named(write_back: WriteBack, error: Exception) -> dict[str, str]:
    return {
        "write_back_id": str(write_back.write_back_id),
        "kind": write_back.kind.value,
        "error": type(error).__name__,
    }
