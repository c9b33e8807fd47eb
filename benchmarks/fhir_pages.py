"""A FHIR server in a process of its own, whose work is nobody's to count.

    python -m benchmarks.fhir_pages

It says its port and serves, below `/VERSION/APPOINTMENTS/fhir`, so many booked
appointments of two kilobytes on each day, a hundred on each page. Of another
VERSION each says something else.
"""

import contextlib
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

START = datetime(2027, 3, 1, tzinfo=UTC)
PAGE_SIZE = 100
_ROOT = Path(__file__).parents[1]
_SYSTEM = "http://terminology.hl7.org/CodeSystem"
_PATH = re.compile(r"(/(\w+)/(\d+)/fhir)/(\w+)")
_PLACES, _PRACTITIONERS = 20, 40


def appointment(number: int, version: str, day: int) -> dict[str, object]:
    """An Appointment as large EHRs write them: every element they fill, in 2 kB."""
    start_at = START + timedelta(days=day, minutes=number % 1400)
    return {
        "resourceType": "Appointment",
        "id": f"a{number}",
        "meta": {
            "versionId": version,
            "lastUpdated": "2027-02-01T15:00:00.000Z",
            "tag": [{"system": "https://ehr.example.org/programme", "code": "recall"}],
        },
        "text": {
            "status": "generated",
            "div": '<div xmlns="http://www.w3.org/1999/xhtml"><p>Booked, '
            f"visit {number}, version {version}, North Clinic, first floor</p></div>",
        },
        "identifier": [
            {"system": "https://ehr.example.org/appointment", "value": f"V{number:08}"}
        ],
        "status": "booked",
        "serviceCategory": [_concept("service-category", "17", "General Practice")],
        "serviceType": [_concept("service-type", "124", "General Practice")],
        "specialty": [_concept("specialty", "394814009", "General practice")],
        "appointmentType": _concept("v2-0276", "FOLLOWUP", "A follow up visit"),
        "priority": 5,
        "description": f"Follow-up {version}",
        "start": f"{start_at:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{start_at + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}",
        "minutesDuration": 30,
        "slot": [{"reference": f"Slot/s{number}"}],
        "created": "2027-01-15T14:03:11-05:00",
        "patientInstruction": "Please bring your list of medicines and arrive early.",
        "participant": [
            _participant(f"Patient/p{number}", "Okafor, Ada", "needs-action"),
            _participant(
                f"Practitioner/d{number % _PRACTITIONERS}", "Rivera, MD", "accepted"
            ),
            _participant(f"Location/l{number % _PLACES}", "North Clinic", "accepted"),
        ],
    }


def named(resource_type: str, resource_id: str) -> dict[str, object]:
    """A Location or a Practitioner."""
    name: object = "North Clinic"
    if resource_type == "Practitioner":
        name = [{"family": "Rivera", "given": ["Jo"], "prefix": ["Dr."]}]
    return {"resourceType": resource_type, "id": resource_id, "name": name}


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The origin of a server that runs until the end of the block."""
    command = [sys.executable, "-m", "benchmarks.fhir_pages"]
    with subprocess.Popen(  # noqa: S603 - our own module
        command, stdout=subprocess.PIPE, cwd=_ROOT, text=True
    ) as server:
        assert server.stdout is not None  # noqa: S101 - it is a pipe
        try:
            yield f"http://127.0.0.1:{server.stdout.readline().strip()}"
        finally:
            server.terminate()


def page(base_url: str, version: str, total: int, number: int, day: int = 0) -> bytes:
    """One page of a day of the search; both are numbered from 0."""
    first = number * PAGE_SIZE
    last = min(first + PAGE_SIZE, total)
    resources = [
        appointment(day * total + each, version, day) for each in range(first, last)
    ]
    links = [{"relation": "self", "url": f"{base_url}/Appointment"}]
    if last < total:
        url = f"{base_url}/Appointment?day={day}&page={number + 1}"
        links.append({"relation": "next", "url": url})
    return _bundle(base_url, resources, links, total)


def _bundle(
    base_url: str,
    resources: list[dict[str, object]],
    links: list[dict[str, str]],
    total: int,
) -> bytes:
    entries = [
        {
            "fullUrl": f"{base_url}/{each['resourceType']}/{each['id']}",
            "resource": each,
            "search": {"mode": "match"},
        }
        for each in resources
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "searchset",
        "total": total,
        "link": links,
        "entry": entries,
    }
    return json.dumps(bundle, separators=(",", ":")).encode()


def _concept(system: str, code: str, display: str) -> dict[str, object]:
    coding = {"system": f"{_SYSTEM}/{system}", "code": code, "display": display}
    return {"coding": [coding], "text": display}


def _participant(reference: str, display: str, status: str) -> dict[str, object]:
    actor = {"reference": reference, "display": display}
    return {"actor": actor, "required": "required", "status": status}


def _day(asked: dict[str, list[str]]) -> int:
    if "day" in asked:
        return int(asked["day"][0])
    since = asked["date"][0].removeprefix("ge")
    return (datetime.fromisoformat(since) - START).days


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        found = _PATH.fullmatch(address.path)
        if found is None:
            self.send_error(404)
            return
        base, version, total, resource_type = found.groups()
        base_url = f"http://{self.headers['Host']}{base}"
        asked = parse_qs(address.query)
        if resource_type == "Appointment":
            number = int(asked.get("page", ["0"])[0])
            body = page(base_url, version, int(total), number, _day(asked))
        else:
            ids = asked.get("_id", [""])[0].split(",")
            resources = [named(resource_type, each) for each in ids]
            body = _bundle(base_url, resources, [], len(resources))
        self.send_response(200)
        self.send_header("Content-Type", "application/fhir+json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing: the port is all there is to say."""


if __name__ == "__main__":
    _server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    print(_server.server_address[1], flush=True)  # noqa: T201 - what a command says
    _server.serve_forever()
