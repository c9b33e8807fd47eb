"""Stands in front of the EHR: mixes in what no honest server holds, and misbehaves."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import httpx
import orjson
from starlette.applications import Starlette
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from reminder.sandbox.clinics import Resource
from reminder.sandbox.faults import SAME_PAGE, Fault, Faults
from reminder.sandbox.malformed import Malformed
from reminder.sandbox.serving import loopback_client

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_KEPT_HEADERS = ("content-type", "etag", "last-modified", "location")
_NOT_PASSED_ON = {"host", "content-length", "connection", "accept-encoding"}
_REMEMBERED = 10_000
_COMPARISONS = {
    "ge": datetime.__ge__,
    "gt": datetime.__gt__,
    "lt": datetime.__lt__,
    "le": datetime.__le__,
}


class Proxy:
    """Passes every request on to the EHR, with faults and malformed Appointments.

    `faults` are what it does wrong on demand. `requests` are the last methods
    and paths with their queries, as they came in.

    Args:
        upstream: the address of the EHR, without its `/fhir`.
        public_url: the proxy's own address, as the EHR names it in links.
        malformed: found by searches for their day or their ids, and by reads.
    """

    def __init__(
        self, upstream: str, public_url: str, malformed: Sequence[Malformed] = ()
    ) -> None:
        self.faults = Faults()
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        self.malformed = tuple(malformed)
        self.app = Starlette(
            routes=[Route("/{path:path}", self._serve, methods=_METHODS)]
        )
        self._public_url = public_url
        self._client = loopback_client(upstream)

    async def aclose(self) -> None:
        """Close the connections to the EHR."""
        await self._client.aclose()

    async def _serve(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        self.requests.append((request.method, request.url.path + query))
        fault = self.faults.take(request)
        answer = await self.faults.before(fault)
        if answer is None:
            answer = self._read(request) or await self._forward(request, fault)
        return await self.faults.after(fault, answer)

    def _read(self, request: Request) -> Response | None:
        """A malformed Appointment asked for by its id."""
        for malformed in self.malformed:
            path = f"/fhir/Appointment/{malformed.resource['id']}"
            if request.method == "GET" and request.url.path == path:
                return _fhir(malformed.resource)
        return None

    async def _forward(self, request: Request, fault: Fault) -> Response:
        headers = [
            (name, value)
            for name, value in request.headers.items()
            if name not in _NOT_PASSED_ON
        ]
        url = httpx.URL(path=request.url.path, query=request.url.query.encode())
        body = await request.body()
        answer = await self._client.request(
            request.method, url, headers=headers, content=body
        )
        kept = {
            name: answer.headers[name]
            for name in _KEPT_HEADERS
            if name in answer.headers
        }
        content = answer.content
        if answer.is_success and _is_search(request):
            content = self._mixed(request, body, content, fault)
        return Response(content, answer.status_code, kept)

    def _mixed(
        self, request: Request, body: bytes, content: bytes, fault: Fault
    ) -> bytes:
        query = QueryParams(body) if request.method == "POST" else request.query_params
        found = [one.resource for one in self.malformed if _finds(query, one)]
        if not found and fault.next_link is None:
            return content
        bundle: Resource = orjson.loads(content)
        bundle.setdefault("entry", []).extend(self._entry(one) for one in found)
        if "total" in bundle:
            bundle["total"] += len(found)
        if fault.next_link is not None:
            own = str(request.url)
            _set_next(bundle, own if fault.next_link == SAME_PAGE else fault.next_link)
        return orjson.dumps(bundle)

    def _entry(self, resource: Resource) -> Resource:
        return {
            "fullUrl": f"{self._public_url}/fhir/Appointment/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }


def _is_search(request: Request) -> bool:
    if request.method == "POST":
        return request.url.path == "/fhir/Appointment/_search"
    return request.method == "GET" and request.url.path == "/fhir/Appointment"


def _finds(query: QueryParams, malformed: Malformed) -> bool:
    """Whether the first page of that search holds it; only by date or by id."""
    if query.get("_offset", "0") != "0" or query.get("_count") == "0":
        return False
    if "_id" in query:
        return malformed.resource["id"] in query["_id"].split(",")
    dates = query.getlist("date")
    return bool(dates) and all(_holds(date, malformed.at) for date in dates)


def _holds(condition: str, at: datetime) -> bool:
    compare = _COMPARISONS.get(condition[:2])
    return compare is not None and compare(at, datetime.fromisoformat(condition[2:]))


def _set_next(bundle: dict[str, Any], url: str) -> None:
    others = [link for link in bundle.get("link", []) if link["relation"] != "next"]
    bundle["link"] = [*others, {"relation": "next", "url": url}]


def _fhir(resource: Resource) -> Response:
    return Response(orjson.dumps(resource), media_type="application/fhir+json")
