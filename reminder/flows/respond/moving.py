"""How a patient moves a visit: a day, a time, a look at both times, and the act."""

from datetime import UTC, date, datetime

from reminder.flows.respond.answers import Answering
from reminder.flows.respond.door import Ask, Refusal
from reminder.flows.respond.openings import Openings, by_day, of_day
from reminder.flows.respond.page_states import News, NoTimesBecause, Step
from reminder.flows.respond.pages import (
    CheckMove,
    ChooseDay,
    ChooseTime,
    NoTimes,
    Visits,
)
from reminder.flows.respond.present import Presence, Present
from reminder.flows.respond.tickets import Pass
from reminder.model.answers import AnswerKind, AnswerState
from reminder.model.appointments import Slot

_DAYS_A_PAGE = 5
_LATEST_S = 10**10
"""The year 2286: instants at the ends of the calendar are in no clinic's zone."""

Choice = ChooseDay | ChooseTime | CheckMove | NoTimes | Visits | Refusal


class Moving:
    """The pages from 'another time' to the new one. Nothing is held meanwhile."""

    def __init__(
        self, presence: Presence, openings: Openings, answering: Answering
    ) -> None:
        self._presence = presence
        self._openings = openings
        self._answering = answering

    async def days(self, ask: Ask, page: int = 0) -> Choice:
        """The days with openings, five a page."""
        present = await self._open(ask)
        if not isinstance(present, Present):
            return present
        return self._days(present, await self._free(present), page)

    async def times(self, ask: Ask, day: date) -> Choice:
        """The times of one day; the days again when it has none."""
        present = await self._open(ask)
        if not isinstance(present, Present):
            return present
        return self._times(present, await self._free(present), day)

    async def check(self, ask: Ask, day: date, choice: str) -> Choice:
        """The new time beside the old one; nothing is done yet.

        `choice` is what `chosen` made of a Slot; without one the times are
        shown again.
        """
        present = await self._open(ask)
        if not isinstance(present, Present):
            return present
        slots = await self._free(present)
        slot_id, start_at = read_choice(choice)
        if start_at is None or slots is None:
            return self._times(present, slots, day, unchosen=True)
        for slot in slots:
            if slot.slot_id == slot_id:
                who = Pass(present.visitor.who.patients, slot)
                here = present.visitor.here(Step.MOVE, who=who)
                return CheckMove(here=here, visit=present.view, slot=slot)
        return self._times(present, slots, day, taken=start_at)

    async def move(self, ask: Ask) -> Choice:
        """Move to the time the ticket names, in the EHR at once if it answers."""
        async with self._presence.turn(ask, Step.MOVE) as present:
            if not isinstance(present, Present):
                return present
            slot = present.visitor.who.slot
            if slot is None:
                return present.page()
            if _is_there(present, slot):
                return present.page(News.ALREADY_MOVED)
            if present.is_stale or not present.is_open:
                return present.closed()
            return await self._move(present, slot)

    async def _move(self, present: Present, slot: Slot) -> Choice:
        answer = present.answer(AnswerKind.MOVE, slot)
        match await self._answering.move(answer):
            case AnswerState.WRITTEN:
                return await self._presence.again(present, News.MOVED)
            case AnswerState.WAITING:
                return await self._presence.again(present, News.ASKING)
            case AnswerState.REQUESTED:
                return await self._presence.again(present, News.REQUESTED)
            case AnswerState.FAILED:
                return await self._presence.again(present, News.REFUSED)
            case AnswerState.LOST:
                return await self._lost(present, slot)

    async def _lost(self, present: Present, slot: Slot) -> Choice:
        """Other times; if that one is still free, it was the visit that changed."""
        slots = await self._free(present)
        if any(one.slot_id == slot.slot_id for one in slots or ()):
            return await self._presence.again(present, News.CHANGED)
        day = slot.start_at.astimezone(present.known.clinic.zone).date()
        return self._times(present, slots, day, taken=slot.start_at)

    async def _open(self, ask: Ask) -> Present | Visits | Refusal:
        present = await self._presence.at(ask, Step.SEE)
        if isinstance(present, Present) and not present.is_open:
            return present.closed()
        return present

    async def _free(self, present: Present) -> list[Slot] | None:
        return await self._openings.free(present.known.appointment, present.visitor.now)

    def _days(
        self,
        present: Present,
        slots: list[Slot] | None,
        page: int = 0,
        taken: datetime | None = None,
    ) -> ChooseDay | NoTimes:
        here, view = present.visitor.here(Step.CALL), present.view
        days = by_day(slots or (), present.known.clinic.zone)
        if not days:
            none, unknown = NoTimesBecause.NONE_FREE, NoTimesBecause.NO_ANSWER
            because = unknown if slots is None else none
            return NoTimes(here=here, visit=view, because=because, taken=taken)
        page = max(0, min(page, (len(days) - 1) // _DAYS_A_PAGE))
        first = page * _DAYS_A_PAGE
        return ChooseDay(
            here=here,
            visit=view,
            days=tuple(days[first : first + _DAYS_A_PAGE]),
            page=page,
            more=len(days) > first + _DAYS_A_PAGE,
            taken=taken,
        )

    def _times(
        self,
        present: Present,
        slots: list[Slot] | None,
        day: date,
        *,
        unchosen: bool = False,
        taken: datetime | None = None,
    ) -> ChooseTime | ChooseDay | NoTimes:
        parts = of_day(slots or (), day, present.known.clinic.zone)
        if not any((parts.morning, parts.afternoon, parts.evening)):
            return self._days(present, slots, taken=taken)
        return ChooseTime(
            here=present.visitor.here(Step.CALL),
            visit=present.view,
            day=day,
            morning=parts.morning,
            afternoon=parts.afternoon,
            evening=parts.evening,
            unchosen=unchosen,
            taken=taken,
        )


def chosen(slot: Slot) -> str:
    """A Slot as the value of a radio button."""
    return f"{slot.start_at.timestamp():.0f}.{slot.slot_id}"


def read_choice(choice: str) -> tuple[str, datetime | None]:
    """The Slot's id and start (UTC); the start is None when nothing was chosen."""
    start, _, slot_id = choice.partition(".")
    try:
        start_s = int(start)
    except ValueError:
        return "", None
    if not 0 < start_s < _LATEST_S:
        return "", None
    return slot_id, datetime.fromtimestamp(start_s, UTC)


def _is_there(present: Present, slot: Slot) -> bool:
    change = present.known.last_change
    return (
        change is not None
        and change.kind is AnswerKind.MOVE
        and change.slot_id == slot.slot_id
        and change.state is AnswerState.WRITTEN
    )
