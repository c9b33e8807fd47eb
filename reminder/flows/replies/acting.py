"""Acts on visits as a text message asks: on one, or else asks which."""

from datetime import timedelta
from typing import Protocol

from reminder.flows.replies.answer import answer
from reminder.flows.replies.number import Number
from reminder.flows.respond.acts import forget_confirmation, new_answer
from reminder.flows.respond.answers import KeepsAnswers
from reminder.flows.respond.page_states import VisitState
from reminder.flows.respond.visits import Known
from reminder.messages.replies import chosen
from reminder.model.answers import Answer, AnswerKind, AnswerState, WriteBackKind
from reminder.model.inbound import OpenQuestion, Wish
from reminder.model.replies import Asking, Deed

_MOST_OPTIONS = 9
_ASKED_FOR = timedelta(hours=24)
_CANCELLED = {
    AnswerState.WRITTEN: "reply-cancelled",
    AnswerState.WAITING: "reply-asked",
    AnswerState.REQUESTED: "reply-asked",
}


class Cancels(Protocol):
    """The asking of the EHR, as a patient waits for it."""

    async def cancel(self, answer: Answer) -> AnswerState:
        """Cancel, and say what became of it."""


class Acting:
    """What is asked for twice is done once, and answered with how the visit stands."""

    def __init__(self, answering: Cancels, answers: KeepsAnswers) -> None:
        self._answering = answering
        self._answers = answers

    async def act(self, wish: Wish, number: Number) -> Deed | None:
        """Confirm, cancel, or lead to another time; None when there is no visit."""
        latest = number.latest or number.visits
        if not latest:
            return None
        if not any(map(number.is_open, latest)):
            return _state(wish, number, latest)
        visits = [one for one in number.visits if number.is_open(one)]
        if wish is Wish.MOVE:
            return _deed(wish, number, "reply-link", *visits[:_MOST_OPTIONS])
        if wish is Wish.CONFIRM and len(visits) > 1:
            states = {one.key: number.state(one) for one in visits}
            unsaid = [one for one in visits if states[one.key] is VisitState.BOOKED]
            if not unsaid:
                return _state(wish, number, visits)
            visits = unsaid
        if len(visits) == 1:
            return await self._one(wish, number, visits[0])
        return _ask(wish, number, visits[:_MOST_OPTIONS])

    async def which(self, text: str, number: Number) -> Deed | None:
        """Do what was asked for with the visit of this number in our question.

        One that is no longer as it was offered is not touched.
        """
        question, place = number.kept.question, chosen(text)
        if question is None:
            return None
        options = [number.visit(key) for key in question.options]
        known = [one for one in options if one is not None]
        if not known:
            return None
        picked = options[place - 1] if place <= len(options) else None
        if picked is None or not number.may_name(known):
            return _state(Wish.WHICH, number, known)
        start_at = number.kept.starts[place - 1]
        if picked.appointment.start_at != start_at or not number.is_open(picked):
            return _state(Wish.WHICH, number, [picked])
        return await self._one(question.wish, number, picked, Wish.WHICH)

    async def _one(
        self, wish: Wish, number: Number, known: Known, asked_as: Wish | None = None
    ) -> Deed:
        if wish is Wish.CONFIRM:
            template = await self._confirm(number, known)
        else:
            template = await self._cancel(number, known)
        return _deed(asked_as or wish, number, template, known)

    async def _confirm(self, number: Number, known: Known) -> str:
        if number.state(known) is VisitState.BOOKED:
            told, now = number.told_by(known.key), number.now
            said = new_answer(known, AnswerKind.CONFIRM, told, now)
            await self._answers.record(
                said, write_back=WriteBackKind.CONFIRM, now=now, first_try_at=now
            )
        return "reply-confirmed"

    async def _cancel(self, number: Number, known: Known) -> str:
        told, now = number.told_by(known.key), number.now
        said = new_answer(known, AnswerKind.CANCEL, told, now)
        became = await self._answering.cancel(said)
        if became in (AnswerState.WRITTEN, AnswerState.REQUESTED):
            await forget_confirmation(self._answers, known, now)
        return _CANCELLED.get(became, "reply-state")


def _ask(wish: Wish, number: Number, visits: list[Known]) -> Deed:
    """Ask which; where they may not be named, behind the link."""
    deed = _deed(wish, number, "reply-which", *visits)
    if not number.may_name(visits):
        return deed
    asking = Asking(
        question=OpenQuestion(
            at=number.at,
            wish=wish,
            options=tuple(one.key for one in visits),
            expires_at=number.now + _ASKED_FOR,
        ),
        starts=tuple(one.appointment.start_at for one in visits),
    )
    return Deed(
        wish=deed.wish, clinic_id=deed.clinic_id, answer=deed.answer, asking=asking
    )


def _state(wish: Wish, number: Number, visits: list[Known] | tuple[Known, ...]) -> Deed:
    return _deed(wish, number, "reply-state", *visits[:_MOST_OPTIONS])


def _deed(wish: Wish, number: Number, template: str, *about: Known) -> Deed:
    return Deed(
        wish=wish,
        clinic_id=number.clinic.clinic_id if number.clinic else None,
        appointment=about[0].key if len(about) == 1 else None,
        answer=answer(number, template, about),
    )
