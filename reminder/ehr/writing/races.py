"""Asks once more who was first, where an earlier try may have ended before it could.

A write whose answer was lost looks done to the next try. Whether somebody else
was let into the Slot as well nobody has asked yet.
"""

from dataclasses import dataclass, replace
from typing import Protocol

from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.finding.slots import read_slot
from reminder.ehr.reading.raw import Stored
from reminder.ehr.writing.decide import Edits
from reminder.ehr.writing.edits import BUSY, FREE, Visit, moved, slot_edit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import LostRace, Occupants
from reminder.ehr.writing.wishes import Wish
from reminder.model.answers import WriteBackKind
from reminder.model.clock import Clock

_TAKING = (WriteBackKind.MOVE, WriteBackKind.REBOOK)


class Sends(Protocol):
    """What of a style is needed to go back."""

    async def send(self, wish: Wish, now: Visit, edits: Edits) -> None:
        """Write all of it, or none of it."""


@dataclass(frozen=True, slots=True)
class Races:
    """Races for Slots that were run before, and how they ended."""

    exchange: Exchange
    occupants: Occupants
    clock: Clock

    async def expect_won(self, wish: Wish, now: Visit, style: Sends) -> None:
        """The visit is where it was wished to be: nobody else may be there first.

        Raises:
            LostRace: somebody was; the visit is back where it was before.
            EHRRefused: somebody was, and it cannot go back. A cancellation
                never comes back by itself: who took it back we cannot know.
        """
        if wish.kind not in _TAKING or now.is_shared:
            return
        slot_ids = wish.slot_ids or now.booking.slot_ids
        try:
            await self.occupants.expect_first(wish.key.appointment_id, slot_ids)
        except LostRace:
            if not await self._is_back(wish, now, style):
                raise EHRRefused("Appointment: two in one Slot") from None
            raise

    async def _is_back(self, wish: Wish, now: Visit, style: Sends) -> bool:
        if wish.kind is not WriteBackKind.MOVE or len(wish.before_slot_ids) != 1:
            return False
        back = replace(wish, slot_ids=wish.before_slot_ids, before_slot_ids=())
        try:
            edits = await self._edits(wish, back, now)
            if edits is not None:
                await style.send(back, now, edits)
        except EHRConflict:
            return False
        return edits is not None

    async def _edits(self, wish: Wish, back: Wish, now: Visit) -> Edits | None:
        here, there = await self.exchange.slots((*wish.slot_ids, *back.slot_ids))
        if there is None or not await self._is_empty(there, now, here):
            return None
        slot = read_slot(there.resource, self.exchange.base_url)
        if slot is None:
            return None
        edit = moved(now, there, slot, now=self.clock())
        busy = slot_edit(there, BUSY)
        take = () if busy is None else (busy,)
        return Edits(edit, take=take, taken=back.slot_ids)

    async def _is_empty(self, slot: Stored, now: Visit, here: Stored | None) -> bool:
        if slot.resource.get("status") == FREE:
            return True
        knowing = now.booking.key.appointment_id
        return await self.occupants.of(slot, knowing=knowing, at=here) == []
