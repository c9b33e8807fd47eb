"""Reads appointments: all of a period, what changed, or certain ones."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from reminder.ehr.appointments import read_appointment
from reminder.ehr.bundles import Page, PagesExpired, id_lists, pages
from reminder.ehr.capabilities import CapabilityCache
from reminder.ehr.client import FHIRClient, Params
from reminder.ehr.config import EHRConfig
from reminder.ehr.directory import Directory
from reminder.ehr.drafts import Draft, Source
from reminder.ehr.errors import EHRRefused
from reminder.ehr.instants import instant, instant_text
from reminder.ehr.outcomes import refused
from reminder.ehr.raw import Resource, as_object, as_resource
from reminder.model.readings import Changes, Gone, Reading, Slice, Unreadable

_TYPE = "Appointment"
_GONE = frozenset({404, 410})
_RESTARTS = 2
_SHORTEST = timedelta(minutes=15)
# Covers transactions that were committed after a later one, and servers that
# answer from a search they did a minute ago.
_OVERLAP = timedelta(minutes=5)


@dataclass(slots=True)
class _Found:
    """What pages brought so far; a resource seen twice counts as it was last."""

    drafts: dict[str, Draft] = field(default_factory=dict)
    unchanged: set[str] = field(default_factory=set)
    unreadable: dict[str, Unreadable] = field(default_factory=dict)
    nameless: list[Unreadable] = field(default_factory=list)
    entries: int = 0
    total: int | None = None

    def add(self, page: Page, sifted: "_Sifted") -> None:
        self.entries += len(page.matches) + len(page.broken)
        self.total = page.total if page.total is not None else self.total
        self.nameless += page.broken
        self._forget(sifted.unchanged)
        self.unchanged |= sifted.unchanged
        for read in sifted.read:
            if isinstance(read, Draft):
                self._forget({read.reading.appointment_id})
                self.drafts[read.reading.appointment_id] = read
            elif read.resource_id is None:
                self.nameless.append(read)
            else:
                self._forget({read.resource_id})
                self.unreadable[read.resource_id] = read

    def all_unreadable(self) -> tuple[Unreadable, ...]:
        return tuple(dict.fromkeys([*self.unreadable.values(), *self.nameless]))

    def lacks_some(self) -> bool:
        return self.total is not None and self.entries < self.total

    def seen(self) -> set[str]:
        return {*self.drafts, *self.unchanged, *self.unreadable}

    def _forget(self, ids: Collection[str]) -> None:
        for id_ in ids:
            self.drafts.pop(id_, None)
            self.unreadable.pop(id_, None)
            self.unchanged.discard(id_)


@dataclass(frozen=True, slots=True)
class _Sifted:
    read: tuple[Draft | Unreadable, ...]
    unchanged: set[str]


class AppointmentSearch:
    """Every way to read appointments of one connection."""

    def __init__(
        self,
        client: FHIRClient,
        config: EHRConfig,
        source: Source,
        directory: Directory,
        capabilities: CapabilityCache,
    ) -> None:
        self._client = client
        self._config = config
        self._source = source
        self._directory = directory
        self._capabilities = capabilities

    async def window(
        self, start: datetime, end: datetime, known: Mapping[str, str]
    ) -> Slice:
        """Everything that starts in [start, end). See `EHR.window`."""
        if not start < end:
            raise ValueError("a window ends after it starts")
        found = await self._period(start, end, known)
        cut_off = self._is_cut_off(found)
        if cut_off and end - start > _SHORTEST:
            middle = start + (end - start) / 2
            first = await self.window(start, middle, known)
            return _joined(first, await self.window(middle, end, known))
        return Slice(
            readings=tuple(await self._directory.finished(found.drafts.values())),
            unchanged=frozenset(found.unchanged),
            unreadable=found.all_unreadable(),
            complete=not (found.nameless or found.lacks_some() or cut_off),
        )

    async def changes(self, since: str | None) -> Changes:
        """What changed since the cursor. See `EHR.changes`."""
        if not (await self._capabilities.get()).incremental:
            return Changes()
        cursor = instant(since)
        if cursor is None:
            return Changes(cursor=await self._server_time())
        return await self._changed_since(instant_text(cursor), cursor - _OVERLAP)

    async def by_ids(
        self, ids: Sequence[str], known: Mapping[str, str]
    ) -> list[Reading | Unreadable | Gone]:
        """Certain appointments. See `EHR.appointments`."""
        answers: list[Reading | Unreadable | Gone] = []
        for batch in id_lists(ids, self._config.ids_per_request):
            found = _Found()
            params = [("_id", ",".join(batch)), ("_count", str(len(batch)))]
            async for page in self._pages(params):
                asked = [each for each in page.matches if each.get("id") in batch]
                found.add(page, await asyncio.to_thread(self._sift, asked, known))
            # An index may lag behind: only a read by id says that one is gone.
            absent = [each for each in batch if each not in found.seen()]
            answers += await self._alone(found, absent, known)
            answers += await self._directory.finished(found.drafts.values())
            answers += found.unreadable.values()
        return answers

    async def finished(self, draft: Draft) -> Reading:
        """One draft with the names of its place and practitioner."""
        return (await self._directory.finished([draft]))[0]

    def read(self, resource: Resource) -> Draft | Unreadable:
        """One resource as this connection's appointment."""
        return read_appointment(resource, self._source)

    async def _period(
        self, start: datetime, end: datetime, known: Mapping[str, str]
    ) -> _Found:
        # Always both bounds, and instants: a bare date is read in the server's
        # zone by some, in UTC by others. Rounded outwards to whole seconds.
        params = [
            ("date", f"ge{instant_text(start)}"),
            ("date", f"lt{instant_text(end + timedelta(microseconds=999_999))}"),
            ("_count", str(self._config.page_size)),
        ]
        restarts = 0
        while True:
            found = _Found()
            try:
                async for page in self._pages(params):
                    inside = [each for each in page.matches if _is_in(each, start, end)]
                    found.add(page, await asyncio.to_thread(self._sift, inside, known))
            except PagesExpired:
                if restarts == _RESTARTS:
                    raise
                restarts += 1
            else:
                return found

    def _is_cut_off(self, found: _Found) -> bool:
        # A full page and no link to another: either just enough, or a server
        # that does not page. Two halves will tell.
        whole = found.total is not None and not found.lacks_some()
        return found.entries == self._config.page_size and not whole

    async def _changed_since(self, since: str, bound: datetime) -> Changes:
        params = [
            ("_lastUpdated", f"ge{instant_text(bound)}"),
            ("_count", str(self._config.page_size)),
        ]
        found, served_at = _Found(), None
        async for page in self._pages(params):
            served_at = served_at or page.served_at
            if not all(_is_newer(each, bound) for each in page.matches):
                self._capabilities.not_incremental()
                return Changes()
            found.add(page, await asyncio.to_thread(self._sift, page.matches, {}))
        return Changes(
            tuple(await self._directory.finished(found.drafts.values())),
            found.all_unreadable(),
            instant_text(served_at) if served_at else since,
        )

    async def _server_time(self) -> str | None:
        async for page in self._pages([("_count", "1")]):
            return instant_text(page.served_at) if page.served_at else None
        return None

    async def _alone(
        self, found: _Found, ids: Sequence[str], known: Mapping[str, str]
    ) -> list[Gone]:
        """Read each by its id into `found`; what is left are those that are gone."""
        answers = await asyncio.gather(*(self._read(each) for each in ids))
        there = [resource for resource in answers if resource is not None]
        found.add(Page(()), await asyncio.to_thread(self._sift, there, known))
        return [
            Gone(id_)
            for id_, resource in zip(ids, answers, strict=True)
            if resource is None
        ]

    async def _read(self, resource_id: str) -> Resource | None:
        about = f"GET {_TYPE}"
        url = self._client.url(f"{_TYPE}/{resource_id}")
        answer = await self._client.get(url, about=about)
        if answer.status in _GONE:
            return None
        if answer.status != 200:
            raise refused(answer)
        resource = as_resource(answer.parsed(), _TYPE)
        if resource is None or resource.get("id") != resource_id:
            raise EHRRefused(f"{about}: not the {_TYPE} asked for")
        return resource

    def _pages(self, params: Params) -> AsyncIterator[Page]:
        return pages(self._client, _TYPE, params, max_pages=self._config.max_pages)

    def _sift(self, resources: Sequence[Resource], known: Mapping[str, str]) -> _Sifted:
        """Read what is not known already; the hash is a hundred times cheaper."""
        read: list[Draft | Unreadable] = []
        unchanged: set[str] = set()
        for resource in resources:
            resource_id = str(resource.get("id"))
            known_as = known.get(resource_id)
            if known_as is not None and known_as == self._source.fingerprint(resource):
                unchanged.add(resource_id)
            else:
                read.append(self.read(resource))
        return _Sifted(tuple(read), unchanged)


def _is_in(appointment: Resource, start: datetime, end: datetime) -> bool:
    """Whether it belongs to the period; one whose start nobody can read may."""
    start_at = instant(appointment.get("start"))
    return start_at is None or start <= start_at < end


def _is_newer(appointment: Resource, bound: datetime) -> bool:
    updated_at = instant(as_object(appointment.get("meta")).get("lastUpdated"))
    return updated_at is not None and updated_at >= bound.replace(microsecond=0)


def _joined(first: Slice, second: Slice) -> Slice:
    readings = {each.appointment_id: each for each in first.readings + second.readings}
    return Slice(
        tuple(readings.values()),
        first.unchanged | second.unchanged,
        tuple(dict.fromkeys(first.unreadable + second.unreadable)),
        first.complete and second.complete,
    )
