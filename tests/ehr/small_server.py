"""A FHIR server in memory: versions, searches, writes, and whatever a test does to it.

It is sound unless told otherwise. `fault` sees every write before it is done: an
answer stands for it, an exception kills whoever asked. `after` sees it once done.
"""

import itertools
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import orjson

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.ehr.reading.instants import instant
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Written
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, Resource, bundle, fixture, said

FIRST_WRITE = datetime(2027, 2, 20, 15, tzinfo=UTC)
ALL = ("read", "search-type", "create", "update", "patch")
KEY = AppointmentKey("north", "visit-1", "ana")
ASK = UUID("6f1d3f0a-0000-4000-8000-000000000001")


class Killed(BaseException):
    """The process is gone: nothing catches this."""


def statement(*, system: tuple[str, ...] = (), **types: tuple[str, ...]) -> Resource:
    """A CapabilityStatement with these interactions, by type."""
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "rest": [
            {
                "mode": "server",
                "interaction": [{"code": each} for each in system],
                "resource": [
                    {
                        "type": name,
                        "interaction": [{"code": each} for each in interactions],
                        "searchParam": [{"name": "_lastUpdated"}, {"name": "slot"}],
                    }
                    for name, interactions in types.items()
                ],
            }
        ],
    }


def slot(slot_id: str, hour: int, status: str = "free", **changes: object) -> Resource:
    """Half an hour of the schedule on the second of March."""
    times = {
        "start": f"2027-03-02T{hour:02}:00:00Z",
        "end": f"2027-03-02T{hour:02}:30:00Z",
    }
    return fixture("slot-busy", id=slot_id, status=status, **(times | changes))


def booked(name: str, at: Resource, **changes: object) -> Resource:
    """Ana's visit in that Slot."""
    own = {"slot": [{"reference": f"Slot/{at['id']}"}]}
    times = {"start": at["start"], "end": at["end"]}
    return fixture("appointment-booked", id=name, **(own | times | changes))


class SmallServer:
    """Resources by type and id."""

    def __init__(self, *resources: Resource, says: Resource) -> None:
        self.says = says
        self.held: dict[str, Resource] = {}
        self.writes: list[str] = []
        self.asked: list[httpx.Request] = []
        self.fault: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        self.after: Callable[[httpx.Request], None] = lambda _: None
        self.versioned = True
        self.heeds_versions = True
        self.follows_slot = False
        self.blind_to: frozenset[str] = frozenset()
        self._ids = itertools.count(1)
        self._ticks = itertools.count()
        for each in resources:
            self.keep(dict(each))

    def keep(self, resource: Resource) -> Resource:
        """Store a resource as its next version."""
        path = f"{resource['resourceType']}/{resource['id']}"
        before = self.held.get(path, {}).get("meta", {})
        changed_at = FIRST_WRITE + timedelta(milliseconds=next(self._ticks))
        meta = {
            "versionId": str(int(before.get("versionId", 0)) + 1),
            "lastUpdated": changed_at.isoformat(),
        }
        self.held[path] = resource | ({"meta": meta} if self.versioned else {})
        if not self.versioned:
            self.held[path].pop("meta", None)
        return self.held[path]

    def __getitem__(self, path: str) -> Resource:
        return self.held[path]

    def of(self, kind: str) -> list[Resource]:
        """All resources of one type."""
        return [each for each in self.held.values() if each["resourceType"] == kind]

    def live(self) -> list[str]:
        """The ids of the appointments that are booked."""
        found = self.of("Appointment")
        return sorted(each["id"] for each in found if each["status"] == "booked")

    def statuses(self, *slot_ids: str) -> list[str]:
        """The status of each Slot."""
        return [self[f"Slot/{each}"]["status"] for each in slot_ids]

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        path = request.url.path.removeprefix("/fhir").strip("/")
        if request.method == "GET":
            return self._read(request, path)
        self.writes.append(f"{request.method} {path}".strip())
        if (fault := self.fault(request)) is not None:
            return fault
        answer = self._written(request, path)
        self.after(request)
        return answer

    def _read(self, request: httpx.Request, path: str) -> httpx.Response:
        if path == "metadata":
            return said(self.says)
        if "/" not in path:
            return said(bundle(*self._matches(path, request.url.params)))
        found = self.held.get(path)
        if found is None:
            return said({}, 404)
        return httpx.Response(200, content=orjson.dumps(found), headers=self._tag(path))

    def _matches(self, kind: str, params: httpx.QueryParams) -> list[Resource]:
        if self.blind_to & set(params):
            # As some do with a parameter they do not know.
            return []
        return [each for each in self.of(kind) if _matches(each, params)]

    def _tag(self, path: str) -> dict[str, str]:
        version = self.held[path].get("meta", {}).get("versionId")
        return {"ETag": f'W/"{version}"'} if version else {}

    def _written(self, request: httpx.Request, path: str) -> httpx.Response:
        if request.method == "POST" and not path:
            return self._transaction(orjson.loads(request.content))
        if request.method == "POST":
            return self._created(request, path)
        if path not in self.held:
            return said({}, 404)
        if self._is_stale(path, request.headers.get("if-match")):
            return said({}, 412)
        if request.method == "PATCH":
            self._patch(path, orjson.loads(request.content))
        else:
            self.keep(orjson.loads(request.content))
        return httpx.Response(200, json={}, headers=self._tag(path))

    def _is_stale(self, path: str, version: str | None) -> bool:
        if not self.heeds_versions or not self.versioned:
            return False
        return version != self._tag(path)["ETag"]

    def _created(self, request: httpx.Request, kind: str) -> httpx.Response:
        condition = httpx.QueryParams(request.headers.get("if-none-exist", ""))
        there = self._matches(kind, condition) if condition else []
        if there:
            return said(there[0], 200, Location=f"/fhir/{kind}/{there[0]['id']}")
        made = orjson.loads(request.content) | {"id": f"new-{next(self._ids)}"}
        self.keep(made)
        return said({}, 201, Location=f"/fhir/{kind}/{made['id']}/_history/1")

    def _transaction(self, sent: Resource) -> httpx.Response:
        asked = [each["request"] for each in sent["entry"]]
        if any(self._is_stale(each["url"], each["ifMatch"]) for each in asked):
            return said({}, 412)
        for each in sent["entry"]:
            self.keep(each["resource"])
        done = [{"response": {"status": "200 OK"}} for _ in asked]
        return said({"resourceType": "Bundle", "entry": done})

    def _patch(self, path: str, operations: list[Resource]) -> None:
        resource = json.loads(json.dumps(self.held[path]))
        for each in operations:
            _apply(resource, each)
            if self.follows_slot and each["path"] == "/slot":
                at = self.held[each["value"][0]["reference"]]
                resource |= {"start": at["start"], "end": at["end"]}
        self.keep(resource)


