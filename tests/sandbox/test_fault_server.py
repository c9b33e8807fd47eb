"""The fault server before any FHIR server: what passes, what bends, what adds up."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from reminder.sandbox.errors import SandboxError
from reminder.sandbox.fault_server import FaultServer
from reminder.sandbox.fhir_faults.declaring import spoils_pages
from reminder.sandbox.fhir_faults.exchange import Asked, Resource
from reminder.sandbox.fhir_faults.named import FAULTS, VENDORS, named
from tests.ehr.pretend import fixture
from tests.servers.pretend_fhir import PretendFHIR

UPSTREAM = "https://ehr.example.org/interconnect/api/FHIR/R4"
PUBLIC = "http://127.0.0.1:8091"
BASE_URL = f"{PUBLIC}/interconnect/api/FHIR/R4"
DAY = "date=ge2027-03-01T00:00:00Z&date=lt2027-03-02T00:00:00Z"


@pytest.fixture
def ehr() -> PretendFHIR:
    """Five visits, far away."""
    server = PretendFHIR(UPSTREAM, lambda: datetime(2027, 2, 1, tzinfo=UTC))
    server.put(*(fixture("appointment-booked", id=f"v{n}") for n in range(5)))
    return server


@pytest.fixture
async def server(ehr: PretendFHIR) -> AsyncIterator[FaultServer]:
    client = httpx.AsyncClient(transport=httpx.MockTransport(ehr))
    server = FaultServer(f"{UPSTREAM}/", PUBLIC, client)
    yield server
    await server.aclose()


@pytest.fixture
async def client(server: FaultServer) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(server.app)
    async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
        yield client


def ids(page: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in page.get("entry") or []]


def next_of(page: dict[str, Any]) -> str | None:
    return {one["relation"]: one["url"] for one in page["link"]}.get("next")


async def followed(client: httpx.AsyncClient, query: str) -> list[str]:
    """Every id, page by page, in the server's order."""
    url: str | None = f"{BASE_URL}/Appointment?{query}"
    found: list[str] = []
    while url is not None:
        page = (await client.get(url)).json()
        found += ids(page)
        url = next_of(page)
    return found


async def test_without_a_fault_all_is_as_the_ehr_says_under_our_address(
    server: FaultServer, client: httpx.AsyncClient, ehr: PretendFHIR
) -> None:
    found = await followed(client, f"{DAY}&_count=2")
    read = await client.get("Appointment/v1")

    assert server.base_url == BASE_URL
    assert found == [f"v{n}" for n in range(5)]
    assert read.json()["id"] == "v1"
    assert (read.headers["etag"], read.headers["date"]) == (
        'W/"1"',
        "Mon, 01 Feb 2027 00:00:00 GMT",
    )
    assert ehr.asked[0].startswith(f"GET {UPSTREAM}/Appointment?date=")


async def test_addresses_in_what_is_written_are_the_ehrs_own(
    client: httpx.AsyncClient, ehr: PretendFHIR
) -> None:
    visit = fixture("appointment-booked", id="v9")
    url = f"{BASE_URL}/Appointment/v9"
    request = {"method": "PUT", "url": "Appointment/v9"}
    visit["participant"][1]["actor"]["reference"] = f"{BASE_URL}/Patient/ana"
    entry = {"fullUrl": url, "resource": visit, "request": request}

    answer = await client.post(BASE_URL, json={"entry": [entry]})

    assert answer.status_code == 200
    kept = ehr.read("Appointment/v9")
    assert kept is not None
    actor = kept["participant"][1]["actor"]
    assert actor["reference"] == f"{UPSTREAM}/Patient/ana"


