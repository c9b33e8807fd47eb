from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.instants import instant
from reminder.model.readings import Changes, Gone, Reading, Slice, Unreadable
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import (
    BASE_URL,
    CAPABILITIES,
    PretendServer,
    Resource,
    bundle,
    fixture,
    said,
)

START = datetime(2027, 3, 1, 5, tzinfo=UTC)
END = START + timedelta(days=1)
MALFORMED = [
    "start-without-zone",
    "unknown-field",
    "without-status",
    "booked-without-start",
    "without-patient",
]


def visit(
    number: int, start: str = "2027-03-01T14:00:00Z", **changes: object
) -> Resource:
    return fixture("appointment-booked", id=f"v{number}", start=start, **changes)


def ids(slice_: Slice | Changes) -> set[str]:
    return {reading.appointment_id for reading in slice_.readings}


async def window(ehr: EHR, known: dict[str, str] | None = None) -> Slice:
    return await ehr.window(START, END, known or {})


async def test_a_slice_is_asked_with_both_bounds_in_z(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))

    await window(make_ehr(server))

    query = server.last("GET Appointment").url
    assert query.params.get_list("date") == [
        "ge2027-03-01T05:00:00Z",
        "lt2027-03-02T05:00:00Z",
    ]
    assert "status" not in query.params
    assert server.last("GET Appointment").headers["prefer"] == "handling=strict"
    assert server.last("GET Appointment").headers["cache-control"] == "no-cache"


async def test_pages_are_followed_to_the_last(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment",
        said(bundle(visit(1), next_link=f"{BASE_URL}/Appointment?page=2")),
        said(bundle(visit(2), next_link="?page=3")),
        said(bundle(visit(3))),
    )

    slice_ = await window(make_ehr(server))

    assert ids(slice_) == {"v1", "v2", "v3"}
    assert slice_.complete


async def test_a_next_link_to_another_host_gets_nothing_from_us(
    make_ehr: MakeEHR,
) -> None:
    evil = "https://canary.example.org/fhir/Appointment?page=2"
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), next_link=evil))
    )
    ehr = make_ehr(server, auth={"kind": "bearer", "token": "t1"})

    with pytest.raises(EHRRefused, match="next link to another server"):
        await window(ehr)

    assert {each.url.host for each in server.asked} == {"ehr.example.org"}


@pytest.mark.parametrize(
    "links",
    [
        pytest.param(["?page=2", "?page=2"], id="itself"),
        pytest.param(["?page=2", "?page=3", "?page=2"], id="circle"),
    ],
)
async def test_a_next_link_loop_ends(make_ehr: MakeEHR, links: list[str]) -> None:
    pages = [said(bundle(visit(1), next_link=link)) for link in links]
    server = PretendServer().on("GET Appointment", *pages)

    assert ids(await window(make_ehr(server))) == {"v1"}
    assert server.times("GET Appointment") <= 3


async def test_pages_without_end_end(make_ehr: MakeEHR) -> None:
    numbers = iter(range(10**6))
    server = PretendServer().on(
        "GET Appointment", lambda _: said(bundle(next_link=f"?page={next(numbers)}"))
    )

    assert not (await window(make_ehr(server, max_pages=5))).complete


async def test_expired_pages_begin_anew_twice(make_ehr: MakeEHR) -> None:
    first = said(bundle(visit(1), next_link="?page=2"))
    gone = said({"resourceType": "OperationOutcome"}, 410)
    server = PretendServer().on(
        "GET Appointment", first, gone, first, gone, first, said(bundle(visit(2)))
    )

    assert ids(await window(make_ehr(server))) == {"v1", "v2"}


async def test_pages_that_always_expire_are_left_for_later(make_ehr: MakeEHR) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        is_first = "page" not in request.url.params
        return (
            said(bundle(visit(1), next_link="?page=2")) if is_first else said({}, 404)
        )

    server = PretendServer().on("GET Appointment", answer)

    with pytest.raises(EHRUnavailable, match="pages expired"):
        await window(make_ehr(server))

    assert server.times("GET Appointment") == 6


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
            said({"resourceType": "Bundle", "link": [{"relation": "next"}]}),
            "next link without a URL",
            id="next",
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
        await window(make_ehr(server))

    assert str(error.value) == f"GET Appointment: {message}"


