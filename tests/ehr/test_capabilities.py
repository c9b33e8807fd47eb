import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.capabilities import CapabilityCache, stated
from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRUnavailable
from reminder.ehr.wire.client import FHIRClient
from reminder.model.capabilities import Capabilities
from tests.ehr.conftest import NOW
from tests.ehr.pretend import (
    BASE_URL,
    CAPABILITIES,
    PretendServer,
    Resource,
    bundle,
    fixture,
    said,
)
from tests.servers.sekmet import SEKMET

MakeCache = Callable[..., CapabilityCache]


@pytest.fixture
async def make_cache() -> AsyncIterator[MakeCache]:
    clients: list[FHIRClient] = []

    def make(
        handler: Callable[[httpx.Request], object] | None,
        *,
        clock: Callable[[], datetime] = lambda: NOW,
        **config: object,
    ) -> CapabilityCache:
        settings = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 1000}
        transport = httpx.MockTransport(handler) if handler else None
        client = FHIRClient(
            EHRConfig.model_validate(settings | config),
            clock=clock,
            transport=transport,
        )
        clients.append(client)
        return CapabilityCache(client, clock=clock)

    yield make
    for client in clients:
        await client.aclose()


def of_appointment(**said_of_it: object) -> Resource:
    resource = {"type": "Appointment"} | said_of_it
    return {
        "fhirVersion": "4.0.1",
        "rest": [{"mode": "server", "resource": [resource]}],
    }


def creates(resource_type: str) -> Resource:
    one = {"type": resource_type, "interaction": [{"code": "create"}]}
    return {"rest": [{"mode": "server", "resource": [one]}]}


NOTHING = stated({"rest": [{"mode": "server"}]})


def test_what_is_not_stated_cannot_be_done() -> None:
    nothing = Capabilities(
        published=True,
        create=False,
        update=False,
        patch=False,
        slot_update=False,
        transactions=False,
        free_slots=False,
        related_persons=False,
        communications=False,
        conditional_create=False,
    )
    assert nothing == NOTHING


@pytest.mark.parametrize(
    ("statement", "field"),
    [
        pytest.param(creates("Appointment"), "create", id="book"),
        pytest.param(creates("AppointmentResponse"), "responses", id="response"),
        pytest.param(creates("Task"), "tasks", id="task"),
        pytest.param(creates("Communication"), "communications", id="communication"),
        pytest.param(
            of_appointment(interaction=[{"code": "update"}]), "update", id="update"
        ),
        pytest.param(
            of_appointment(interaction=[{"code": "patch"}]), "patch", id="patch"
        ),
        pytest.param(
            {
                "rest": [
                    {
                        "resource": [
                            {"type": "Slot", "interaction": [{"code": "update"}]}
                        ]
                    }
                ]
            },
            "slot_update",
            id="slot-update",
        ),
        pytest.param(
            {"rest": [{"interaction": [{"code": "transaction"}]}]},
            "transactions",
            id="transaction",
        ),
    ],
)
def test_each_thing_is_read_off_the_statement(statement: Resource, field: str) -> None:
    read = stated(statement)

    differs = [
        name
        for name in Capabilities.__dataclass_fields__
        if getattr(read, name) != getattr(NOTHING, name)
    ]
    assert [name for name in differs if name != "fhir_version"] == [field]


def test_search_parameters_and_includes_are_those_of_appointment() -> None:
    read = stated(
        of_appointment(
            searchParam=[{"name": "date"}, {"name": "_lastUpdated"}, {"name": 7}, "no"],
            searchInclude=["Appointment:patient", "*", {"name": ["x"]}, "a b\x1b[2J"],
        )
    )

    assert read.search_parameters >= {"date", "_lastUpdated"}
    assert read.includes == {"Appointment:patient", "*"}
    assert read.incremental


