import httpx
import pytest

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.model.readings import Gone, Reading, Unreadable
from tests.ehr.conftest import MakeEHR
from tests.ehr.keeping import visit
from tests.ehr.pretend import BASE_URL, PretendServer, bundle, fixture, said


async def test_certain_appointments_are_asked_for_in_batches(make_ehr: MakeEHR) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        wanted = request.url.params["_id"].split(",")
        return said(
            bundle(*(fixture("appointment-booked", id=each) for each in wanted))
        )

    server = PretendServer().on("GET Appointment", answer)

    found = await make_ehr(server).appointments([f"v{n}" for n in range(70)])

    assert len(found) == 70
    assert server.times("GET Appointment") == 3


async def test_long_ids_make_short_batches(make_ehr: MakeEHR) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        assert len(str(request.url)) < 2048
        wanted = request.url.params["_id"].split(",")
        return said(
            bundle(*(fixture("appointment-booked", id=each) for each in wanted))
        )

    server = PretendServer().on("GET Appointment", answer)

    found = await make_ehr(server).appointments([f"{n:088}" for n in range(30)])

    assert len(found) == 30


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(f"{BASE_URL}/Appointment?_id=v1,v2", id="itself"),
        pytest.param("http://internal:8080/fhir?_getpages=1", id="elsewhere"),
    ],
)
async def test_a_next_link_that_leads_nowhere_hides_nothing(
    make_ehr: MakeEHR, link: str
) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), next_link=link))
    )
    server.on("GET Appointment/v2", said(visit(2)))

    found = await make_ehr(server).appointments(["v1", "v2"])

    assert [each.appointment_id for each in found if isinstance(each, Reading)] == [
        "v1",
        "v2",
    ]


async def test_only_a_read_by_id_says_that_one_is_gone(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    server.on("GET Appointment/v2", said(visit(2)))
    server.on("GET Appointment/v3", said({}, 410))
    server.on(
        "GET Appointment/v4", said(fixture("appointment-without-status", id="v4"))
    )

    found = await make_ehr(server).appointments(["v1", "v2", "v3", "v4", "v5"])

    assert {each.appointment_id for each in found if isinstance(each, Reading)} == {
        "v1",
        "v2",
    }
    assert [each for each in found if isinstance(each, Gone)] == [
        Gone("v3"),
        Gone("v5"),
    ]
    assert [each.resource_id for each in found if isinstance(each, Unreadable)] == [
        "v4"
    ]


async def test_what_cannot_be_asked_for_is_not_gone(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment/v1", said({}, 503))

    with pytest.raises(EHRUnavailable):
        await make_ehr(server).appointments(["v1"])


async def test_a_wrong_base_url_makes_nothing_gone(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said({}, 404))
    ehr = make_ehr(server)

    for _ in range(2):
        with pytest.raises(EHRRefused, match="GET Appointment: 404"):
            await ehr.appointments(["v1"])


@pytest.mark.parametrize("status", [400, 404, 405, 413, 414, 422])
async def test_where_lists_of_ids_are_refused_each_is_read_alone(
    make_ehr: MakeEHR, status: int
) -> None:
    server = PretendServer().on("GET Appointment", said({}, status))
    for number in (1, 2):
        server.on(f"GET Appointment/v{number}", said(visit(number)))
    ehr = make_ehr(server, ids_per_request=2)

    found = await ehr.appointments(["v3", "v1", "v2"])
    await ehr.appointments(["v1"])

    assert {each.appointment_id for each in found if isinstance(each, Reading)} == {
        "v1",
        "v2",
    }
    assert [each for each in found if isinstance(each, Gone)] == [Gone("v3")]
    assert server.times("GET Appointment") == 1


async def test_where_even_the_first_list_is_refused_410_is_gone(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said({}, 404))
    server.on("GET Appointment/v1", said({}, 410))

    assert await make_ehr(server).appointments(["v1"]) == [Gone("v1")]


@pytest.mark.parametrize(
    ("status", "error"), [(403, EHRRefused), (503, EHRUnavailable)]
)
async def test_lists_that_may_not_be_read_are_not_read_one_by_one(
    make_ehr: MakeEHR, status: int, error: type[Exception]
) -> None:
    server = PretendServer().on("GET Appointment", said({}, status))

    with pytest.raises(error):
        await make_ehr(server).appointments(["v1"])

    assert server.times("GET Appointment/v1") == 0


async def test_unasked_answers_are_ignored_and_known_ones_left_out(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), visit(9))))
    ehr = make_ehr(server)
    (reading,) = await ehr.appointments(["v1"])
    assert isinstance(reading, Reading)

    assert await ehr.appointments(["v1"], {"v1": reading.fingerprint}) == []
