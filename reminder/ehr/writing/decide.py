"""Decides what a wish changes: the Slots to take, the Appointment, those to free."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reminder.ehr.errors import EHRConflict, EHRNotOffered, EHRRefused
from reminder.ehr.finding.slots import read_slot
from reminder.ehr.reading.raw import Stored
from reminder.ehr.writing.edits import (
    BUSY,
    FREE,
    Edit,
    Visit,
    cancelled,
    confirmed,
    expect_happening,
    moved,
    rebooked,
    slot_edit,
)
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import Occupants
from reminder.ehr.writing.wishes import Wish, held_for, is_forbidden
from reminder.model.answers import WriteBackKind
from reminder.model.appointments import Slot
from reminder.model.clock import Clock


@dataclass(frozen=True, slots=True)
class Edits:
    """All that a wish changes. `taken` are the Slots it needs, taken already or not."""

    appointment: Edit
    take: tuple[Edit, ...] = ()
    free: tuple[Edit, ...] = ()
    taken: tuple[str, ...] = ()

    def __iter__(self) -> Iterator[Edit]:
        yield from (*self.take, *self.free, self.appointment)

    def __len__(self) -> int:
        return len(self.take) + len(self.free) + 1


class Decider:
    """Looks at the visit and its Slots as they are, and says what is to be written.

    With `marks`, a Slot taken says for which wish, and one that says so already
    counts as free for it: for writes that may end half done. Without `occupants`
    no Slot is set free: where the EHR itself sees to that.
    """

    def __init__(
        self,
        exchange: Exchange,
        clock: Clock,
        occupants: Occupants | None = None,
        *,
        marks: bool = False,
    ) -> None:
        self._exchange = exchange
        self._clock = clock
        self._occupants = occupants
        self._marks = marks

    async def edits(self, wish: Wish, now: Visit) -> Edits | None:
        """What is to be written; None when it is so already.

        Raises:
            EHRConflict: it cannot be any more.
            EHRNotOffered: the EHR says that patients cannot do it.
        """
        found = await self.needed(wish, now)
        if found is not None and is_forbidden(now.stored.resource, wish.kind):
            raise EHRNotOffered(f"Appointment: {wish.kind} is not for patients")
        return found

    async def needed(self, wish: Wish, now: Visit) -> Edits | None:
        """The same, whether the EHR lets patients do it or not."""
        found = await self._changes(wish, now)
        if found is not None and wish.start_at not in (None, now.booking.start_at):
            raise EHRConflict("Appointment: at another time now")
        return found

    async def _changes(self, wish: Wish, now: Visit) -> Edits | None:
        match wish.kind:
            case WriteBackKind.CONFIRM:
                return _alone(confirmed(now))
            case WriteBackKind.CANCEL:
                return await self._cancelled(now)
            case WriteBackKind.REBOOK:
                return await self._rebooked(wish, now)
            case WriteBackKind.MOVE:
                return await self._moved(wish, now)
            case WriteBackKind.COMMUNICATION:
                raise ValueError("a Communication is no wish")

    async def _cancelled(self, now: Visit) -> Edits | None:
        edit = cancelled(now)
        if edit is None or now.is_shared:
            return _alone(edit)
        slots = await self._exchange.slots(now.booking.slot_ids)
        return Edits(edit, free=await self._freed(now, slots))

    async def _rebooked(self, wish: Wish, now: Visit) -> Edits | None:
        wanted = wish.slot_ids or now.booking.slot_ids
        edit = rebooked(now, wanted, now=self._clock())
        if edit is None or now.is_shared:
            return _alone(edit)
        slots = [self._free(wish, s) for s in await self._exchange.slots(wanted)]
        taken = (self._taken(wish, slot) for slot in slots)
        return Edits(edit, take=_all(taken), taken=wanted)

    async def _moved(self, wish: Wish, now: Visit) -> Edits | None:
        held = now.booking.slot_ids
        if held == wish.slot_ids:
            expect_happening(now)
            return None
        found, *before = await self._exchange.slots((*wish.slot_ids, *held))
        new, old = self._free(wish, found), [one for one in before if one is not None]
        slot = self._of_same_schedule(new, old)
        edit = moved(now, new, slot, now=self._clock())
        freed = await self._freed(now, [s for s in old if s.path != new.path])
        take = _all([self._taken(wish, new)])
        return Edits(edit, take=take, free=freed, taken=wish.slot_ids)

    async def _freed(
        self, now: Visit, slots: Sequence[Stored | None]
    ) -> tuple[Edit, ...]:
        """Those Slots set free in which, as far as can be told, nobody else sits."""
        edits = _all([slot_edit(slot, FREE) for slot in slots if slot is not None])
        return tuple([edit for edit in edits if await self._is_left(now, edit.stored)])

    async def _is_left(self, now: Visit, slot: Stored) -> bool:
        if self._occupants is None:
            return False
        own = now.booking.key.appointment_id
        found = await self._occupants.of(slot, knowing=own)
        return all(each.get("id") == own for each in found or ())

    async def in_its_slot(self, wish: Wish, now: Visit) -> Edit | None:
        """What a visit would look like that is all in the Slot it was moved to."""
        if wish.kind is not WriteBackKind.MOVE:
            return None
        (stored,) = await self._exchange.slots(wish.slot_ids)
        slot = read_slot(stored.resource, self._exchange.base_url) if stored else None
        if stored is None or slot is None:
            return None
        return moved(now, stored, slot, now=self._clock())

    def _free(self, wish: Wish, slot: Stored | None) -> Stored:
        if slot is not None and slot.resource.get("status") == FREE:
            return slot
        if slot is not None and self._marks and is_held(slot, wish):
            return slot
        raise EHRConflict("Slot: taken")

    def _taken(self, wish: Wish, slot: Stored) -> Edit | None:
        return slot_edit(slot, BUSY, wish if self._marks else None)

    def _of_same_schedule(self, new: Stored, old: Sequence[Stored]) -> Slot:
        base_url = self._exchange.base_url
        slot = read_slot(new.resource, base_url)
        others = [read_slot(each.resource, base_url) for each in old]
        schedules = {each.schedule_id for each in others if each is not None}
        # An EHR that shows free Slots only tells no schedule of the old one.
        if slot is None or (schedules and slot.schedule_id not in schedules):
            raise EHRRefused("Slot: of another schedule")
        return slot


def is_held(slot: Stored, wish: Wish) -> bool:
    """Whether the Slot was taken by an earlier try of this very wish."""
    return slot.resource.get("status") == BUSY and wish.ask.urn in held_for(
        slot.resource
    )


def _alone(edit: Edit | None) -> Edits | None:
    return None if edit is None else Edits(edit)


def _all(edits: "Iterator[Edit | None] | Sequence[Edit | None]") -> tuple[Edit, ...]:
    return tuple(edit for edit in edits if edit is not None)
