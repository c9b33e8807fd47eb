"""Patches an Appointment where the EHR itself sees to its Slots (Oracle Health)."""

from dataclasses import dataclass

from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import Edit, Visit, retimed
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.json_patch import put_back
from reminder.ehr.writing.occupants import Occupants
from reminder.ehr.writing.wishes import Wish
from reminder.model.answers import WriteBackKind


@dataclass(frozen=True, slots=True)
class Patches:
    """JSON Patch of the Appointment alone, each under its version."""

    exchange: Exchange
    decider: Decider
    occupants: Occupants

    async def send(self, wish: Wish, now: Visit, edits: Edits) -> None:
        """Patch; where the times do not follow a new Slot, they are patched too."""
        await self.exchange.patch(edits.appointment)
        if not edits.taken:
            return
        try:
            if wish.kind is WriteBackKind.MOVE:
                moved = await self.exchange.visit(wish.key)
                await self._retime(moved, edits.appointment)
            await self.occupants.expect_first(wish.key.appointment_id, edits.taken)
        except (EHRConflict, EHRRefused):
            try:
                await self._back(wish, now)
            except (EHRConflict, EHRRefused):
                raise EHRRefused("Appointment: booked twice") from None
            raise

    async def tidy(self, wish: Wish, now: Visit) -> Visit:
        """A visit in its new Slot at its old time is half moved: finish it."""
        meant = await self.decider.in_its_slot(wish, now)
        if meant is None or not await self._retime(now, meant):
            return now
        return await self.exchange.visit(wish.key)

    async def give_up(self, wish: Wish) -> None:
        """Nothing: one patch is whole, and the Slots are the EHR's affair."""

    async def _retime(self, moved: Visit, meant: Edit) -> bool:
        edit = retimed(moved, meant)
        if edit is not None:
            await self.exchange.patch(edit)
        return edit is not None

    async def _back(self, wish: Wish, before: Visit) -> None:
        """The Appointment as it was, if it is where this wish has put it."""
        now = await self.exchange.visit(wish.key)
        if now.booking.slot_ids == wish.slot_ids:
            patch = tuple(put_back(now.stored.resource, before.stored.resource))
            await self.exchange.patch(Edit(now.stored, now.stored.resource, patch))
