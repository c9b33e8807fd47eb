"""What a clinic's life is made of: its EHR, the line to it, what is written there."""

import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import httpx

from tests.servers.pretend_fhir import PretendFHIR

NEW_YORK = ZoneInfo("America/New_York")
PATIENTS = ("ana", "ben", "cleo", "dov")
DOCTORS = ("lee", "roy")


class Seen(NamedTuple):
    """One booking, as either side has it."""

    appointment_id: str
    patient_id: str
    status: str
    start_at: datetime


class Killed(BaseException):
    """Our process ended there."""


class OnSEKMET:
    """The EHR is SEKMET; `kept` is what the clinic wrote into it."""

    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.kept: dict[str, Any] = {}
        # A context without certificates: the server is on loopback, in plain HTTP.
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        self.client = httpx.Client(trust_env=False, verify=tls)

    def put(self, *resources: dict[str, Any]) -> None:
        for resource in resources:
            path = f"{resource['resourceType']}/{resource['id']}"
            self.kept[path] = resource
            answer = self.client.put(f"{self.base_url}/{path}", json=resource)
            assert answer.is_success, answer.text

    def delete(self, resource_type: str, resource_id: str) -> None:
        path = f"{resource_type}/{resource_id}"
        self.kept[path] = None
        assert self.client.delete(f"{self.base_url}/{path}").is_success

    def __call__(self, request: httpx.Request) -> httpx.Response:
        answer = self.client.send(request)
        headers = {"date": answer.headers["date"]}
        return httpx.Response(
            answer.status_code, content=answer.content, headers=headers
        )


class Line:
    """The line to the EHR, which may break, or we may, at the n-th request."""

    def __init__(self, server: PretendFHIR | OnSEKMET) -> None:
        self.server = server
        self.breaks_at: int | None = None
        self.kills = False

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if self.breaks_at is not None:
            self.breaks_at -= 1
            if self.breaks_at < 0:
                if self.kills:
                    raise Killed
                return httpx.Response(503)
        return self.server(request)

    def mend(self) -> None:
        self.breaks_at, self.kills = None, False


def utc(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def offset(at: datetime) -> str:
    return at.astimezone(NEW_YORK).isoformat()


def no_zone(at: datetime) -> str:
    return at.astimezone(NEW_YORK).replace(tzinfo=None).isoformat()


WRITTEN_AS: dict[str, Callable[[datetime], str]] = {
    "utc": utc,
    "offset": offset,
    "no-zone": no_zone,
}


def instant_of(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return (at if at.tzinfo else at.replace(tzinfo=NEW_YORK)).astimezone(UTC)


def people() -> list[dict[str, Any]]:
    named = [("Patient", one) for one in PATIENTS]
    named += [("Practitioner", one) for one in DOCTORS]
    members = [{"entity": {"reference": f"Patient/{one}"}} for one in PATIENTS]
    everybody = {
        "resourceType": "Group",
        "id": "everybody",
        "type": "person",
        "actual": True,
        "member": members,
    }
    return [everybody] + [
        {"resourceType": kind, "id": one, "name": [{"family": one.title()}]}
        for kind, one in named
    ]


def participants(who: list[str], doctor: str) -> list[dict[str, Any]]:
    actors = [*(f"Patient/{one}" for one in who), f"Practitioner/{doctor}"]
    return [{"actor": {"reference": actor}, "status": "accepted"} for actor in actors]


def new_visit(
    name: str, who: list[str], doctor: str, times: dict[str, str]
) -> dict[str, Any]:
    return {
        "resourceType": "Appointment",
        "id": name,
        "status": "booked",
        "participant": participants(who, doctor),
        **times,
    }