def test_a_statement_that_lists_no_server_leaves_everything_to_be_tried() -> None:
    read = stated({"fhirVersion": "4.0.1", "rest": [{"mode": "client"}]})

    assert read == Capabilities(fhir_version="4.0.1", published=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "rest",
                    "mode",
                    "resource",
                    "type",
                    "interaction",
                    "code",
                    "software",
                    "name",
                    "searchParam",
                    "searchInclude",
                    "fhirVersion",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(st.dictionaries(st.sampled_from(["rest", "software", "fhirVersion"]), JSON))
def test_no_statement_breaks_the_reading_of_it(statement: Resource) -> None:
    assert stated(statement).published


@given(JSON)
def test_no_resource_in_a_statement_breaks_the_reading_of_it(resource: object) -> None:
    assert stated({"rest": [{"resource": [resource, resource]}]}).published


def test_of_a_flood_of_names_only_so_many_are_kept() -> None:
    flood = [{"name": f"p{number}"} for number in range(100_000)]

    assert len(stated(of_appointment(searchParam=flood)).search_parameters) == 500


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said({}, 404), id="none"),
        pytest.param(said({}, 401), id="not-for-us"),
        pytest.param(said({}, 302, location="/login"), id="elsewhere"),
        pytest.param(httpx.Response(200, text="<html>Welcome</html>"), id="a-page"),
        pytest.param(said({"resourceType": "Conformance"}), id="dstu2"),
        pytest.param(said(["CapabilityStatement"]), id="a-list"),
        pytest.param(httpx.Response(200, content=b"{" * 70_000), id="huge"),
    ],
)
async def test_a_statement_nobody_can_read_counts_as_none(
    answer: httpx.Response, make_cache: MakeCache
) -> None:
    server = PretendServer().on("GET metadata", answer)

    assert await make_cache(server, max_body_bytes=65_536).get() == Capabilities()


async def test_a_server_that_is_away_is_asked_again_next_time(
    make_cache: MakeCache,
) -> None:
    server = PretendServer().on("GET metadata", said({}, 503), said(CAPABILITIES))
    cache = make_cache(server)

    with pytest.raises(EHRUnavailable):
        await cache.get()

    assert (await cache.get()).published


async def test_many_who_ask_at_once_cost_one_question(make_cache: MakeCache) -> None:
    server = PretendServer()

    async def slowly(request: httpx.Request) -> httpx.Response:
        await asyncio.sleep(0)
        return server(request)

    cache = make_cache(slowly)

    answers = await asyncio.gather(*(cache.get() for _ in range(20)))

    assert len(set(answers)) == 1
    assert server.times("GET metadata") == 1


async def test_it_is_believed_for_an_hour(make_cache: MakeCache) -> None:
    server, times = PretendServer(), [NOW]
    cache = make_cache(server, clock=lambda: times[-1])

    await cache.get()
    times.append(NOW + timedelta(minutes=59))
    await cache.get()
    assert server.times("GET metadata") == 1
    times.append(NOW + timedelta(minutes=60))
    await cache.get()

    assert server.times("GET metadata") == 2


async def test_last_updated_is_proven_by_both_answers_whatever_pages_follow(
    make_cache: MakeCache,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        since = request.url.params["_lastUpdated"]
        if since > "ge2027":
            return said(bundle())
        more = f"{BASE_URL}/Appointment?page=2"
        return said(bundle(fixture("appointment-booked"), next_link=more))

    silent = of_appointment() | {"resourceType": "CapabilityStatement"}
    server = PretendServer().on("GET metadata", said(silent))

    assert (await make_cache(server.on("GET Appointment", answer)).get()).incremental


async def test_a_sound_server_can_do_all_but_what_it_says(
    sekmet: SEKMET, make_cache: MakeCache
) -> None:
    read = await make_cache(None, base_url=sekmet.base_url).get()

    assert read.fhir_version == "4.0.1"
    assert read.published
    assert read.incremental
    assert read.create
    assert read.update
    assert read.slot_update
    assert read.transactions
    assert {"date", "patient", "practitioner"} <= read.search_parameters
