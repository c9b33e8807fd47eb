"""Finds whom and what appointments refer to: few places and names, asked for often."""

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Generic, TypeVar

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused
from reminder.ehr.finding.bundles import id_lists, listed
from reminder.ehr.finding.patient_lookup import PatientLookup
from reminder.ehr.reading.drafts import Draft, Site
from reminder.ehr.reading.human_names import as_addressed, chosen
from reminder.ehr.reading.kinds import security
from reminder.ehr.reading.raw import Resource, as_object, objects
from reminder.ehr.reading.references import Target
from reminder.ehr.reading.text import PLACE_LIMIT, label
from reminder.ehr.reading.validate import r4_problem
from reminder.ehr.wire.client import FHIRClient
from reminder.model.appointments import Place
from reminder.model.clock import Clock
from reminder.model.readings import Reading, Unreadable

_T = TypeVar("_T")

_PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"
_VIRTUAL = "vi"


class Directory:
    """Patients, names and labels for the references in appointments.

    A name is an ornament: a Location that cannot be read, or may not, leaves
    the display name that stood beside the reference. A patient is not: where
    nobody is found the appointment is unreadable.
    """

    def __init__(self, client: FHIRClient, config: EHRConfig, *, clock: Clock) -> None:
        self._patients = PatientLookup(client, config, clock=clock)
        self._sites = {
            type_: _Names(client, config, clock, type_, read)
            for type_, read in (("Location", _site), ("HealthcareService", _service))
        }
        self._practitioners = _Names(
            client, config, clock, "Practitioner", _practitioner
        )

    async def located(self, drafts: Collection[Draft]) -> list[Draft | Unreadable]:
        """The drafts with the patients found whom they name by an identifier."""
        sought = [each for draft in drafts for each in draft.sought]
        if not sought:
            return list(drafts)
        wanted = (identifier for each in sought for identifier in each.identifiers)
        hits = await self._patients.of(wanted)
        return [draft.located(hits) for draft in drafts]

    async def finished(self, drafts: Collection[Draft]) -> list[Reading | Unreadable]:
        """The drafts as readings, with what their references are called."""
        located = await self.located(drafts)
        there = [each for each in located if isinstance(each, Draft)]
        sites = await self._labelled(there)
        withheld = self._withheld()
        practitioners = await self._practitioners.of(
            draft.practitioner_id for draft in there
        )
        return [
            _whole(each, withheld).finished(sites, practitioners)
            if isinstance(each, Draft)
            else each
            for each in located
        ]

    def _withheld(self) -> set[Target]:
        """Those whose labels nobody knows: the EHR would not show them."""
        return {
            Target(type_, id_)
            for type_, names in self._sites.items()
            for id_ in names.refused
        }

    async def _labelled(self, drafts: Iterable[Draft]) -> Mapping[Target, Site]:
        wanted = {target for draft in drafts for target in draft.labelled}
        found: dict[Target, Site] = {}
        for type_, names in self._sites.items():
            ids = (each.resource_id for each in wanted if each.resource_type == type_)
            named = await names.of(ids)
            found |= {Target(type_, id_): site for id_, site in named.items()}
        return found


class _Names(Generic[_T]):
    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        clock: Clock,
        resource_type: str,
        read: Callable[[Resource], _T | None],
    ) -> None:
        self._client = client
        self._config = config
        self._clock = clock
        self._type = resource_type
        self._read = read
        self._ttl = timedelta(hours=config.names_ttl_h)
        # None is remembered as well: what is not there is not asked for again.
        self._known: dict[str, tuple[_T | None, datetime]] = {}
        self.refused: set[str] = set()
        """What the EHR would not show when it was asked for last."""

    async def of(self, ids: Iterable[str | None]) -> Mapping[str, _T]:
        wanted = {resource_id for resource_id in ids if resource_id is not None}
        now = self._clock()
        stale = sorted(id_ for id_ in wanted if not self._is_fresh(id_, now))
        for batch in id_lists(stale, self._config.ids_per_request):
            found = await self._asked(batch)
            self._known |= {id_: (found.get(id_), now) for id_ in batch}
        named = {id_: self._known[id_][0] for id_ in wanted}
        return {id_: name for id_, name in named.items() if name is not None}

    def _is_fresh(self, resource_id: str, now: datetime) -> bool:
        known = self._known.get(resource_id)
        return known is not None and now < known[1] + self._ttl

    async def _asked(self, ids: list[str]) -> dict[str, _T | None]:
        most = self._config.max_pages
        try:
            found = await listed(self._client, self._type, ids, max_pages=most)
        except EHRRefused:
            self.refused.update(ids)
            return {}
        self.refused.difference_update(ids)
        return {
            resource["id"]: self._read(resource)
            for resource in found.matches
            if resource.get("id") in ids and r4_problem(resource, self._type) is None
        }


def _whole(draft: Draft, withheld: Collection[Target]) -> Draft:
    """A draft that lacks no label; or one that is to be read anew."""
    return draft.lacking() if {*draft.labelled}.intersection(withheld) else draft


def _site(location: Resource) -> Site:
    name, address = label(location.get("name")), _address(location.get("address"))
    place = Place(location["id"], name, address) if name or address else None
    return Site(place, _is_virtual(location), security(location))


def _service(service: Resource) -> Site:
    return Site(security=security(service))


def _is_virtual(location: Resource) -> bool:
    types = location.get("type")
    concepts = [
        location.get("physicalType"),
        *(types if isinstance(types, list) else []),
    ]
    return any(
        coding.get("code") == _VIRTUAL and coding.get("system") == _PHYSICAL_TYPE
        for concept in objects(concepts)
        for coding in objects(concept.get("coding"))
    )


def _address(value: object) -> str:
    address = as_object(value)
    if address.get("text"):
        return label(address["text"], 2 * PLACE_LIMIT)
    lines = address.get("line")
    city = [address.get("state"), address.get("postalCode")]
    parts = [
        *(lines if isinstance(lines, list) else []),
        address.get("city"),
        " ".join(part for part in city if isinstance(part, str)),
    ]
    spoken = ", ".join(part for part in parts if isinstance(part, str) and part)
    return label(spoken, 2 * PLACE_LIMIT)


def _practitioner(practitioner: Resource) -> str | None:
    return as_addressed(chosen(practitioner.get("name"))) or None
