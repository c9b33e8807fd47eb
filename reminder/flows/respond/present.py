"""A visitor at one of their visits, at this moment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from reminder.flows.respond.acts import new_answer
from reminder.flows.respond.answers import Turns
from reminder.flows.respond.door import Ask, Door, Refusal
from reminder.flows.respond.page_states import News, Step, VisitState
from reminder.flows.respond.pages import Visits, VisitView
from reminder.flows.respond.visitor import Visitor
from reminder.flows.respond.visits import Known, state
from reminder.model.answers import Answer, AnswerKind
from reminder.model.appointments import Slot

_PENDING = {
    VisitState.ASKING: News.ASKING,
    VisitState.REQUESTED: News.REQUESTED,
}
_OPEN = frozenset({VisitState.BOOKED, VisitState.CONFIRMED})


@dataclass(frozen=True, slots=True)
class Present:
    """Who is here, about which visit, and how it stands."""

    visitor: Visitor
    known: Known
    ref: str

    @property
    def state(self) -> VisitState:
        """How the visit stands."""
        return state(self.known, self.visitor.now)

    @property
    def is_open(self) -> bool:
        """Whether it can still be cancelled or moved."""
        return self.state in _OPEN

    @property
    def is_moved(self) -> bool:
        """Whether the visit is at another time than the form showed."""
        visitor = self.visitor
        return visitor.shown_ref(self.known) not in visitor.who.shown

    @property
    def is_stale(self) -> bool:
        """Whether the visit is another one than when this form was made.

        Going back in the browser and sending an old form again must not undo
        what was done since; nor does it say anything of a time not seen.
        """
        return self.is_moved or self._is_changed

    @property
    def _is_changed(self) -> bool:
        change, issued_at = self.known.last_change, self.visitor.who.issued_at
        return (
            change is not None
            and issued_at is not None
            and change.at.replace(microsecond=0) > issued_at
        )

    @property
    def pending(self) -> News | None:
        """What is still open of what the patient asked for before."""
        return _PENDING.get(self.state)

    @property
    def view(self) -> VisitView:
        """The visit as its patient may see it."""
        return self.visitor.view(self.known)

    def page(self, news: News | None = None) -> Visits:
        """All the visits, with what was just done to this one."""
        return self.visitor.page(news, self.ref)

    def closed(self) -> Visits:
        """The page for an act that the visit's state does not allow."""
        return self.page(self.pending or News.CHANGED)

    def answer(self, kind: AnswerKind, slot: Slot | None = None) -> Answer:
        """What the patient does now, with what an undo goes back to."""
        message_id = self.visitor.opening.link.message_id
        return new_answer(self.known, kind, message_id, self.visitor.now, slot)


@dataclass(frozen=True, slots=True)
class Presence:
    """Brings visitors to their visit, and lets one act at a time."""

    door: Door
    turns: Turns

    async def at(self, ask: Ask, step: Step) -> Present | Visits | Refusal:
        """The visitor at the visit they ask for, or the page that says why not."""
        visitor = await self.door.admit(ask, step)
        if not isinstance(visitor, Visitor):
            return visitor
        known = visitor.visits.get(ask.visit)
        return visitor.page() if known is None else Present(visitor, known, ask.visit)

    @asynccontextmanager
    async def turn(
        self, ask: Ask, step: Step
    ) -> AsyncIterator[Present | Visits | Refusal]:
        """The same, to act: a second click waits until the first is done."""
        async with self.turns.of(ask.visit):
            yield await self.at(ask, step)

    async def again(self, present: Present, news: News) -> Visits:
        """The page after an act, from what is known now."""
        before = present.visitor
        opening = await self.door.open(before.opening.token) or before.opening
        people = await self.door.visitors.people(opening.link)
        now = self.door.clock()
        visitor = await self.door.visitors.gather(opening, before.who, people, now)
        return visitor.page(news, _became(present.ref, before, visitor))


def _became(ref: str, before: Visitor, after: Visitor) -> str:
    """The name of the visit acted on; of the new one, where it was booked anew."""
    new = [one for one in after.visits if one not in before.visits]
    return new[0] if ref not in after.visits and len(new) == 1 else ref
