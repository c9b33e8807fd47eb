"""Learns what a server can do: from its CapabilityStatement, and by asking."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from reminder.ehr.bundles import search
from reminder.ehr.client import FHIRClient
from reminder.ehr.errors import EHRRefused
from reminder.ehr.instants import instant_text
from reminder.ehr.outcomes import refused
from reminder.ehr.raw import Resource, as_object, as_resource, objects
from reminder.ehr.text import plain
from reminder.model.capabilities import Capabilities
from reminder.model.clock import Clock

_BELIEVED_FOR = timedelta(hours=1)
_BEFORE_ALL = datetime(1970, 1, 1, tzinfo=UTC)
_UNPUBLISHED = frozenset({400, 404, 405, 410})


class CapabilityCache:
    """What the server can do, asked at most once an hour."""

    def __init__(self, client: FHIRClient, *, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: tuple[Capabilities, datetime] | None = None

    async def get(self) -> Capabilities:
        """The capabilities, from the cache while they are believed."""
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
        about = "GET metadata"
        answer = await self._client.get(self._client.url("metadata"), about=about)
        if answer.status in _UNPUBLISHED:
            stated = Capabilities()
        elif answer.status != 200:
            raise refused(answer)
        else:
            statement = as_resource(answer.parsed(), "CapabilityStatement")
            if statement is None:
                raise EHRRefused(f"{about}: not a CapabilityStatement")
            stated = _stated(statement)
        if stated.incremental:
            return stated
        return replace(stated, incremental=await self._tells_changes(now))

    async def _tells_changes(self, now: datetime) -> bool:
        """Whether `_lastUpdated` works although no statement lists it.

        An unknown parameter brings everything with some servers and nothing
        with others, so that only both answers together prove it.
        """
        try:
            later = await self._changed_since(now + timedelta(days=3650))
            return not later and await self._changed_since(_BEFORE_ALL)
        except EHRRefused:
            return False

    async def _changed_since(self, since: datetime) -> bool:
        params = [("_lastUpdated", f"ge{instant_text(since)}"), ("_count", "1")]
        found = await search(self._client, "Appointment", params, max_pages=1)
        return bool(found.matches)


def _stated(statement: Resource) -> Capabilities:
    rest = next(
        (
            each
            for each in objects(statement.get("rest"))
            if each.get("mode") == "server"
        ),
        {},
    )
    types = {each.get("type"): each for each in objects(rest.get("resource"))}
    appointment, communication = types.get("Appointment"), types.get("Communication")
    return Capabilities(
        fhir_version=plain(statement.get("fhirVersion"), 20),
        software=plain(as_object(statement.get("software")).get("name"), 80),
        incremental=_can_search(appointment, "_lastUpdated"),
        update=_can(appointment, "update"),
        patch=_can(appointment, "patch"),
        transactions=_can(rest, "transaction"),
        free_slots=_can(types.get("Slot"), "search-type"),
        related_persons=_can(types.get("RelatedPerson"), "search-type"),
        communications=_can(communication, "create"),
        conditional_create=as_object(communication).get("conditionalCreate") is True,
    )


def _can(resource: Resource | None, interaction: str) -> bool:
    interactions = objects(as_object(resource).get("interaction"))
    return any(each.get("code") == interaction for each in interactions)


def _can_search(resource: Resource | None, parameter: str) -> bool:
    parameters = objects(as_object(resource).get("searchParam"))
    return any(each.get("name") == parameter for each in parameters)
