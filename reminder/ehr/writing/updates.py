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
            held = await self.exchange.slots(now.booking.slot_ids[:1])
            knowing, at = wish.key.appointment_id, held[0] if held else None
            await self.leave(wish, edits.taken, knowing=knowing, at=at)
            raise
        except (EHRConflict, EHRRefused):
            await self.undo.all(done)
            await self.undo.release(edits.taken, wish)
            raise
        names = edits.taken or now.booking.slot_ids
        for edit in edits.free:
            await self._free(edit, wish.key.appointment_id, names)

    async def tidy(self, wish: Wish, now: Visit) -> Visit:
        """Free the Slots that a try which ended half done has left behind."""
        if wish.kind is WriteBackKind.CANCEL:
            await self.tidy_cancelled(now)
        if wish.kind is WriteBackKind.MOVE:
            left = [s for s in wish.before_slot_ids if s not in wish.slot_ids]
            await self._free_if_empty(left, _id(now), now.booking.slot_ids)
        return now

    async def tidy_cancelled(self, now: Visit) -> None:
        """Free what a cancellation of ours has left taken."""
        if is_cancelled_by_patient(now):
            slot_ids = now.booking.slot_ids
            await self._free_if_empty(slot_ids, _id(now), slot_ids)

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

    async def _free(self, edit: Edit, knowing: str, names: Sequence[str]) -> None:
        """Free a Slot as it was decided; one changed since is looked at again."""
        if not await self._is_put(edit):
            slot_id = str(edit.stored.resource["id"])
            await self._free_if_empty([slot_id], knowing, names)

    async def _free_if_empty(
        self, slot_ids: Sequence[str], knowing: str, names: Sequence[str]
    ) -> None:
        """Free those in which certainly nobody sits: the clinic may have taken them.

        `knowing` is an appointment and `names` are the Slots it names now.
        """
        for slot_id in slot_ids:
            for _ in range(_TRIES):
                if await self._is_freed_if_empty(slot_id, knowing, names):
                    break

    async def _is_freed_if_empty(
        self, slot_id: str, knowing: str, names: Sequence[str]
    ) -> bool:
        """Whether that was done, or need not be; not where it changed meanwhile."""
        slot, *held = await self.exchange.slots((slot_id, *names[:1]))
        freed = None if slot is None else slot_edit(slot, FREE)
        if freed is None:
            return True
        # Asked after it was read, so that whoever comes now changes its version.
        at = None if slot_id in names or not held else held[0]
        sitting = await self.occupants.of(freed.stored, knowing=knowing, at=at)
        return sitting != [] or await self._is_put(freed)

    async def _is_put(self, edit: Edit) -> bool:
        """Not where it changed meanwhile; what the EHR says no to stays as it is."""
        try:
            await self.exchange.put(edit)
        except EHRConflict:
            return False
        except EHRRefused:
            pass
        return True


def _id(visit: Visit) -> str:
    return visit.booking.key.appointment_id
