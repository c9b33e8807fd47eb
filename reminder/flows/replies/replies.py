"""Works through the replies that are kept: each understood, acted on, answered once."""

import asyncio
from collections import defaultdict
from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Protocol

import structlog

from reminder.flows.replies.acting import Acting
from reminder.flows.replies.answer import answer
from reminder.flows.replies.number import Number, People, number
from reminder.messages.replies import is_keyword, understand
from reminder.model.clinics import Clinics
from reminder.model.clock import Clock
from reminder.model.inbound import Wish
from reminder.model.people import ContactPoint
from reminder.model.replies import Correspondent, Deed, PendingReply
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.errors import StoreUnavailable

log = structlog.get_logger()

MOST_ANSWERS_AN_HOUR = 10
"""For one number: another machine that answers us must not go on for ever."""

_AT_ONCE = 100
_SIDE_BY_SIDE = 8
_ABOUT_A_VISIT = frozenset({Wish.CONFIRM, Wish.MOVE, Wish.CANCEL})


class Kept(Protocol):
    """Where replies are kept."""

    async def pending(self, *, limit: int) -> list[PendingReply]:
        """What nothing was done about yet, in the order it came."""

    async def correspondent(
        self, point: ContactPoint, *, now: datetime
    ) -> Correspondent:
        """All that is kept about a number."""

    async def settle(self, reply: PendingReply, deed: Deed, *, now: datetime) -> bool:
        """Write all that follows from it; False when somebody was faster."""


class Replies:
    """Acts on replies; of one number in the order they came.

    `answered_elsewhere` are the transports whose provider answers STOP, START
    and HELP itself.
    """

    def __init__(
        self,
        *,
        kept: Kept,
        people: People,
        clinics: Clinics,
        acting: Acting,
        answered_elsewhere: Collection[str],
        clock: Clock,
    ) -> None:
        self._kept = kept
        self._people = people
        self._clinics = clinics
        self._acting = acting
        self._answered_elsewhere = answered_elsewhere
        self._clock = clock
        self._turn = asyncio.Lock()

    async def run(self) -> int:
        """Act on all that is kept and was not acted on: how many there were."""
        total = 0
        async with self._turn:
            while pending := await self._kept.pending(limit=_AT_ONCE):
                total += len(pending)
                await self._all(pending)
        return total

    async def _all(self, pending: Collection[PendingReply]) -> None:
        """Numbers do not wait for each other: one may wait for an EHR."""
        by_number: dict[ContactPoint, list[PendingReply]] = defaultdict(list)
        for reply in pending:
            by_number[reply.from_point].append(reply)
        places = asyncio.Semaphore(_SIDE_BY_SIDE)

        async def in_order(replies: list[PendingReply]) -> None:
            async with places:
                for reply in replies:
                    await self._one(reply)

        done = await asyncio.gather(
            *map(in_order, by_number.values()), return_exceptions=True
        )
        for error in done:
            if isinstance(error, BaseException):
                raise error

    async def _one(self, reply: PendingReply) -> None:
        try:
            deed = await self._deed(reply)
        except StoreUnavailable:
            raise
        except Exception as error:  # noqa: BLE001 - a human reads what we stumble over
            kind, name = type(error).__name__, str(reply.reply_id)
            log.error("could_not_act_on_reply", reply_id=name, error=kind)
            deed = Deed(
                wish=Wish.OTHER,
                is_done=False,
                entries=(_to_read(reply, None, self._clock()),),
            )
        if await self._kept.settle(reply, deed, now=self._clock()):
            log.info(
                "acted_on_reply",
                reply_id=str(reply.reply_id),
                wish=deed.wish,
                answered=deed.answer is not None,
            )

    async def _deed(self, reply: PendingReply) -> Deed:
        now, at = self._clock(), reply.from_point
        kept = await self._kept.correspondent(at, now=now)
        known = await number(at, kept, self._people, self._clinics(), now)
        clinic = known.clinic
        wish = understand(
            reply.text,
            languages=(known.language, *(clinic.languages if clinic else ())),
            asked=len(kept.question.options) if kept.question else 0,
            stopped=kept.is_stopped,
        )
        deed = await self._of(wish, reply, known)
        return deed if self._may_answer(deed, reply, known) else _silent(deed)

    async def _of(self, wish: Wish, reply: PendingReply, known: Number) -> Deed:
        deed: Deed | None = None
        if wish is Wish.WHICH:
            deed = await self._acting.which(reply.text, known)
        elif wish in _ABOUT_A_VISIT:
            deed = await self._acting.act(wish, known)
        elif wish is not Wish.OTHER:
            deed = _about_the_number(wish, known)
        return deed or _for_a_human(reply, known)

    def _may_answer(self, deed: Deed, reply: PendingReply, known: Number) -> bool:
        """Whether we answer: never a stranger, a stopped number, or without an end."""
        if not known.is_known or known.kept.recent >= MOST_ANSWERS_AN_HOUR:
            return False
        if known.kept.is_stopped and deed.wish is not Wish.START:
            return False
        elsewhere = reply.transport in self._answered_elsewhere
        is_word = deed.wish in (Wish.STOP, Wish.START, Wish.HELP)
        return not (elsewhere and is_word and is_keyword(reply.text))


def _silent(deed: Deed) -> Deed:
    """The same without an answer, and so without a question."""
    return replace(deed, answer=None, asking=None)


def _about_the_number(wish: Wish, known: Number) -> Deed:
    """What does not depend on any visit."""
    clinic_id = known.clinic.clinic_id if known.clinic else None
    deed = Deed(wish=wish, clinic_id=clinic_id)
    if wish is Wish.STOP:
        return replace(deed, stop="stop", answer=answer(known, "reply-stopped"))
    if wish is Wish.START:
        return replace(deed, starts=True, answer=answer(known, "reply-started"))
    if wish is Wish.HELP:
        return replace(deed, answer=answer(known, "reply-help"))
    entries = tuple(
        WorklistEntry(
            kind=WorklistKind.WRONG_NUMBER,
            subject=f"{patient.connection}/{patient.patient_id}",
            at=known.now,
            appointment=next(
                (one.key for one in known.visits if one.key.patient == patient), None
            ),
            clinic_id=clinic_id,
        )
        for patient in known.kept.patients
    )
    said = answer(known, "reply-not-me")
    return replace(deed, stop="not-me", entries=entries, answer=said)


def _for_a_human(reply: PendingReply, known: Number) -> Deed:
    """Kept for the clinic; acknowledged once a day."""
    clinic_id = known.clinic.clinic_id if known.clinic else None
    about = known.latest[0].key if len(known.latest) == 1 else None
    entry = replace(_to_read(reply, clinic_id, known.now), appointment=about)
    return Deed(
        wish=Wish.OTHER,
        clinic_id=clinic_id,
        appointment=about,
        is_done=False,
        entries=(entry,) if known.is_known else (),
        answer=None if known.kept.words else answer(known, "reply-read"),
    )


def _to_read(reply: PendingReply, clinic_id: str | None, at: datetime) -> WorklistEntry:
    return WorklistEntry(
        kind=WorklistKind.PATIENT_WROTE,
        subject=str(reply.reply_id),
        at=at,
        clinic_id=clinic_id,
    )
