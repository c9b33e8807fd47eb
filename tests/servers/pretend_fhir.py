"""A faithful FHIR server in memory, for many short lives: SEKMET's stand-in."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, tzinfo
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urlencode

import httpx

from tests.servers.fhir_search import UnknownParameter, found, in_order, included

Resource = dict[str, Any]
_PAGE = 50


@dataclass
class PretendFHIR:
    """Keeps resources with versions; hand it to `httpx.MockTransport`.

    `asked` are the methods and addresses it was asked, in order.
    """

    base_url: str
    clock: Callable[[], datetime]
    zone: tzinfo = UTC
    """Its own, in which it takes instants that were written without one."""
    kept: dict[str, Resource | None] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    def put(self, *resources: Resource) -> None:
        """Store these under their own ids, each as a new version."""
        for resource in resources:
            path = f"{resource['resourceType']}/{resource['id']}"
            number = int(self._version(path) or 0) + 1
            updated = self.clock().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            meta = {"versionId": str(number), "lastUpdated": updated}
            self.kept[path] = json.loads(json.dumps(resource)) | {"meta": meta}

    def delete(self, resource_type: str, resource_id: str) -> None:
        """Delete it; reading it is 410 from then on."""
        self.kept[f"{resource_type}/{resource_id}"] = None

    def read(self, path: str) -> Resource | None:
        """The resource at such as `Slot/17`."""
        return self.kept.get(path)

    def clear(self) -> None:
        """Hold nothing."""
        self.kept.clear()
        self.asked.clear()

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(f"{request.method} {request.url}")
        path = request.url.path.removeprefix(httpx.URL(self.base_url).path).strip("/")
        if path == "metadata":
            return self._said(STATEMENT)
        if request.method == "GET" and "/" in path:
            return self._read(path)
        if request.method == "GET" or path.endswith("/_search"):
            return self._search(path.removesuffix("/_search"), request)
        return self._write(request.method, path, request)

    def _read(self, path: str) -> httpx.Response:
        if path not in self.kept:
            return self._refused(404, "not-found")
        resource = self.kept[path]
        return (
            self._refused(410, "deleted") if resource is None else self._said(resource)
        )

    def _search(self, resource_type: str, request: httpx.Request) -> httpx.Response:
        form = request.content.decode() if request.method == "POST" else ""
        query = "&".join(filter(None, (request.url.query.decode(), form)))
        params = parse_qsl(query, keep_blank_values=True)
        strict = "strict" in request.headers.get("prefer", "")
        every = [
            resource
            for path, resource in self.kept.items()
            if resource is not None and path.startswith(f"{resource_type}/")
        ]
        try:
            matches = found(every, params, strict=strict, zone=self.zone)
        except UnknownParameter:
            return self._refused(400, "not-supported")
        except ValueError:
            return self._refused(400, "invalid")
        named = dict(params)
        matches = in_order(matches, named.get("_sort", ""))
        return self._said(self._page(resource_type, matches, params, named))

    def _page(
        self,
        resource_type: str,
        matches: list[Resource],
        params: list[tuple[str, str]],
        named: dict[str, str],
    ) -> Resource:
        first, size = int(named.get("_offset", 0)), int(named.get("_count", _PAGE))
        page = matches[first : first + size]
        wanted = [value for name, value in params if name == "_include"]
        more = {
            f"{each['resourceType']}/{each['id']}": each
            for match in page
            for each in included(match, wanted, self.read)
        }
        entries = [self._entry(each, "match") for each in page]
        entries += [self._entry(each, "include") for each in more.values()]
        links = [{"relation": "self", "url": f"{self.base_url}/{resource_type}"}]
        if size and first + size < len(matches):
            others = [each for each in params if each[0] != "_offset"]
            query = urlencode([*others, ("_offset", str(first + size))])
            url = f"{self.base_url}/{resource_type}?{query}"
            links.append({"relation": "next", "url": url})
        return {
            "resourceType": "Bundle",
            "type": "searchset",
            "total": len(matches),
            "link": links,
            "entry": entries,
        }

    def _entry(self, resource: Resource, mode: str) -> Resource:
        url = f"{self.base_url}/{resource['resourceType']}/{resource['id']}"
        return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}

    def _write(self, method: str, path: str, request: httpx.Request) -> httpx.Response:
        sent = json.loads(request.content) if request.content else {}
        if method == "POST" and path == "":
            return self._transaction(sent)
        if method == "PUT":
            status = self._put(path, sent, request.headers.get("if-match"))
            resource = self.kept.get(path)
            if status >= 400 or resource is None:
                return self._refused(status, "conflict")
            return self._said(resource, status)
        return self._refused(405, "not-supported")

    def _put(self, path: str, sent: Resource, if_match: str | None) -> int:
        version = self._version(path)
        if if_match is not None and if_match.strip('W/"') != version:
            return 412
        self.put(sent)
        return 200 if version else 201

    def _transaction(self, sent: Resource) -> httpx.Response:
        before, entries = dict(self.kept), []
        for entry in sent["entry"]:
            request = entry["request"]
            status = self._put(
                request["url"], entry["resource"], request.get("ifMatch")
            )
            if status >= 400:
                self.kept = before
                return self._refused(status, "conflict")
            entries.append({"response": {"status": str(status)}})
        answer = {"resourceType": "Bundle", "type": "transaction-response"}
        return self._said(answer | {"entry": entries})

    def _version(self, path: str) -> str | None:
        resource = self.kept.get(path)
        return None if resource is None else resource["meta"]["versionId"]

    def _said(self, resource: Resource, status: int = 200) -> httpx.Response:
        headers = {"date": format_datetime(self.clock(), usegmt=True)}
        version = resource.get("meta", {}).get("versionId")
        if version:
            headers["etag"] = f'W/"{version}"'
        return httpx.Response(status, json=resource, headers=headers)

    def _refused(self, status: int, code: str) -> httpx.Response:
        issue = {"severity": "error", "code": code}
        return self._said(
            {"resourceType": "OperationOutcome", "issue": [issue]}, status
        )


def _can(resource_type: str, *interactions: str) -> Resource:
    codes = ("read", "search-type", *interactions)
    return {
        "type": resource_type,
        "interaction": [{"code": code} for code in codes],
        "searchParam": [
            {"name": name} for name in ("date", "patient", "_id", "_lastUpdated")
        ],
    }


STATEMENT: Resource = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "software": {"name": "PretendFHIR"},
    "rest": [
        {
            "mode": "server",
            "interaction": [{"code": "transaction"}],
            "resource": [
                _can("Appointment", "update", "create"),
                _can("Slot", "update"),
                _can("Patient"),
                _can("RelatedPerson"),
                _can("Location"),
                _can("Practitioner"),
            ],
        }
    ],
}
