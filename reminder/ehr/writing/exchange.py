"""Reads and writes single resources, each under the version it was decided on."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import urlencode

import orjson

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import (
    EHRConflict,
    EHRNotOffered,
    EHRRefused,
    EHRUnavailable,
)
from reminder.ehr.finding.bundles import search
from reminder.ehr.finding.search import AppointmentSearch
from reminder.ehr.reading.drafts import Draft
from reminder.ehr.reading.raw import Resource, Stored, as_object, as_resource, written
from reminder.ehr.reading.references import is_id
from reminder.ehr.wire.client import FHIRClient
from reminder.ehr.wire.http import Answer
from reminder.ehr.wire.outcomes import Missing, not_written, refused
from reminder.ehr.writing.edits import Edit, Visit, visit
from reminder.ehr.writing.wishes import Wish
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Reading

_GONE = frozenset({404, 410})
_NO_VERSION = 428
_SEVERAL_ALREADY = 412


class Gone(EHRConflict):
    """The Appointment is not there any more."""


class Exchange:
    """One server's resources, one request each; nothing is tried again here."""

    def __init__(
        self, client: FHIRClient, search: AppointmentSearch, config: EHRConfig
    ) -> None:
        self._client = client
        self._search = search
        self._blind = config.unversioned_writes
        self.system = config.communication_system
        self.base_url = client.base_url

    async def visit(self, key: AppointmentKey) -> Visit:
        """The visit as it is now.

        Raises:
            Gone: the EHR does not have it any more.
            EHRConflict: the patient does not take part any more.
        """
        stored = await self.stored("Appointment", key.appointment_id)
        if stored is None:
            raise Gone("GET Appointment: gone")
        return await self.seen(key, stored)

    async def seen(self, key: AppointmentKey, stored: Stored) -> Visit:
        """An Appointment as a visit of this patient."""
        draft = await asyncio.to_thread(self._search.read, stored.resource)
        if isinstance(draft, Draft):
            draft = await self._search.located(draft)
        if not isinstance(draft, Draft):
            raise EHRRefused(f"GET {draft.path}: {draft.problem}")
        return visit(stored, draft, key)

    async def finished(self, found: Visit) -> Reading:
        """The visit as a reading, with the names that belong to it."""
        try:
            reading = await self._search.finished(found.draft)
        except EHRUnavailable:
            reading = None
        if isinstance(reading, Reading):
            return reading
        # What was asked for is so. Without names it counts as not read yet.
        reading = found.draft.reading
        bookings = (replace(each, fingerprint="") for each in reading.bookings)
        return replace(reading, fingerprint="", bookings=tuple(bookings))

    async def slots(self, slot_ids: Sequence[str]) -> list[Stored | None]:
        """Slots in that order; None for one the server has no longer."""
        return await asyncio.gather(*(self.stored("Slot", each) for each in slot_ids))

    async def stored(self, resource_type: str, resource_id: str) -> Stored | None:
        """The resource as it is now; None when the server has it no longer.

        Raises:
            EHRUnavailable: what came was cut off, or a gateway's page.
        """
        about = f"GET {resource_type}"
        url = self._client.url(f"{resource_type}/{resource_id}")
        answer = await self._client.get(url, about=about)
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            raise refused(answer)
        resource = as_resource(_parsed(answer), resource_type)
        if resource is None or resource.get("id") != resource_id:
            raise EHRRefused(f"{about}: not the {resource_type} asked for")
        return Stored(about, resource, answer.body, _etag(answer, resource))

    async def found(
        self, resource_type: str, params: Sequence[tuple[str, str]]
    ) -> Sequence[Resource]:
        """What a search of a few pages brings."""
        page = await search(self._client, resource_type, params, max_pages=3)
        return page.matches

    async def put(self, edit: Edit) -> None:
        """Replace the resource, if it is still the version decided on."""
        about = f"PUT {edit.resource['resourceType']}"
        await self._write("PUT", edit, written(edit.resource, about=about))

    async def patch(self, edit: Edit) -> None:
        """Change the resource in place (RFC 6902), if it is still that version."""
        await self._write(
            "PATCH",
            edit,
            orjson.dumps(edit.patch),
            content_type="application/json-patch+json",
        )

    async def create(self, resource: Resource, wish: Wish) -> str | None:
        """Create what belongs to a wish; its id, None where the server keeps silent.

        Raises:
            EHRNotOffered: the server creates nothing of this type.
        """
        kind = resource["resourceType"]
        about = f"POST {kind}"
        token = urlencode({"identifier": wish.token(self.system)})
        answer = await self._client.write(
            "POST",
            self._client.url(kind),
            written(resource, about=about),
            about=about,
            headers={"If-None-Exist": token},
        )
        if answer.status in _GONE:
            raise EHRNotOffered(f"{about}: {answer.status}")
        if answer.status == _SEVERAL_ALREADY:
            return None
        if not 200 <= answer.status < 300:
            raise not_written(answer)
        return _created_id(answer, kind)

    async def transact(self, bundle: Resource) -> Answer:
        """Send a transaction, whatever is said to it."""
        about = "transaction"
        body = written(bundle, about=about)
        return await self._client.write("POST", self._client.url(""), body, about=about)

    def version(self, edit: Edit) -> str:
        """What If-Match must say.

        Raises:
            EHRNotOffered: the server names no versions.
        """
        if edit.stored.etag is None:
            raise EHRNotOffered(f"{edit.stored.about}: no version to match")
        return edit.stored.etag

    async def _write(self, method: str, edit: Edit, body: bytes, **more: str) -> None:
        condition = await self._condition(edit)
        answer = await self._sent(method, edit, body, condition, **more)
        if answer.status == _NO_VERSION and not condition:
            # It does have versions, and told none when it was read.
            condition = {"If-Match": self.version(await self._again(edit))}
            answer = await self._sent(method, edit, body, condition, **more)
        if answer.status in _GONE:
            raise Missing(f"{answer.about}: {answer.status}")
        if not 200 <= answer.status < 300:
            raise not_written(answer)

    async def _sent(
        self,
        method: str,
        edit: Edit,
        body: bytes,
        condition: dict[str, str],
        **more: str,
    ) -> Answer:
        return await self._client.write(
            method,
            self._client.url(edit.stored.path),
            body,
            about=f"{method} {edit.resource['resourceType']}",
            headers=condition,
            **more,
        )

    async def _condition(self, edit: Edit) -> dict[str, str]:
        if edit.stored.etag is None and self._blind:
            again = await self._again(edit)
            return {"If-Match": again.stored.etag} if again.stored.etag else {}
        return {"If-Match": self.version(edit)}

    async def _again(self, edit: Edit) -> Edit:
        """The edit over the resource as it is at this moment: it must be the same.

        Between this and the write nobody may come; the write is read again
        afterwards, which is all that can be had without versions.
        """
        kind, resource_id = edit.stored.path.split("/")
        now = await self.stored(kind, resource_id)
        if now is None or _content(now.resource) != _content(edit.stored.resource):
            raise EHRConflict(f"GET {kind}: changed meanwhile")
        return replace(edit, stored=now)


def _parsed(answer: Answer) -> object:
    try:
        return answer.parsed()
    except EHRRefused as error:
        raise EHRUnavailable(str(error)) from None


def _content(resource: Resource) -> Resource:
    return {name: value for name, value in resource.items() if name != "meta"}


def _etag(answer: Answer, resource: Resource) -> str | None:
    # Exactly what the server sent: weak or strong is its own affair.
    version_id = as_object(resource.get("meta")).get("versionId")
    etag = answer.headers.get("etag")
    return etag or (f'W/"{version_id}"' if isinstance(version_id, str) else None)


def _created_id(answer: Answer, resource_type: str) -> str | None:
    """The id of what was created: in the Location header, or in the body."""
    location = answer.headers.get("location", "")
    named = re.search(rf"(?:^|/){resource_type}/([^/?#]+)", location)
    if named and is_id(named[1]):
        return named[1]
    try:
        body = as_resource(answer.parsed(), resource_type) or {}
    except EHRRefused:
        return None
    return str(body["id"]) if is_id(body.get("id")) else None
