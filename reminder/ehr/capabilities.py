"""Learns what a server can do: from its CapabilityStatement, and by asking."""

import asyncio
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import islice

from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import pages
from reminder.ehr.reading.instants import instant_text
from reminder.ehr.reading.raw import Resource, as_object, as_resource, objects
from reminder.ehr.reading.text import plain
from reminder.ehr.wire.client import FHIRClient
from reminder.model.capabilities import Capabilities
from reminder.model.clock import Clock

_BELIEVED_FOR = timedelta(hours=1)
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_MOST = 500
_PARAMETER = re.compile(r"\*|[A-Za-z_][A-Za-z0-9_:*.-]{0,80}")


class CapabilityCache:
    """What the server can do, asked at most once an hour.

    Whoever asks while an answer is under way waits for that one.
    """

    def __init__(self, client: FHIRClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._asking = asyncio.Lock()
        self._known: tuple[Capabilities, datetime] | None = None

    async def get(self) -> Capabilities:
        """The capabilities, from the cache while they are believed.

        Raises:
            EHRUnavailable: the server does not answer.
        """
        async with self._asking:
            now = self._clock()
            if self._known is None or self._known[1] + _BELIEVED_FOR <= now:
                self._known = await self._asked(now), now
            return self._known[0]

    def not_incremental(self) -> None:
        """The server was caught giving a wrong answer to `_lastUpdated`."""
        if self._known is not None:
            known, at = self._known
            self._known = replace(known, incremental=False), at

    async def _asked(self, now: datetime) -> Capabilities:
        try:
            known = stated(await statement(self._client))
        except EHRRefused:
            # A proxy's page, or a statement of 20 MB: as good as none. Should
            # more be wrong than that, the searches say so themselves.
            known = Capabilities()
        if known.incremental:
            return known
        return replace(known, incremental=await tells_changes(self._client, now))


async def statement(client: FHIRClient) -> Resource:
    """The server's CapabilityStatement.

    Raises:
        EHRRefused: it publishes none that could be read.
        EHRUnavailable: it does not answer.
    """
    about = "GET metadata"
    answer = await client.get(client.url("metadata"), about=about)
    if answer.status != 200:
        raise EHRRefused(f"{about}: {answer.status}")
    found = as_resource(answer.parsed(), "CapabilityStatement")
    if found is None:
        raise EHRRefused(f"{about}: not a CapabilityStatement")
    return found


async def tells_changes(client: FHIRClient, now: datetime) -> bool:
    """Whether `_lastUpdated` works although no statement lists it.

    An unknown parameter brings everything with some servers and nothing
    with others, so that only both answers together prove it.
    """
    try:
        later = await _changed_since(client, now + timedelta(days=3650))
        return not later and await _changed_since(client, _BEFORE_ALL)
    except EHRRefused:
        return False


async def _changed_since(client: FHIRClient, since: datetime) -> bool:
    params = [("_lastUpdated", f"ge{instant_text(since)}"), ("_count", "1")]
    async for page in pages(client, "Appointment", params, max_pages=1):
        return bool(page.matches)
    return False


def stated(statement: Resource) -> Capabilities:
    """What a CapabilityStatement says of a server, whatever else it may hold."""
    known = Capabilities(
        fhir_version=plain(statement.get("fhirVersion"), 20),
        software=plain(as_object(statement.get("software")).get("name"), 80),
        published=True,
    )
    rest = next(filter(_is_of_server, objects(statement.get("rest"))), None)
    return known if rest is None else _of(rest, known)


def _of(rest: Resource, known: Capabilities) -> Capabilities:
    types: dict[str, Resource] = {}
    for each in objects(rest.get("resource")):
        types.setdefault(str(each.get("type")), each)
    appointment, communication = types.get("Appointment"), types.get("Communication")
    parameters = frozenset(_names(appointment, "searchParam"))
    return replace(
        known,
        incremental="_lastUpdated" in parameters,
        create=_can(appointment, "create"),
        update=_can(appointment, "update"),
        patch=_can(appointment, "patch"),
        slot_update=_can(types.get("Slot"), "update"),
        transactions=_can(rest, "transaction"),
        free_slots=_can(types.get("Slot"), "search-type"),
        related_persons=_can(types.get("RelatedPerson"), "search-type"),
        communications=_can(communication, "create"),
        conditional_create=as_object(communication).get("conditionalCreate") is True,
        responses=_can(types.get("AppointmentResponse"), "create"),
        tasks=_can(types.get("Task"), "create"),
        search_parameters=parameters,
        includes=frozenset(_names(appointment, "searchInclude")),
    )


def _is_of_server(rest: Resource) -> bool:
    return bool(rest.get("mode", "server") == "server")


def _can(resource: Resource | None, interaction: str) -> bool:
    interactions = objects(as_object(resource).get("interaction"))
    return any(each.get("code") == interaction for each in interactions)


def _names(resource: Resource | None, element: str) -> Iterator[str]:
    """The names in a list of names, or of objects that have one."""
    listed = as_object(resource).get(element)
    for each in islice(listed if isinstance(listed, list) else [], _MOST):
        name = each.get("name") if isinstance(each, dict) else each
        if isinstance(name, str) and _PARAMETER.fullmatch(name):
            yield name
