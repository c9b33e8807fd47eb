import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio

from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.faults import SAME_PAGE, Fault, Silence
from reminder.sandbox.generator import Practice
from reminder.sandbox.proxy import Proxy

pytestmark = pytest.mark.asyncio(loop_scope="package")

FORTNIGHT = "date=ge2027-03-01T05:00:00Z&date=lt2027-03-15T04:00:00Z"
PUBLIC = "http://proxy.example.org"


@pytest_asyncio.fixture(loop_scope="package")
async def proxy(filled: EHRServer, spring: Practice) -> AsyncIterator[Proxy]:
    upstream = filled.base_url.removesuffix("/fhir")
    proxy = Proxy(upstream, PUBLIC, spring.malformed)
    yield proxy
    await proxy.aclose()


@pytest_asyncio.fixture(loop_scope="package")
async def client(proxy: Proxy) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(proxy.app)
    async with httpx.AsyncClient(
        transport=transport, base_url=f"{PUBLIC}/fhir/"
    ) as client:
        yield client


def ids(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["id"] for entry in bundle.get("entry", [])]


def next_link(bundle: dict[str, Any]) -> str | None:
    links = {link["relation"]: link["url"] for link in bundle["link"]}
    return links.get("next")


async def test_five_malformed_visits_are_mixed_into_the_pages_of_a_fortnight(
    client: httpx.AsyncClient, spring: Practice
) -> None:
    path: str | None = f"Appointment?{FORTNIGHT}&_count=100"
    found: list[str] = []

    while path is not None:
        bundle = (await client.get(path)).json()
        found += ids(bundle)
        following = next_link(bundle)
        path = following and following.rpartition("/")[2]

    malformed = [found_id for found_id in found if found_id.startswith("spoilt-")]
    assert sorted(malformed) == sorted(one.resource["id"] for one in spring.malformed)
    assert len(found) - len(malformed) > 300


async def test_searches_day_by_day_find_each_malformed_visit_once(
    client: httpx.AsyncClient, spring: Practice
) -> None:
    found: list[str] = []

    for day in range(1, 15):
        query = (
            f"date=ge2027-03-{day:02}T00:00:00Z&date=lt2027-03-{day + 1:02}T00:00:00Z"
        )
        found += ids((await client.get(f"Appointment?{query}&_count=200")).json())

    malformed = [found_id for found_id in found if found_id.startswith("spoilt-")]
    assert sorted(malformed) == sorted(one.resource["id"] for one in spring.malformed)


async def test_a_malformed_visit_is_found_by_its_id(
    client: httpx.AsyncClient, spring: Practice
) -> None:
    spoilt = spring.malformed[4].resource

    searched = (await client.get(f"Appointment?_id={spoilt['id']},visit-0001")).json()
    read = await client.get(f"Appointment/{spoilt['id']}")

    assert sorted(ids(searched)) == sorted([spoilt["id"], "visit-0001"])
    assert searched["total"] == 2
    assert read.json() == spoilt


async def test_other_searches_are_passed_on_as_they_are(
    client: httpx.AsyncClient,
) -> None:
    changed = await client.get("Appointment?_lastUpdated=ge2020-01-01T00:00:00Z")
    slots = await client.get("Slot?_count=3")

    assert not [one for one in ids(changed.json()) if one.startswith("spoilt-")]
    assert len(ids(slots.json())) == 3


async def test_a_write_against_an_old_version_is_a_conflict(
    client: httpx.AsyncClient,
) -> None:
    read = await client.get("Appointment/visit-0001")
    visit = read.json() | {"comment": "moved once"}

    first = await client.put(
        "Appointment/visit-0001",
        json=visit,
        headers={"If-Match": read.headers["etag"]},
    )
    second = await client.put(
        "Appointment/visit-0001",
        json=visit,
        headers={"If-Match": read.headers["etag"]},
    )

    assert (first.status_code, second.status_code) == (200, 412)
    assert first.headers["etag"] == 'W/"2"'


async def test_a_status_is_answered_as_often_as_asked_for(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    proxy.faults.add(Fault(status=429, retry_after="7", times=2))

    answers = [await client.get("metadata") for _ in range(3)]

    assert [answer.status_code for answer in answers] == [429, 429, 200]
    assert answers[0].headers["retry-after"] == "7"


async def test_a_fault_happens_only_to_the_requests_it_fits(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    proxy.faults.add(Fault(method="GET", path="/Patient", status=500))

    patient = await client.get("Patient/patient-0001")
    visit = await client.get("Appointment/visit-0002")

    assert (patient.status_code, visit.status_code) == (500, 200)


async def test_delay_comes_before_the_answer(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    proxy.faults.add(Fault(delay_s=30))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.get("metadata")


async def test_an_ehr_that_falls_silent_first_has_done_nothing(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    visit = (await client.get("Appointment/visit-0011")).json()
    proxy.faults.add(Fault(method="PUT", silence=Silence.BEFORE))

    waiting = asyncio.create_task(client.put("Appointment/visit-0011", json=visit))
    while ("PUT", "/fhir/Appointment/visit-0011") not in proxy.requests:
        await asyncio.sleep(0)

    after = (await client.get("Appointment/visit-0011")).json()
    assert after["meta"]["versionId"] == "1"
    assert not waiting.done()
    proxy.faults.clear()
    assert (await waiting).status_code == 503


async def test_an_ehr_that_falls_silent_afterwards_has_done_it(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    visit = (await client.get("Appointment/visit-0012")).json()
    proxy.faults.add(Fault(method="PUT", silence=Silence.AFTER))

    waiting = asyncio.create_task(client.put("Appointment/visit-0012", json=visit))
    async with asyncio.timeout(10):
        while visit["meta"]["versionId"] != "2":
            visit = (await client.get("Appointment/visit-0012")).json()

    assert not waiting.done()
    proxy.faults.clear()
    assert (await waiting).status_code == 503


async def test_silent_requests_end_when_all_is_well_again(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    proxy.faults.add(Fault(silence=Silence.BEFORE))
    waiting = asyncio.create_task(client.get("metadata"))
    while not proxy.requests:
        await asyncio.sleep(0)

    proxy.faults.clear()

    assert (await waiting).status_code == 503
    assert (await client.get("metadata")).status_code == 200


async def test_a_page_can_lead_to_another_host_or_to_itself(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    elsewhere = "https://elsewhere.example.org/fhir/Appointment?page=2"
    proxy.faults.add(Fault(next_link=elsewhere, times=1))
    proxy.faults.add(Fault(next_link=SAME_PAGE, times=1))
    path = "Appointment?date=ge2027-03-01T00:00:00Z&_count=5"

    foreign = (await client.get(path)).json()
    loop = (await client.get(path)).json()
    honest = (await client.get(path)).json()

    assert next_link(foreign) == elsewhere
    assert next_link(loop) == f"{PUBLIC}/fhir/{path}"
    assert "_offset=5" in (next_link(honest) or "")


async def test_the_proxy_remembers_what_it_was_asked(
    proxy: Proxy, client: httpx.AsyncClient
) -> None:
    await client.get("Patient?_id=patient-0001")

    assert list(proxy.requests) == [("GET", "/fhir/Patient?_id=patient-0001")]
