"""Writes one PUT after the other, so that whatever ends in between can be mended.

First the new Slot: a lost race shows there, and nothing else is written. Then
the Appointment, and only then the old Slot. A Slot we took says for which wish,
so that the next try goes on from there, or gives it back.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.reading.raw import Stored
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import (
    FREE,
    Edit,
    Visit,
    is_cancelled_by_patient,
    slot_edit,
)
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import LostRace, Occupants
from reminder.ehr.writing.undo import Undo
from reminder.ehr.writing.wishes import Wish
from reminder.model.answers import WriteBackKind

_TRIES = 2


@dataclass(frozen=True, slots=True)
class Updates:
    """One resource at a time, each under its version."""

    exchange: Exchange
    decider: Decider
    undo: Undo
    occupants: Occupants

    async def send(self, wish: Wish, now: Visit, edits: Edits) -> None:
        """Write in order; what fails takes back what was written before it."""
        done: list[Edit] = []
        try:
            for edit in (*edits.take, edits.appointment):
                await self.exchange.put(edit)
                done.append(edit)
            await self.occupants.expect_first(wish.key.appointment_id, edits.taken)
        except LostRace:
            if not await self.undo.one(edits.appointment):
                raise EHRRefused("Appointment: booked twice") from None
            at = edits.free[0].stored if edits.free else None
            knowing = wish.key.appointment_id
            await self.leave(wish, edits.taken, knowing=knowing, at=at)
            raise
        except (EHRConflict, EHRRefused):
            await self.undo.all(done)
            await self.undo.release(edits.taken, wish)
            raise
        await self.free(_slot_ids(edits.free))

    async def tidy(self, wish: Wish, now: Visit) -> Visit:
        """Free the Slots that a try which ended half done has left behind."""
        if wish.kind is WriteBackKind.CANCEL:
            await self.tidy_cancelled(now)
        if wish.kind is WriteBackKind.MOVE:
            left = [s for s in wish.before_slot_ids if s not in wish.slot_ids]
            await self._free_if_empty(left, now)
        return now

    async def tidy_cancelled(self, now: Visit) -> None:
        """Free what a cancellation of ours has left taken."""
        if is_cancelled_by_patient(now):
            await self._free_if_empty(now.booking.slot_ids, now)

    async def give_up(self, wish: Wish) -> None:
        """Free the Slots that an earlier try took for nothing."""
        await self.undo.release(wish.slot_ids, wish)

    async def leave(
        self,
        wish: Wish,
        slot_ids: Sequence[str],
        *,
        knowing: str,
        at: Stored | None = None,
    ) -> None:
        """Give back the Slots of a lost race, if after all nobody sits in them.

        `knowing` and `at`: see `Occupants.of`.
        """
        for slot in await self.exchange.slots(slot_ids):
            if slot is None:
                continue
            if await self.occupants.of(slot, knowing=knowing, at=at) == []:
                await self.undo.release([str(slot.resource["id"])], wish)

    async def free(self, slot_ids: Sequence[str]) -> None:
        """Free Slots that nobody needs any more; what the EHR says no to stays."""
        for slot_id in slot_ids:
            for _ in range(_TRIES):
                try:
                    await self._free(await self.exchange.stored("Slot", slot_id))
                except EHRConflict:
                    continue
                except EHRRefused:
                    pass
                break

    async def _free_if_empty(self, slot_ids: Sequence[str], now: Visit) -> None:
        """Free those in which certainly nobody sits: the clinic may have taken them."""
        held = await self.exchange.slots(now.booking.slot_ids[:1])
        for slot in await self.exchange.slots(slot_ids):
            if slot is None or slot_edit(slot, FREE) is None:
                continue
            names_it = slot.resource["id"] in now.booking.slot_ids
            at = None if names_it or not held else held[0]
            if await self._is_empty(slot, now, at):
                await self.free([str(slot.resource["id"])])

    async def _is_empty(self, slot: Stored, now: Visit, at: Stored | None) -> bool:
        knowing = now.booking.key.appointment_id
        return await self.occupants.of(slot, knowing=knowing, at=at) == []

    async def _free(self, slot: Stored | None) -> None:
        freed = None if slot is None else slot_edit(slot, FREE)
        if freed is not None:
            await self.exchange.put(freed)


def _slot_ids(edits: Sequence[Edit]) -> list[str]:
    return [str(edit.resource["id"]) for edit in edits]
