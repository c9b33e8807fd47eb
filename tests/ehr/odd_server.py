"""A FHIR server with the manners a test gives it, full of canaries."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl

import httpx

from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, Resource, bundle, said

CANARIES = ("Canaria", "patient-canary", "visit-canary", "1984-02-03", "555-0199")
"""What belongs to patients: no report may hold any of it."""

Said = httpx.Response
Params = list[tuple[str, str]]

_KNOWN = {"date", "patient", "practitioner", "location", "actor", "_id", "_count"}
_KNOWN |= {"_lastUpdated", "_include", "page"}


def statement(**of_appointment: object) -> Resource:
    """What such a server says it can do."""
    appointment = {
        "type": "Appointment",
        "interaction": [{"code": "update"}, {"code": "create"}],
        "searchParam": [{"name": name} for name in ("date", "patient")],
    } | of_appointment
    slot = {
        "type": "Slot",
        "interaction": [{"code": "search-type"}, {"code": "update"}],
    }
    rest = {
        "mode": "server",
        "interaction": [{"code": "transaction"}],
        "resource": [appointment, slot],
    }
    return {
        "resourceType": "CapabilityStatement",
        "fhirVersion": "4.0.1",
        "software": {"name": "Odd"},
        "rest": [rest],
    }


def visit(number: int, start: datetime | None = None, **changes: object) -> Resource:
    """A booked appointment tomorrow, with canaries in all of it."""
    start = start or NOW + timedelta(days=1, minutes=30 * number)
    return {
        "resourceType": "Appointment",
        "id": f"visit-canary-{number}",
        "meta": {"versionId": "1", "lastUpdated": "2027-02-01T00:00:00Z"},
        "status": "booked",
        "comment": "Canaria was born on 1984-02-03",
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{start + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}",
        "participant": [
            _participant(f"Patient/patient-canary-{number}", "Ana Canaria"),
            _participant(f"Practitioner/lee-{number % 2}", "Dr. Lee"),
            _participant(f"Location/elm-{number % 3}", "Elm Street"),
        ],
    } | changes


def _participant(reference: str, display: str) -> Resource:
    return {
        "actor": {"reference": reference, "display": display},
        "status": "accepted",
    }


def unhappy(status: int, code: str = "processing") -> Said:
    """A refusal with a canary in its words."""
    issue = {"severity": "error", "code": code, "diagnostics": "Ana Canaria"}
    return said({"resourceType": "OperationOutcome", "issue": [issue]}, status)


class OddServer:
    """Answers searches rightly, but for what its attributes say.

    `manners` come first: each is given the request and its parameters, and
    answers it or returns None.
    """

    def __init__(
        self, visits: list[Resource] | None = None, **of_appointment: Any
    ) -> None:
        self.visits = [visit(n) for n in range(6)] if visits is None else visits
        self.statement: object = statement(**of_appointment)
        self.manners: list[Callable[[httpx.Request, Params], Said | None]] = []
        self.ignores: set[str] = set()
        self.strict = True
        self.next_links = True
        self.link_base = BASE_URL
        self.asked: list[httpx.Request] = []

    def __call__(self, request: httpx.Request) -> Said:
        self.asked.append(request)
        params = parse_qsl(request.url.query.decode())
        for manner in self.manners:
            answer = manner(request, params)
            if answer is not None:
                return answer
        path = request.url.path.removeprefix("/fhir").strip("/")
        return self._answer(request, path, params)

    def _answer(self, request: httpx.Request, path: str, params: Params) -> Said:
        if path == "metadata":
            return said(self.statement)
        if path == "Appointment":
            return self._searched(request, params)
        if path.startswith("Appointment/"):
            return self._one(request, path.partition("/")[2])
        if path in ("Patient", "Location", "Practitioner"):
            return said(bundle({"resourceType": path, "id": dict(params)["_id"]}))
        return said(bundle()) if params else unhappy(404, "not-found")

    def _one(self, request: httpx.Request, resource_id: str) -> Said:
        for each in self.visits:
            if each["id"] == resource_id:
                if request.method != "GET":
                    return unhappy(412, "conflict")
                return said(each, etag='W/"1"')
        return unhappy(404, "not-found")

    def _searched(self, request: httpx.Request, params: Params) -> Said:
        strange = {name for name, _ in params} - _KNOWN
        if strange and self.strict and "strict" in request.headers.get("prefer", ""):
            return unhappy(400, "not-supported")
        found = [each for each in self.visits if self._matches(each, params)]
        asked = dict(params)
        count, page = int(asked.get("_count", "10")), int(asked.get("page", "0"))
        shown = found[page * count : (page + 1) * count]
        more = len(found) > (page + 1) * count and self.next_links
        others = [(name, value) for name, value in params if name != "page"]
        link = httpx.URL(f"{self.link_base}/Appointment").copy_merge_params(
            [*others, ("page", str(page + 1))]
        )
        answer = bundle(*shown, next_link=str(link) if more else None)
        if asked.get("_include"):
            patient = {"resourceType": "Patient", "id": "patient-canary-0"}
            answer["entry"].append({"resource": patient, "search": {"mode": "include"}})
        return said(answer)

    def _matches(self, each: Resource, params: Params) -> bool:
        return all(
            self._fits(each, name, value)
            for name, value in params
            if name not in self.ignores
        )

    def _fits(self, each: Resource, name: str, value: str) -> bool:
        match name:
            case "date":
                return _compares(each["start"], value)
            case "_lastUpdated":
                return _compares(each.get("meta", {}).get("lastUpdated", ""), value)
            case "_id":
                return each["id"] in value.split(",")
            case "patient" | "practitioner" | "location":
                wanted = f"{name.capitalize()}/{value}"
                actors = [one["actor"]["reference"] for one in each["participant"]]
                return wanted in actors
            case _:
                return True


def _compares(instant: str, bound: str) -> bool:
    prefix, value = bound[:2], bound[2:]
    return instant >= value if prefix == "ge" else instant < value


@contextmanager
def listening(server: OddServer) -> Iterator[str]:
    """The server on a socket of its own; its base URL."""

    class Handler(BaseHTTPRequestHandler):
        def _answer(self) -> None:
            length = int(self.headers.get("content-length", "0"))
            request = httpx.Request(
                self.command,
                f"http://{self.headers['host']}{self.path}",
                headers=dict(self.headers.items()),
                content=self.rfile.read(length),
            )
            answer = server(request)
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_GET = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    server.link_base = f"http://127.0.0.1:{http.server_port}/fhir"
    try:
        yield server.link_base
    finally:
        http.shutdown()
        http.server_close()
        thread.join()
