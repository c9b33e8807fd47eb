"""Writes an Appointment and its Slots in one transaction, or takes back half of one.

Some servers do transactions in name only: one entry is refused, the others
are written. Their answer tells, and what was written is undone.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from reminder.ehr.errors import EHRError, EHRNotOffered, EHRRefused
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.wire.http import Answer
from reminder.ehr.wire.outcomes import issue_code, not_written, said_no
from reminder.ehr.writing.decide import Decider, Edits
from reminder.ehr.writing.edits import Edit, Visit
from reminder.ehr.writing.exchange import Exchange
from reminder.ehr.writing.occupants import LostRace, Occupants
from reminder.ehr.writing.undo import Undo
from reminder.ehr.writing.wishes import Wish

_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Transactions:
    """All at once, each resource under its version."""

    exchange: Exchange
    decider: Decider
    undo: Undo
    occupants: Occupants

    async def send(self, wish: Wish, now: Visit, edits: Edits) -> None:
        """Write all of it; a single resource needs no transaction."""
        if len(edits) == 1:
            await self.exchange.put(edits.appointment)
            return
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [self._entry(edit) for edit in edits],
        }
        answer = await self.exchange.transact(bundle)
        if answer.status == _NOT_FOUND:
            raise EHRNotOffered(f"{answer.about}: {answer.status}")
        if not 200 <= answer.status < 300:
            raise not_written(answer)
        await self._expect_each_written(answer, list(edits))
        try:
            await self.occupants.expect_first(wish.key.appointment_id, edits.taken)
        except LostRace:
            # Who heeds no versions has let two in: the Slot is the other one's.
            if not await self.undo.all([*edits.free, edits.appointment]):
                raise EHRRefused("Appointment: booked twice") from None
            raise

    async def tidy(self, wish: Wish, now: Visit) -> Visit:
        """Nothing: whatever was written was written whole."""
        return now

    async def give_up(self, wish: Wish) -> None:
        """Nothing either."""

    def _entry(self, edit: Edit) -> Resource:
        path = edit.stored.path
        return {
            "fullUrl": f"{self.exchange.base_url}/{path}",
            "resource": edit.resource,
            "request": {
                "method": "PUT",
                "url": path,
                "ifMatch": self.exchange.version(edit),
            },
        }

    async def _expect_each_written(self, answer: Answer, edits: Sequence[Edit]) -> None:
        said = [_said(answer.about, entry) for entry in _entries(answer)]
        errors = [one for one in said if one is not None]
        if errors:
            done = [edit for edit, one in zip(edits, said, strict=False) if one is None]
            if not await self.undo.all(done):
                raise EHRRefused(f"{answer.about}: half of it written")
            raise errors[0]


def _entries(answer: Answer) -> list[Resource]:
    try:
        return list(objects(as_object(answer.parsed()).get("entry")))
    except EHRRefused:
        return []


def _said(about: str, entry: Resource) -> EHRError | None:
    response = as_object(entry.get("response"))
    status = str(response.get("status", ""))[:3]
    if not status.isdigit() or status.startswith("2"):
        return None
    return said_no(about, int(status), issue_code(response.get("outcome")))