async def test_a_fault_can_happen_so_often_and_only_after_so_many(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    server.misbehave(FAULTS["unavailable"].limited(times=2, after=1))

    answers = [await client.get("Appointment/v1") for _ in range(4)]

    assert [one.status_code for one in answers] == [200, 503, 503, 200]


async def test_a_fault_concerns_only_what_it_is_about(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    server.misbehave(FAULTS["unavailable"].about("Patient"), FAULTS["locked"])

    read = await client.get("Appointment/v1")
    written = await client.put("Appointment/v1", json=read.json())
    patient = await client.get("Patient/ana")

    statuses = (read.status_code, written.status_code, patient.status_code)
    assert statuses == (200, 423, 503)


async def test_faults_add_up_the_first_sees_the_request_first(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    names = "date-ignored", "count-capped", "next-relative", "no-total"
    server.misbehave(*(FAULTS[name] for name in names))

    page = (await client.get("Appointment?date=ge2030-01-01T00:00:00Z")).json()

    assert ids(page) == ["v0", "v1"]
    assert next_of(page) == "Appointment?_count=2&_offset=2"
    assert "total" not in page


async def test_all_is_well_again_when_it_is_told_so(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    server.misbehave(FAULTS["unavailable"])
    before = await client.get("Appointment/v1")

    server.be_well()

    assert (before.status_code, (await client.get("Appointment/v1")).status_code) == (
        503,
        200,
    )


async def test_later_pages_are_known_by_the_links_that_led_there(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    server.misbehave(FAULTS["pages-session-expired"])
    first = (await client.get(f"Appointment?{DAY}&_count=2")).json()

    second = await client.get(next_of(first) or "")

    assert ids(first) == ["v0", "v1"]
    assert second.status_code == 400
    assert second.json()["issue"][0]["details"]["coding"][0]["code"] == "4113"


async def test_ids_of_88_characters_are_understood_wherever_they_come_back(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    server.misbehave(FAULTS["long-ids"])

    found = ids((await client.get(f"Appointment?{DAY}")).json())
    read = (await client.get(f"Appointment/{found[3]}")).json()
    again = ids((await client.get(f"Appointment?_id={found[1]},{found[2]}")).json())
    read["comment"] = "written back"
    written = await client.put(f"Appointment/{found[3]}", json=read)

    assert {len(one) for one in found} == {88}
    assert read["id"] == found[3]
    assert again == found[1:3]
    assert written.status_code == 200
    assert written.json()["id"] == found[3]


@pytest.mark.parametrize(
    ("query", "status", "found"),
    [
        pytest.param("_id=v1", 200, ["v1"], id="ids"),
        pytest.param(f"practitioner=lee&{DAY}", 200, ["v0", "v1"], id="one-kind"),
        pytest.param(f"{DAY}", 400, [], id="nobody"),
        pytest.param(f"patient=ana&practitioner=lee&{DAY}", 400, [], id="two-kinds"),
        pytest.param(
            "practitioner=lee&date=ge2027-03-01Z&date=gt2027", 400, [], id="pair"
        ),
        pytest.param(
            "practitioner=lee&date=ge2027-03-01T00:00:00Z&date=lt2027-03-01T14:20:00Z",
            200,
            [],
            id="ends-later",
        ),
    ],
)
async def test_a_roster_is_asked_for_as_oracle_health_wants_it(
    server: FaultServer,
    client: httpx.AsyncClient,
    query: str,
    status: int,
    found: list[str],
) -> None:
    server.misbehave(FAULTS["roster-required"])

    answer = await client.get(f"Appointment?{query}&_count=2")

    assert answer.status_code == status
    assert ids(answer.json()) == found


async def test_a_search_that_is_stale_differs_from_a_read(
    server: FaultServer, client: httpx.AsyncClient, ehr: PretendFHIR
) -> None:
    server.misbehave(FAULTS["stale-search"])
    await client.get("Appointment?_id=v1")

    ehr.put(fixture("appointment-booked", id="v1", status="cancelled"))
    page = (await client.get("Appointment?_id=v1")).json()
    read = (await client.get("Appointment/v1")).json()

    assert page["entry"][0]["resource"]["status"] == "booked"
    assert read["status"] == "cancelled"


async def test_a_fault_is_ten_lines_of_whoever_needs_one(
    server: FaultServer, client: httpx.AsyncClient
) -> None:
    @spoils_pages
    def starts_in_capitals(page: Resource, asked: Asked) -> None:
        """Status codes are shouted."""
        for entry in page["entry"]:
            entry["resource"]["status"] = entry["resource"]["status"].upper()

    server.misbehave(starts_in_capitals)
    page = (await client.get("Appointment?_id=v1")).json()

    assert page["entry"][0]["resource"]["status"] == "BOOKED"
    assert starts_in_capitals.name == "starts-in-capitals"
    assert starts_in_capitals.sentence == "Status codes are shouted."


async def test_every_fault_has_a_name_and_a_sentence() -> None:
    nameless = [one.name for one in FAULTS.values() if not one.sentence.endswith(".")]

    assert nameless == []
    assert len(FAULTS) > 70
    assert not FAULTS.keys() & VENDORS.keys()


async def test_a_make_of_ehr_is_some_faults_at_once() -> None:
    assert named("locked") == (FAULTS["locked"],)
    assert FAULTS["ids-only"] in named("athenahealth")
    with pytest.raises(SandboxError, match="no fault is named sleepy"):
        named("sleepy")
