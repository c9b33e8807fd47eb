import httpx
import pytest

from reminder.ehr.errors import EHRRefused
from reminder.model.readings import WindowEnd
from tests.ehr.conftest import MakeEHR
from tests.ehr.keeping import read, visit
from tests.ehr.paging import PagingServer
from tests.ehr.pretend import (
    BASE_URL,
    PretendServer,
    bundle,
    fixture,
    said,
)

MALFORMED = [
    "start-without-zone",
    "unknown-field",
    "without-status",
    "booked-without-start",
    "without-patient",
]


async def test_pages_are_followed_to_the_last(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment",
        said(bundle(visit(1), next_link=f"{BASE_URL}/Appointment?page=2")),
        said(bundle(visit(2), next_link="?page=3")),
        said(bundle(visit(3))),
    )

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1", "v2", "v3"}
    assert kept.end.complete


async def test_expired_pages_begin_anew_twice(make_ehr: MakeEHR) -> None:
    first = said(bundle(visit(1), next_link="?page=2"))
    gone = said({"resourceType": "OperationOutcome"}, 410)
    server = PretendServer().on(
        "GET Appointment", first, gone, first, gone, first, said(bundle(visit(2)))
    )

    assert (await read(make_ehr(server))).ids == {"v1", "v2"}


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_pages_that_always_expire_are_done_without(
    make_ehr: MakeEHR, status: int
) -> None:
    hourly = [visit(n, f"2027-03-01T{6 + n:02}:00:00Z") for n in range(12)]
    paging = PagingServer(hourly, cap=5)

    def answer(request: httpx.Request) -> httpx.Response:
        return said({}, status) if "_page" in request.url.params else paging(request)

    kept = await read(make_ehr(answer))

    assert kept.ids == {f"v{n}" for n in range(12)}
    assert kept.end.complete


async def test_what_is_behind_a_page_that_always_expires_is_said_to_be_missing(
    make_ehr: MakeEHR,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "page" in request.url.params:
            return said({}, 404)
        return said(bundle(visit(1), next_link="?page=2"))

    kept = await read(make_ehr(PretendServer().on("GET Appointment", answer)))

    assert kept.ids == {"v1"}
    assert not kept.end.complete


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        pytest.param(said({"resourceType": "Patient"}), "not a Bundle", id="type"),
        pytest.param(said([]), "not a Bundle", id="list"),
        pytest.param(said("Bundle"), "not a Bundle", id="string"),
        pytest.param(
            said({"resourceType": "Bundle", "entry": {"a": 1}}),
            "Bundle.entry is no list",
            id="entry",
        ),
        pytest.param(
            said({"resourceType": "Bundle", "link": "next"}),
            "Bundle.link is no list",
            id="link",
        ),
        pytest.param(
            httpx.Response(200, content=b'{"resourceType": "Bundle", "ent'),
            "not JSON",
            id="truncated",
        ),
        pytest.param(httpx.Response(200, content=b"<html>"), "not JSON", id="html"),
        pytest.param(said({}, 404), "404", id="wrong-base-url"),
        pytest.param(
            said(
                {
                    "resourceType": "OperationOutcome",
                    "issue": [{"code": "not-supported", "diagnostics": "canary"}],
                },
                400,
            ),
            "400 not-supported",
            id="outcome",
        ),
        pytest.param(
            said(
                {"resourceType": "OperationOutcome", "issue": [{"code": "canary"}]}, 422
            ),
            "422",
            id="odd-code",
        ),
    ],
)
async def test_what_is_no_searchset_is_refused_with_a_reason(
    make_ehr: MakeEHR, answer: httpx.Response, message: str
) -> None:
    server = PretendServer().on("GET Appointment", answer)

    with pytest.raises(EHRRefused) as error:
        await read(make_ehr(server))

    assert str(error.value) == f"GET Appointment: {message}"


@pytest.mark.parametrize("entry", [None, []])
async def test_an_empty_day_is_empty(make_ehr: MakeEHR, entry: object) -> None:
    answer = {"resourceType": "Bundle", "type": "searchset", "entry": entry}
    if entry is None:
        del answer["entry"]
    server = PretendServer().on("GET Appointment", said(answer))

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.unreadable, kept.end) == (set(), [], WindowEnd())


async def test_five_malformed_ones_cost_none_of_the_sound(make_ehr: MakeEHR) -> None:
    malformed = [fixture(f"appointment-{name}") for name in MALFORMED]
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), *malformed, visit(2)))
    )

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1", "v2"}
    assert {
        (each.resource_id, each.path, each.problem) for each in kept.unreadable
    } == {
        ("bad-zone", "Appointment.start", "instant-without-zone"),
        ("bad-field", "Appointment.videoLink", "unknown-field"),
        ("bad-status", "Appointment.status", "missing"),
        ("bad-start", "Appointment.start", "missing"),
        ("bad-patient", "Appointment.participant", "no-patient"),
    }
    assert kept.end.complete