@pytest.mark.parametrize("entry", [None, []])
async def test_an_empty_day_is_empty(make_ehr: MakeEHR, entry: object) -> None:
    answer = {"resourceType": "Bundle", "type": "searchset", "entry": entry}
    if entry is None:
        del answer["entry"]
    server = PretendServer().on("GET Appointment", said(answer))

    assert await window(make_ehr(server)) == Slice()


async def test_five_malformed_ones_cost_none_of_the_sound(make_ehr: MakeEHR) -> None:
    malformed = [fixture(f"appointment-{name}") for name in MALFORMED]
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), *malformed, visit(2)))
    )

    slice_ = await window(make_ehr(server))

    assert ids(slice_) == {"v1", "v2"}
    assert {
        (each.resource_id, each.path, each.problem) for each in slice_.unreadable
    } == {
        ("bad-zone", "Appointment.start", "instant-without-zone"),
        ("bad-field", "Appointment.videoLink", "unknown-field"),
        ("bad-status", "Appointment.status", "missing"),
        ("bad-start", "Appointment.start", "missing"),
        ("bad-patient", "Appointment.participant", "no-patient"),
    }
    assert slice_.complete


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
async def test_an_entry_nobody_can_name_leaves_the_slice_incomplete(
    make_ehr: MakeEHR, entry: object, resource_type: str, path: str, problem: str
) -> None:
    page = bundle(visit(1))
    page["entry"].append(entry)
    server = PretendServer().on("GET Appointment", said(page))

    slice_ = await window(make_ehr(server))

    (unreadable,) = slice_.unreadable
    assert unreadable.resource_id is None
    assert unreadable.resource_type == resource_type
    assert (unreadable.path, unreadable.problem) == (path, problem)
    assert not slice_.complete
    assert ids(slice_) == {"v1"}


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

    slice_ = await window(make_ehr(server))

    assert (ids(slice_), slice_.unreadable, slice_.complete) == ({"v1"}, (), True)


async def test_a_server_that_ignores_the_period_changes_nothing(
    make_ehr: MakeEHR,
) -> None:
    others = [visit(2, "2027-03-01T04:59:59Z"), visit(3, "2027-03-02T05:00:00Z")]
    edge = visit(4, "2027-03-01T05:00:00Z")
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), *others, edge))
    )

    slice_ = await window(make_ehr(server))

    assert ids(slice_) == {"v1", "v4"}


async def test_what_is_known_is_named_and_not_read(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), visit(2))))
    ehr = make_ehr(server)
    known = {
        each.appointment_id: each.fingerprint for each in (await window(ehr)).readings
    }
    server.on("GET Appointment", said(bundle(visit(1), visit(2, status="cancelled"))))

    slice_ = await window(ehr, known)

    assert slice_.unchanged == {"v1"}
    assert ids(slice_) == {"v2"}


async def test_an_appointment_on_two_pages_is_one(make_ehr: MakeEHR) -> None:
    again = visit(1, status="cancelled")
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), next_link="?p=2")), said(bundle(again))
    )

    (reading,) = (await window(make_ehr(server))).readings

    assert reading.bookings[0].status == "cancelled"


def served_in_pages_of(size: int, *visits: Resource) -> Callable:
    """A server that obeys `date`, gives `size` at most and never a next link."""

    def answer(request: httpx.Request) -> httpx.Response:
        since, until = (instant(v[2:]) for v in request.url.params.get_list("date"))
        found = [each for each in visits if since <= instant(each["start"]) < until]
        return said(bundle(*found[:size]))

    return answer


async def test_a_list_cut_off_without_a_link_is_asked_for_in_halves(
    make_ehr: MakeEHR,
) -> None:
    visits = [visit(n, f"2027-03-01T{10 + n:02}:00:00Z") for n in range(9)]
    server = PretendServer().on("GET Appointment", served_in_pages_of(3, *visits))

    slice_ = await window(make_ehr(server, page_size=3))

    assert ids(slice_) == {f"v{n}" for n in range(9)}
    assert slice_.complete


