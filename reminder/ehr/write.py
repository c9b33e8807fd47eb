"""Writes what a patient decided: read again, change only what is ours, match versions.

Every write may be repeated: what is already so is not written again. What was
changed by somebody else in between is a conflict, unless that left the visit
itself alone; then it is read once more and tried again.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import orjson

from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.client import FHIRClient
from reminder.ehr.drafts import Draft
from reminder.ehr.edits import (
    BUSY,
    FREE,
    Edit,
    Visit,
    cancelled,
    confirmed,
    moved,
    rebooked,
    slot_edit,
    visit,
)
from reminder.ehr.errors import EHRConflict, EHRRefused, EHRUnavailable
from reminder.ehr.http import Answer
from reminder.ehr.outcomes import issue_code, not_written, refused, said_no
from reminder.ehr.raw import Resource, Stored, as_object, as_resource, objects, written
from reminder.ehr.search import AppointmentSearch
from reminder.ehr.slots import read_slot
from reminder.model.appointments import AppointmentKey, Slot
from reminder.model.clock import Clock
from reminder.model.readings import Reading, Written

_ATTEMPTS = 3
_GONE = frozenset({404, 410})

Decide = Callable[[Visit], Awaitable[Sequence[Edit]]]
"""The edits that make it so, none when it is; raises EHRConflict when it cannot be."""


class AppointmentWriter:
    """Writes Appointments and their Slots of one server."""

    def __init__(
        self,
        client: FHIRClient,
        search: AppointmentSearch,
        capabilities: CapabilityCache,
        *,
        clock: Clock,
    ) -> None:
        self._client = client
        self._search = search
        self._capabilities = capabilities
        self._clock = clock

    async def confirm(self, key: AppointmentKey) -> Written:
        """See `EHR.confirm`."""

        async def decide(now: Visit) -> Sequence[Edit]:
            return _all(confirmed(now))

        return await self._write(key, decide)

    async def cancel(self, key: AppointmentKey) -> Written:
        """See `EHR.cancel`."""

        async def decide(now: Visit) -> Sequence[Edit]:
            edit = cancelled(now)
            if edit is None or now.is_shared:
                return _all(edit)
            slots = await self._slots(now.booking.slot_ids)
            freed = [slot_edit(slot, FREE) for slot in slots if slot is not None]
            return _all(*freed, edit)

        return await self._write(key, decide)

    async def rebook(self, key: AppointmentKey, slot_ids: Sequence[str]) -> Written:
        """See `EHR.rebook`."""

        async def decide(now: Visit) -> Sequence[Edit]:
            wanted = tuple(slot_ids) or now.booking.slot_ids
            edit = rebooked(now, wanted, now=self._clock())
            if edit is None or now.is_shared:
                return _all(edit)
            slots = [_free(slot) for slot in await self._slots(wanted)]
            return _all(*(slot_edit(slot, BUSY) for slot in slots), edit)

        return await self._write(key, decide)

    async def reschedule(self, key: AppointmentKey, slot_id: str) -> Written:
        """See `EHR.reschedule`."""

        async def decide(now: Visit) -> Sequence[Edit]:
            if now.booking.slot_ids == (slot_id,):
                return ()
            found, *before = await self._slots((slot_id, *now.booking.slot_ids))
            new, old = _free(found), [slot for slot in before if slot is not None]
            slot = self._of_same_schedule(new, old)
            edit = moved(now, new, slot, now=self._clock())
            freed = (slot_edit(each, FREE) for each in old if each.path != new.path)
            return _all(slot_edit(new, BUSY), *freed, edit)

        return await self._write(key, decide)

    async def _write(self, key: AppointmentKey, decide: Decide) -> Written:
        before: Visit | None = None
        for _ in range(_ATTEMPTS):
            found = await self._visit(key)
            if before is not None and found.essence != before.essence:
                raise EHRConflict("Appointment: changed meanwhile")
            edits = await decide(found)
            if not edits:
                return Written((await self._finished(found),))
            try:
                await self._send(edits)
            except EHRConflict:
                before = found
            else:
                return Written((await self._written(key, edits[-1]),))
        raise EHRConflict("Appointment: changed again and again")

    async def _visit(self, key: AppointmentKey) -> Visit:
        stored = await self._stored("Appointment", key.appointment_id)
        if stored is None:
            raise EHRConflict("GET Appointment: gone")
        return await asyncio.to_thread(self._seen_from, key, stored)

    def _seen_from(self, key: AppointmentKey, stored: Stored) -> Visit:
        draft = self._search.read(stored.resource)
        if not isinstance(draft, Draft):
            raise EHRRefused(f"GET {draft.path}: {draft.problem}")
        return visit(stored, draft, key, self._client.base_url)

    async def _written(self, key: AppointmentKey, edit: Edit) -> Reading:
        """The appointment read again, since a server may not do what it says."""
        body = written(edit.resource, about=edit.stored.about)
        as_sent = Stored(edit.stored.about, orjson.loads(body), body, None)
        meant = await asyncio.to_thread(self._seen_from, key, as_sent)
        try:
            found = await self._visit(key)
        except EHRUnavailable:
            # It was written; only the version it became is unknown.
            found = meant
        if found.gist != meant.gist:
            raise EHRConflict("Appointment: changed at once by another")
        return await self._finished(found)

    async def _finished(self, found: Visit) -> Reading:
        try:
            return await self._search.finished(found.draft)
        except EHRUnavailable:
            # What was asked for is so. Without names it counts as not read yet.
            reading = found.draft.reading
            bookings = (replace(each, fingerprint="") for each in reading.bookings)
            return replace(reading, fingerprint="", bookings=tuple(bookings))

    async def _slots(self, slot_ids: Sequence[str]) -> list[Stored | None]:
        return await asyncio.gather(*(self._stored("Slot", each) for each in slot_ids))

    async def _stored(self, resource_type: str, resource_id: str) -> Stored | None:
        """The resource as it is now; None when the server has it no longer."""
        about = f"GET {resource_type}"
        url = self._client.url(f"{resource_type}/{resource_id}")
        answer = await self._client.get(url, about=about)
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            raise refused(answer)
        resource = as_resource(answer.parsed(), resource_type)
        if resource is None or resource.get("id") != resource_id:
            raise EHRRefused(f"{about}: not the {resource_type} asked for")
        return Stored(about, resource, answer.body, _etag(answer, resource))

    def _of_same_schedule(self, new: Stored, old: Sequence[Stored]) -> Slot:
        base_url = self._client.base_url
        slot = read_slot(new.resource, base_url)
        others = [read_slot(each.resource, base_url) for each in old]
        schedules = {each.schedule_id for each in others if each is not None}
        if slot is None or slot.schedule_id not in schedules:
            raise EHRRefused("Slot: of another schedule")
        return slot

    async def _send(self, edits: Sequence[Edit]) -> None:
        can = await self._capabilities.get()
        if len(edits) > 1:
            if not can.transactions:
                raise EHRRefused("transaction: not offered")
            await self._transact(edits)
        elif can.update:
            await self._put(edits[0])
        elif can.patch and edits[0].patch:
            await self._patch(edits[0])
        else:
            raise EHRRefused("PUT Appointment: not offered")

    async def _put(self, edit: Edit) -> None:
        about = f"PUT {edit.resource['resourceType']}"
        _expect_written(
            await self._client.write(
                "PUT",
                self._client.url(edit.stored.path),
                written(edit.resource, about=about),
                about=about,
                headers={"If-Match": _version(edit)},
            )
        )

    async def _patch(self, edit: Edit) -> None:
        _expect_written(
            await self._client.write(
                "PATCH",
                self._client.url(edit.stored.path),
                orjson.dumps(edit.patch),
                about="PATCH Appointment",
                content_type="application/json-patch+json",
                headers={"If-Match": _version(edit)},
            )
        )

    async def _transact(self, edits: Sequence[Edit]) -> None:
        about = "transaction"
        bundle = {
            "resourceType": "Bundle",
            "type": "transaction",
            "entry": [self._entry(edit) for edit in edits],
        }
        body = written(bundle, about=about)
        answer = await self._client.write(
            "POST", self._client.url(""), body, about=about
        )
        _expect_written(answer)
        _expect_each_written(answer)

    def _entry(self, edit: Edit) -> Resource:
        path = edit.stored.path
        return {
            "fullUrl": f"{self._client.base_url}/{path}",
            "resource": edit.resource,
            "request": {"method": "PUT", "url": path, "ifMatch": _version(edit)},
        }


def _all(*edits: Edit | None) -> list[Edit]:
    return [edit for edit in edits if edit is not None]


def _free(slot: Stored | None) -> Stored:
    if slot is None or slot.resource.get("status") != FREE:
        raise EHRConflict("Slot: taken")
    return slot


def _etag(answer: Answer, resource: Resource) -> str | None:
    # Exactly what the server sent: weak or strong is its own affair.
    version_id = as_object(resource.get("meta")).get("versionId")
    etag = answer.headers.get("etag")
    return etag or (f'W/"{version_id}"' if isinstance(version_id, str) else None)


def _version(edit: Edit) -> str:
    if edit.stored.etag is None:
        raise EHRRefused(f"{edit.stored.about}: no version to match")
    return edit.stored.etag


def _expect_written(answer: Answer) -> None:
    if not 200 <= answer.status < 300:
        raise not_written(answer)


def _expect_each_written(answer: Answer) -> None:
    """A server that does transactions only in name tells it in the entries."""
    try:
        said = as_object(answer.parsed())
    except EHRRefused:
        return
    for entry in objects(said.get("entry")):
        response = as_object(entry.get("response"))
        status = str(response.get("status", ""))[:3]
        if status.isdigit() and not status.startswith("2"):
            code = issue_code(response.get("outcome"))
            raise said_no(answer.about, int(status), code)