@pytest.mark.parametrize(
    ("entry", "resource_type", "path", "problem"),
    [
        pytest.param(
            {"resource": {"resourceType": "Sandwich"}, "search": {"mode": "match"}},
            "Sandwich",
            "Bundle.entry[1].resource",
            "unexpected-resource-type",
            id="unknown-type",
        ),
        pytest.param(
            {"resource": {"resourceType": "<b>7"}, "search": {"mode": "match"}},
            "Resource",
            "Bundle.entry[1].resource",
            "unexpected-resource-type",
            id="no-type-at-all",
        ),
        pytest.param(
            {"fullUrl": f"{BASE_URL}/Appointment/7"},
            "Appointment",
            "Bundle.entry[1].resource",
            "missing",
            id="no-resource",
        ),
        pytest.param(
            "entry", "Appointment", "Bundle.entry[1]", "not-an-object", id="string"
        ),
        pytest.param(
            {"resource": {"resourceType": "Appointment"}},
            "Appointment",
            "Appointment.id",
            "missing",
            id="no-id",
        ),
    ],
)
async def test_an_entry_nobody_can_name_leaves_the_window_incomplete(
    make_ehr: MakeEHR, entry: object, resource_type: str, path: str, problem: str
) -> None:
    page = bundle(visit(1))
    page["entry"].append(entry)
    server = PretendServer().on("GET Appointment", said(page))

    kept = await read(make_ehr(server))

    (unreadable,) = kept.unreadable
    assert unreadable.resource_id is None
    assert unreadable.resource_type == resource_type
    assert (unreadable.path, unreadable.problem) == (path, problem)
    assert not kept.end.complete
    assert kept.ids == {"v1"}


async def test_included_resources_and_outcomes_are_no_appointments(
    make_ehr: MakeEHR,
) -> None:
    page = bundle(visit(1))
    page["entry"] += [
        {"resource": fixture("patient-adult"), "search": {"mode": "include"}},
        {
            "resource": {"resourceType": "OperationOutcome"},
            "search": {"mode": "outcome"},
        },
        {"resource": {"resourceType": "OperationOutcome"}},
    ]
    server = PretendServer().on("GET Appointment", said(page))

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.unreadable, kept.end.complete) == ({"v1"}, [], True)


@pytest.mark.parametrize("status", [400, 404, 410])
async def test_however_pages_expire_the_window_begins_anew(
    make_ehr: MakeEHR, status: int
) -> None:
    first = said(bundle(visit(1), next_link="?page=2"))
    server = PretendServer().on(
        "GET Appointment", first, said({}, status), first, said(bundle(visit(2)))
    )

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.end.complete) == ({"v1", "v2"}, True)


async def test_a_page_that_says_its_list_has_expired_is_none(
    make_ehr: MakeEHR,
) -> None:
    first = said(bundle(visit(1), next_link="?page=2"))
    issue = {
        "severity": "fatal",
        "code": "processing",
        "details": {"coding": [{"code": "4113"}]},
    }
    expired = bundle({"resourceType": "OperationOutcome", "issue": [issue]})
    expired["entry"][0]["search"]["mode"] = "outcome"
    server = PretendServer().on(
        "GET Appointment", first, said(expired), first, said(bundle(visit(2)))
    )

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.end.complete) == ({"v1", "v2"}, True)


async def test_a_raw_plus_in_a_link_is_spelled_out_where_it_was_not_understood(
    make_ehr: MakeEHR,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "_page" not in request.url.params:
            return said(bundle(visit(1), next_link="?_page=2&at=00:00+02:00"))
        understood = b"%2B02:00" in request.url.query
        return said(bundle(visit(2))) if understood else said({}, 400)

    server = PretendServer().on("GET Appointment", answer)

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1", "v2"}
    assert server.times("GET Appointment") == 3


async def test_a_raw_plus_that_is_understood_is_left_alone(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment",
        said(bundle(visit(1), next_link="?_page=2&at=00:00+02:00")),
        said(bundle(visit(2))),
    )

    await read(make_ehr(server))

    assert b"+02:00" in server.last("GET Appointment").url.query


async def test_entries_need_no_full_url_and_no_mode(make_ehr: MakeEHR) -> None:
    page = {"resourceType": "Bundle", "entry": [{"resource": visit(1)}]}
    server = PretendServer().on("GET Appointment", said(page))

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.end) == ({"v1"}, WindowEnd())