async def test_what_cannot_be_halved_any_more_is_said_to_be_incomplete(
    make_ehr: MakeEHR,
) -> None:
    visits = [visit(n, "2027-03-01T14:00:00Z") for n in range(5)]
    server = PretendServer().on("GET Appointment", served_in_pages_of(3, *visits))

    slice_ = await window(make_ehr(server, page_size=3))

    assert len(slice_.readings) == 3
    assert not slice_.complete


async def test_a_full_page_that_is_all_is_all(make_ehr: MakeEHR) -> None:
    page = bundle(visit(1), visit(2), total=2)
    server = PretendServer().on("GET Appointment", said(page))

    slice_ = await window(make_ehr(server, page_size=2))

    assert (len(slice_.readings), slice_.complete) == (2, True)
    assert server.times("GET Appointment") == 1


async def test_fewer_than_the_server_counts_is_incomplete(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), total=2)))

    assert not (await window(make_ehr(server))).complete


@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(END, START, id="backwards"),
        pytest.param(START, START, id="empty"),
        pytest.param(START.replace(tzinfo=None), END.replace(tzinfo=None), id="naive"),
    ],
)
async def test_a_period_that_is_none_is_a_mistake_of_ours(
    make_ehr: MakeEHR, start: datetime, end: datetime
) -> None:
    with pytest.raises(ValueError, match=r"zone|ends"):
        await make_ehr(PretendServer()).window(start, end, {})


async def test_where_everybody_is_booked_as_accepted_nobody_has_confirmed(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(fixture("appointment-booked-two-patients")))
    )

    as_said = await window(make_ehr(server))
    otherwise = await window(make_ehr(server, accepted_is_confirmed=False))

    assert participations(as_said) == ["accepted", "declined"]
    assert participations(otherwise) == ["needs-action", "declined"]


async def test_what_is_known_is_read_again_once_accepted_means_something_else(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    (before,) = (await window(make_ehr(server))).readings
    known = {"v1": before.fingerprint}
    ehr = make_ehr(server, accepted_is_confirmed=False)

    (after,) = (await window(ehr, known)).readings

    again = await window(ehr, {"v1": after.fingerprint})
    assert (again.readings, again.unchanged) == ((), {"v1"})


def participations(slice_: Slice) -> list[str]:
    return [each.participation for each in slice_.readings[0].bookings]


async def test_names_are_looked_up_once(make_ehr: MakeEHR) -> None:
    server = PretendServer()
    server.on("GET Appointment", said(bundle(visit(1), visit(2))))
    server.on("GET Location", said(bundle(fixture("location"))))
    server.on("GET Practitioner", said(bundle(fixture("practitioner"))))
    ehr = make_ehr(server)

    slice_ = await window(ehr)
    await window(ehr)

    (booking,) = slice_.readings[0].bookings
    assert booking.place is not None
    assert booking.place.name == "Main Street Clinic"
    assert booking.place.address == "1 Main Street, 2nd floor, Springfield, NY 10001"
    assert booking.practitioner == "Dr. Jordan Lee"
    assert server.times("GET Location") == 1
    assert server.times("GET Practitioner") == 1


async def test_names_are_asked_for_again_some_day(make_ehr: MakeEHR) -> None:
    now = [START]
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    ehr = make_ehr(server, clock=lambda: now[0], names_ttl_h=12)

    await window(ehr)
    now[0] += timedelta(hours=12)
    await window(ehr)

    assert server.times("GET Location") == 2


async def test_names_that_may_not_be_read_are_done_without(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    server.on("GET Location", said({}, 403)).on("GET Practitioner", said({}, 403))

    (reading,) = (await window(make_ehr(server))).readings

    assert reading.bookings[0].place is not None
    assert reading.bookings[0].place.name == "Main Street Clinic"


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

    with pytest.raises(EHRRefused):
        await make_ehr(server).appointments(["v1"])


async def test_unasked_answers_are_ignored_and_known_ones_left_out(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), visit(9))))
    ehr = make_ehr(server)
    (reading,) = await ehr.appointments(["v1"])
    assert isinstance(reading, Reading)

    assert await ehr.appointments(["v1"], {"v1": reading.fingerprint}) == []


