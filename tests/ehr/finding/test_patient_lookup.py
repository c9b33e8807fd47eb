from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRUnavailable
from reminder.ehr.finding.patient_lookup import PatientLookup
from reminder.ehr.reading.drafts import Hits
from reminder.ehr.reading.participants import Identifier
from reminder.ehr.wire.client import FHIRClient
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, PretendServer, Resource, bundle, said

SYSTEM = "https://ehr.example.org/mrn"
ANA, BEN = Identifier(SYSTEM, "MRN-0555"), Identifier(SYSTEM, "MRN-0556")

MakeLookup = Callable[..., PatientLookup]


def patient(id_: str, *values: str, **more: object) -> Resource:
    identifiers = [{"system": SYSTEM, "value": value} for value in values]
    return {"resourceType": "Patient", "id": id_, "identifier": identifiers, **more}


def ids(hits: Hits) -> dict[Identifier, set[str] | None]:
    return {each: None if by is None else {*by} for each, by in hits.items()}


def missing(number: int) -> Identifier:
    return Identifier(SYSTEM, f"nobody-{number}")


@pytest.fixture
async def lookup() -> AsyncIterator[MakeLookup]:
    clients: list[FHIRClient] = []

    def make(
        server: PretendServer, clock: Callable[[], datetime] = lambda: NOW
    ) -> PatientLookup:
        config = EHRConfig(base_url=BASE_URL, requests_per_s=1000, burst=1000)
        clients.append(
            FHIRClient(config, clock=clock, transport=httpx.MockTransport(server))
        )
        return PatientLookup(clients[-1], config, clock=clock)

    yield make
    for client in clients:
        await client.aclose()


def bearing(*patients: Resource) -> Callable[[httpx.Request], httpx.Response]:
    """A server that finds patients by a list of identifiers."""

    def answer(request: httpx.Request) -> httpx.Response:
        tokens = request.url.params["identifier"].split(",")
        return said(
            bundle(
                *(
                    each
                    for each in patients
                    if any(
                        f"{one['system']}|{one['value']}" in tokens
                        for one in each["identifier"]
                    )
                )
            )
        )

    return answer


async def test_several_are_asked_for_at_once_and_remembered(lookup: MakeLookup) -> None:
    server = PretendServer().on(
        "GET Patient", bearing(patient("ana", ANA.value), patient("ben", BEN.value))
    )
    people = lookup(server)

    for _ in range(2):
        assert ids(await people.of([ANA, BEN, ANA])) == {ANA: {"ana"}, BEN: {"ben"}}

    assert server.times("GET Patient") == 1
    assert server.last("GET Patient").url.params["identifier"] == (
        f"{SYSTEM}|MRN-0555,{SYSTEM}|MRN-0556"
    )


async def test_a_server_without_lists_is_asked_one_by_one(lookup: MakeLookup) -> None:
    one_by_one = bearing(patient("ana", ANA.value), patient("ben", BEN.value))

    def answer(request: httpx.Request) -> httpx.Response:
        several = "," in request.url.params["identifier"]
        return said(bundle()) if several else one_by_one(request)

    server = PretendServer().on("GET Patient", answer)
    people, nobody = lookup(server), [missing(number) for number in range(9)]

    assert ids(await people.of([ANA, BEN])) == {ANA: {"ana"}, BEN: {"ben"}}
    assert server.times("GET Patient") == 3
    await people.of(nobody)
    assert server.times("GET Patient") == 3 + len(nobody)


async def test_a_server_that_takes_the_first_of_a_list_is_found_out(
    lookup: MakeLookup,
) -> None:
    one_by_one = bearing(patient("ana", ANA.value), patient("ben", BEN.value))

    def answer(request: httpx.Request) -> httpx.Response:
        first = request.url.params["identifier"].split(",")[0]
        url = request.url.copy_set_param("identifier", first)
        return one_by_one(httpx.Request("GET", url))

    people = lookup(PretendServer().on("GET Patient", answer))

    assert ids(await people.of([ANA, BEN])) == {ANA: {"ana"}, BEN: {"ben"}}


async def test_of_many_who_are_missing_only_some_are_asked_for_again(
    lookup: MakeLookup,
) -> None:
    server = PretendServer().on("GET Patient", bearing(patient("ana", ANA.value)))
    wanted = [ANA, *(missing(number) for number in range(25))]

    found = await lookup(server).of(wanted)

    assert [each for each in wanted if found[each]] == [ANA]
    assert server.times("GET Patient") == 4


async def test_who_is_found_unasked_is_not_the_patient(lookup: MakeLookup) -> None:
    everybody = [patient("ben", BEN.value), patient("cas"), {"resourceType": "Patient"}]
    server = PretendServer().on("GET Patient", said(bundle(*everybody)))

    assert ids(await lookup(server).of([ANA])) == {ANA: set()}


async def test_two_bearers_are_both_told(lookup: MakeLookup) -> None:
    both = bearing(patient("ana", ANA.value), patient("ben", ANA.value))
    server = PretendServer().on("GET Patient", both)

    assert ids(await lookup(server).of([ANA])) == {ANA: {"ana", "ben"}}


async def test_of_a_merged_pair_the_survivor_counts(lookup: MakeLookup) -> None:
    link = [{"other": {"reference": "Patient/ana"}, "type": "replaced-by"}]
    old, new = patient("old", ANA.value, link=link), patient("ana", ANA.value)
    server = PretendServer().on("GET Patient", bearing(old, new))
    alone = PretendServer().on("GET Patient", bearing(old))

    assert ids(await lookup(server).of([ANA])) == {ANA: {"ana"}}
    assert ids(await lookup(alone).of([ANA])) == {ANA: {"old"}}


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_a_refusal_is_no_empty_answer(lookup: MakeLookup, status: int) -> None:
    server = PretendServer().on("GET Patient", said({}, status))

    assert ids(await lookup(server).of([ANA])) == {ANA: None}


async def test_an_ehr_that_is_away_says_nothing_about_anybody(
    lookup: MakeLookup,
) -> None:
    server = PretendServer().on("GET Patient", said({}, 503))

    with pytest.raises(EHRUnavailable) as unavailable:
        await lookup(server).of([ANA])

    assert "0555" not in str(unavailable.value)


async def test_signs_with_a_meaning_of_their_own_are_escaped(
    lookup: MakeLookup,
) -> None:
    odd = Identifier("urn:x", "a,b|c$d\\e")
    server = PretendServer()

    await lookup(server).of([odd])

    token = server.last("GET Patient").url.params["identifier"]
    assert token == "urn:x|a\\,b\\|c\\$d\\\\e"  # noqa: S105 - a search token


async def test_who_was_not_there_is_looked_for_again_sooner(
    lookup: MakeLookup,
) -> None:
    now = [NOW]
    server = PretendServer().on("GET Patient", bearing(patient("ana", ANA.value)))
    people = lookup(server, lambda: now[0])
    await people.of([ANA])
    await people.of([BEN])

    now[0] += timedelta(minutes=20)
    await people.of([ANA, BEN])
    asked_soon = server.last("GET Patient").url.params["identifier"]
    now[0] += timedelta(hours=12)
    await people.of([ANA])

    assert asked_soon == f"{SYSTEM}|{BEN.value}"
    assert server.times("GET Patient") == 4
