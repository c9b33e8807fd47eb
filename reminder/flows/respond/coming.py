"""Whether a patient is coming: confirm, cancel, and take it back."""

from dataclasses import replace

import structlog

from reminder.flows.respond.acts import forget_confirmation
from reminder.flows.respond.answers import Answering, KeepsAnswers
from reminder.flows.respond.door import Ask, Refusal
from reminder.flows.respond.page_states import News, Step, VisitState
from reminder.flows.respond.pages import CheckCancel, Visits
from reminder.flows.respond.present import Presence, Present
from reminder.flows.respond.visits import undoable
from reminder.model.answers import Answer, AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import Slot

log = structlog.get_logger()


class Coming:
    """Each act may be repeated and then says so; what it did can be undone."""

    def __init__(
        self, presence: Presence, answering: Answering, answers: KeepsAnswers
    ) -> None:
        self._presence = presence
        self._answering = answering
        self._answers = answers

    async def confirm(self, ask: Ask) -> Visits | Refusal:
        """The patient will come; the EHR is told afterwards."""
        async with self._presence.turn(ask, Step.CONFIRM) as present:
            if not isinstance(present, Present):
                return present
            if present.state is VisitState.CONFIRMED:
                return present.page(News.ALREADY_CONFIRMED)
            if present.is_moved or present.state is not VisitState.BOOKED:
                return present.closed()
            now = present.visitor.now
            answer = present.answer(AnswerKind.CONFIRM)
            await self._answers.record(
                answer, write_back=WriteBackKind.CONFIRM, now=now, first_try_at=now
            )
            log.info("answered", answer_id=str(answer.answer_id), kind=answer.kind)
            return await self._presence.again(present, News.CONFIRMED)

    async def check_cancel(self, ask: Ask) -> CheckCancel | Visits | Refusal:
        """Asks whether to cancel; nothing is done yet."""
        present = await self._presence.at(ask, Step.SEE)
        if not isinstance(present, Present):
            return present
        if not present.is_open:
            return present.closed()
        here = present.visitor.here(Step.CANCEL)
        return CheckCancel(here=here, visit=present.view)

    async def cancel(self, ask: Ask) -> Visits | Refusal:
        """Cancel, in the EHR at once if it answers."""
        async with self._presence.turn(ask, Step.CANCEL) as present:
            if not isinstance(present, Present):
                return present
            if present.state is VisitState.CANCELLED:
                return present.page(News.ALREADY_CANCELLED)
            if present.is_stale or not present.is_open:
                return present.closed()
            became = await self._answering.cancel(present.answer(AnswerKind.CANCEL))
            if became in (AnswerState.WRITTEN, AnswerState.REQUESTED):
                now = present.visitor.now
                await forget_confirmation(self._answers, present.known, now)
            news = _NOT_DONE.get(became, News.CANCELLED)
            return await self._presence.again(present, news)

    async def undo(self, ask: Ask) -> Visits | Refusal:
        """Take the last cancellation or move back, while that is possible."""
        async with self._presence.turn(ask, Step.UNDO) as present:
            if not isinstance(present, Present):
                return present
            change = undoable(present.known, present.visitor.now)
            if change is None or present.is_stale:
                return present.page(_nothing_to_undo(present))
            return await self._undo(present, change[0])

    async def _undo(self, present: Present, change: Answer) -> Visits:
        if change.kind is AnswerKind.CANCEL:
            answer = present.answer(AnswerKind.UNDO_CANCEL, _former(change))
            answer = replace(
                answer, slot_id=None, before_slot_ids=change.before_slot_ids
            )
            became, done = await self._answering.rebook(answer), News.RESTORED
        else:
            answer = present.answer(AnswerKind.UNDO_MOVE, _former(change))
            became, done = await self._answering.move(answer), News.MOVED_BACK
        lost = became is AnswerState.LOST
        news = News.TAKEN_BACK if lost else _NOT_DONE.get(became, done)
        return await self._presence.again(present, news)


_NOT_DONE = {
    AnswerState.WAITING: News.ASKING,
    AnswerState.REQUESTED: News.REQUESTED,
    AnswerState.LOST: News.CHANGED,
    AnswerState.FAILED: News.REFUSED,
}
"""What is told of an act that was not simply done."""


def _former(change: Answer) -> Slot:
    """The time a change gave up, as far as it is known."""
    start_at = change.before_start_at or change.at
    slot_id = next(iter(change.before_slot_ids), "")
    return Slot(slot_id=slot_id, schedule_id="", start_at=start_at, end_at=start_at)


def _nothing_to_undo(present: Present) -> News:
    change = present.known.last_change
    if change is not None and change.state is AnswerState.WRITTEN:
        if change.kind is AnswerKind.UNDO_CANCEL:
            return News.RESTORED
        if change.kind is AnswerKind.UNDO_MOVE:
            return News.MOVED_BACK
    return present.pending or News.TOO_LATE_TO_UNDO
