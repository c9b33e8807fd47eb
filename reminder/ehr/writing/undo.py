"""Takes back what was written, where it is still what we wrote."""

from collections.abc import Sequence

import orjson

from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.ehr.reading.appointments import slot_ids
from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.raw import Resource, as_object, objects, written
from reminder.ehr.writing.decide import is_held
from reminder.ehr.writing.edits import FREE, Edit, slot_edit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.wishes import Wish, held_for

_OF_THE_SERVER = frozenset({"meta", "text"})


class Undo:
    """Puts resources back as they were before."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def all(self, done: Sequence[Edit]) -> bool:
        """Undo these, the last one first; what others changed since stays.

        Returns:
            Whether no Appointment of ours stays where it was put.
        """
        are_back = [await self.one(edit) or edit.is_of_slot for edit in reversed(done)]
        return all(are_back)

    async def one(self, edit: Edit) -> bool:
        """Undo this one: what we changed of it, and nothing else.

        Returns:
            Whether it was undone; not where others changed the same since.
        """
        kind, resource_id = edit.stored.path.split("/")
        now = await self._exchange.stored(kind, resource_id)
        if now is None:
            return True
        if not self._is_as_written(now.resource, edit):
            return False
        resource, before = now.editable(), edit.stored.editable()
        for name in _changed(edit):
            resource.pop(name, None)
            if name in before:
                resource[name] = before[name]
        try:
            await self._exchange.put(Edit(now, resource))
        except (EHRConflict, EHRRefused):
            # Somebody else has it now, or it is closed to us: theirs is the last word.
            return False
        return True

    async def release(self, slot_ids: Sequence[str], wish: Wish) -> None:
        """Free the Slots that an earlier try of this wish took."""
        for slot in await self._exchange.slots(slot_ids):
            if slot is None or not is_held(slot, wish):
                continue
            freed = slot_edit(slot, FREE)
            try:
                if freed is not None:
                    await self._exchange.put(freed)
            except (EHRConflict, EHRRefused):
                continue

    def _is_as_written(self, now: Resource, edit: Edit) -> bool:
        meant = edit.resource
        # Our mark may be lost on the way, but another's is another's Slot.
        if not held_for(now) <= held_for(meant):
            return False
        if "participant" in _changed(edit) and _parts(now) != _parts(meant):
            return False
        return self._gist(now) == self._gist(meant)

    def _gist(self, resource: Resource) -> tuple[object, ...]:
        # By meaning: servers write instants and references their own way.
        held = tuple(slot_ids(resource, self._exchange.base_url))
        return resource.get("status"), held, instant(resource.get("start"))


def _changed(edit: Edit) -> list[str]:
    before = edit.stored.resource
    meant = orjson.loads(written(edit.resource, about="undo"))
    names = {*before, *meant} - _OF_THE_SERVER
    return [name for name in names if before.get(name) != meant.get(name)]


def _parts(appointment: Resource) -> list[tuple[object, object]]:
    return [
        (as_object(each.get("actor")).get("reference"), each.get("status"))
        for each in objects(appointment.get("participant"))
    ]