def updated(number: int, at: str) -> Resource:
    return visit(number, meta={"versionId": "1", "lastUpdated": at})


async def test_changes_go_on_where_the_server_s_clock_stood(make_ehr: MakeEHR) -> None:
    page = bundle(updated(1, "2027-02-20T14:58:00Z"))
    server = PretendServer().on(
        "GET Appointment", said(page, Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    changes = await make_ehr(server).changes("2027-02-20T15:00:00Z")

    assert ids(changes) == {"v1"}
    assert changes.cursor == "2027-02-20T15:02:00Z"
    query = server.last("GET Appointment").url.params
    assert query["_lastUpdated"] == "ge2027-02-20T14:55:00Z"


async def test_the_earlier_of_the_server_s_clocks_counts(make_ehr: MakeEHR) -> None:
    page = bundle(meta={"lastUpdated": "2027-02-20T15:01:10.5Z"})
    server = PretendServer().on(
        "GET Appointment", said(page, Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    assert (await make_ehr(server).changes("2027-02-20T15:00:00Z")).cursor == (
        "2027-02-20T15:01:10Z"
    )


async def test_the_first_question_only_fetches_a_cursor(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1)), Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    assert await make_ehr(server).changes(None) == Changes(
        cursor="2027-02-20T15:02:00Z"
    )


@pytest.mark.parametrize(
    "untruthful",
    [
        pytest.param(updated(2, "2020-01-01T00:00:00Z"), id="ignores-the-parameter"),
        pytest.param(visit(2, meta={}), id="does-not-know-when"),
    ],
)
async def test_a_server_caught_ignoring_the_question_is_not_asked_again(
    make_ehr: MakeEHR, untruthful: Resource
) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(updated(1, "2027-02-20T15:00:00Z"), untruthful))
    )
    ehr = make_ehr(server)

    assert await ehr.changes("2027-02-20T15:00:00Z") == Changes()
    asked = server.times("GET Appointment")

    assert await ehr.changes("2027-02-20T15:00:00Z") == Changes()
    assert server.times("GET Appointment") == asked
    assert not (await ehr.capabilities()).incremental


def without_last_updated() -> Resource:
    appointment = {"type": "Appointment", "interaction": [], "searchParam": []}
    rest = CAPABILITIES["rest"][0] | {"resource": [appointment]}
    return CAPABILITIES | {"rest": [rest]}


@pytest.mark.parametrize(
    ("answer", "incremental"),
    [
        pytest.param(
            lambda request: said(
                bundle(*([visit(1)] if "ge1970" in str(request.url) else []))
            ),
            True,
            id="truthful",
        ),
        pytest.param(said(bundle(visit(1))), False, id="ignores-it"),
        pytest.param(said(bundle()), False, id="finds-nothing"),
        pytest.param(said({}, 400), False, id="refuses"),
    ],
)
async def test_what_no_statement_lists_is_tried(
    make_ehr: MakeEHR, answer: object, incremental: bool
) -> None:
    server = PretendServer().on("GET metadata", said(without_last_updated()))
    server.on("GET Appointment", answer)

    assert (await make_ehr(server).capabilities()).incremental is incremental


async def test_a_server_without_a_statement_is_taken_at_its_deeds(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET metadata", said({}, 404))

    capabilities = await make_ehr(server).capabilities()

    assert capabilities.transactions
    assert not capabilities.incremental


async def test_capabilities_are_believed_for_an_hour(make_ehr: MakeEHR) -> None:
    now, server = [START], PretendServer()
    ehr = make_ehr(server, clock=lambda: now[0])

    await ehr.capabilities()
    now[0] += timedelta(minutes=59)
    await ehr.capabilities()
    assert server.times("GET metadata") == 1

    now[0] += timedelta(minutes=1)
    await ehr.capabilities()
    assert server.times("GET metadata") == 2


async def test_what_the_statement_lists_is_what_there_is(make_ehr: MakeEHR) -> None:
    capabilities = await make_ehr(PretendServer()).capabilities()

    assert capabilities.fhir_version == "4.0.1"
    assert capabilities.incremental
    assert capabilities.transactions
    assert capabilities.conditional_create