def _matches(resource: Resource, params: httpx.QueryParams) -> bool:
    for name, value in params.multi_items():
        if name == "identifier":
            found = [f"{e['system']}|{e['value']}" for e in _list(resource, name)]
            if value not in found:
                return False
        if name == "slot" and {"reference": value} not in _list(resource, "slot"):
            return False
        if name == "date" and not _is_in(resource, value):
            return False
    return True


def _list(resource: Resource, name: str) -> list[Resource]:
    found = resource.get(name) or []
    return found if isinstance(found, list) else [found]


def _is_in(resource: Resource, bound: str) -> bool:
    start, limit = instant(resource.get("start")), instant(bound[2:])
    assert start is not None
    assert limit is not None
    return start >= limit if bound.startswith("ge") else start < limit


def _apply(resource: Any, operation: Resource) -> None:
    *way, last = re.split("/", operation["path"].lstrip("/"))
    for step in way:
        resource = resource[int(step)] if isinstance(resource, list) else resource[step]
    if operation["op"] in ("replace", "remove"):
        assert last in resource, operation
    if operation["op"] == "remove":
        del resource[last]
    else:
        resource[last] = operation["value"]


EVERYTHING = statement(Appointment=ALL, Slot=ALL)


def clinic(*more: Resource, says: Resource = EVERYTHING) -> SmallServer:
    """Ana at two o'clock, and a free Slot at three."""
    old = slot("old", 14, "busy")
    return SmallServer(old, slot("new", 15), booked("visit-1", old), *more, says=says)


async def move(ehr: EHR, key: AppointmentKey = KEY, ask: UUID = ASK) -> Written:
    return await ehr.reschedule(key, "new", ask=ask, before_slot_ids=("old",))


def starts(server: SmallServer) -> list[str]:
    return [server[f"Appointment/{each}"]["start"] for each in server.live()]


def killing(server: SmallServer, number: int, when: str) -> None:
    """Ends whoever makes the n-th write from now, before it is done or after."""
    at = len(server.writes) + number

    def lost() -> None:
        raise httpx.ReadTimeout("canary") if when == "lost" else Killed

    def before(_: httpx.Request) -> None:
        if len(server.writes) == at and when == "before":
            lost()

    def after(_: httpx.Request) -> None:
        if len(server.writes) == at and when != "before":
            lost()

    server.fault, server.after = before, after


def ehr_of(server: SmallServer, **config: object) -> EHR:
    values = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 1000}
    return EHR(
        "north",
        EHRConfig.model_validate(values | config),
        clock=lambda: NOW,
        transport=httpx.MockTransport(server),
    )


def said_to(server: SmallServer, what: str, answer: httpx.Response) -> None:
    """The server says this to every write of that kind."""
    server.fault = lambda request: (
        answer if server.writes[-1].startswith(what) else None
    )
