"""Takes back what was written, where it is still what we wrote."""

from collections.abc import Sequence

import orjson

from reminder.ehr.errors import EHRConflict
from reminder.ehr.reading.raw import Resource, written
from reminder.ehr.writing.decide import is_held
from reminder.ehr.writing.edits import FREE, Edit, slot_edit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.wishes import Wish, held_for, marked

_OF_THE_SERVER = frozenset({"meta", "text"})


class Undo:
    """Puts resources back as they were before."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def all(self, done: Sequence[Edit]) -> None:
        """Undo these, the last one first; what others changed since stays."""
        for edit in reversed(done):
            await self.one(edit)

    async def one(self, edit: Edit) -> None:
        """Undo this one."""
        kind, resource_id = edit.stored.path.split("/")
        now = await self._exchange.stored(kind, resource_id)
        if now is None or not _is_as_written(now.resource, edit.resource):
            return
        try:
            await self._exchange.put(Edit(now, edit.stored.editable()))
        except EHRConflict:
            # Somebody else has it now, and with it the last word.
            return

    async def release(self, slot_ids: Sequence[str], wish: Wish) -> None:
        """Free the Slots that an earlier try of this wish took."""
        for slot in await self._exchange.slots(slot_ids):
            if slot is None or not is_held(slot, wish):
                continue
            freed = slot_edit(slot, FREE)
            try:
                if freed is not None:
                    await self._exchange.put(freed)
            except EHRConflict:
                continue


def _is_as_written(now: Resource, meant: Resource) -> bool:
    # Our mark may be lost on the way, but another's is another's Slot.
    if not held_for(now) <= held_for(meant):
        return False
    return _content(now) == _content(meant)


def _content(resource: Resource) -> Resource:
    copied: Resource = orjson.loads(written(resource, about="undo"))
    marked(copied, None)
    return {name: value for name, value in copied.items() if name not in _OF_THE_SERVER}
