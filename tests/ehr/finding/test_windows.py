from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.reading.instants import instant, instant_text
from reminder.ehr.wire.next_links import LinkRefused
from reminder.model.readings import Window, WindowEnd, WindowPage
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.keeping import DAY, END, START, Kept, read, visit
from tests.ehr.paging import PagingServer
from tests.ehr.pretend import (
    BASE_URL,
    PretendServer,
    Resource,
    bundle,
    fixture,
    said,
)


async def test_a_window_is_asked_with_both_bounds_in_z(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))

    await read(make_ehr(server))

    query = server.last("GET Appointment").url
    assert query.params.get_list("date") == [
        "ge2027-03-01T05:00:00Z",
        "lt2027-03-02T05:00:00Z",
    ]
    assert "status" not in query.params
    assert server.last("GET Appointment").headers["prefer"] == "handling=strict"
    assert server.last("GET Appointment").headers["cache-control"] == "no-cache"


async def test_a_server_that_ignores_the_period_changes_nothing(
    make_ehr: MakeEHR,
) -> None:
    others = [visit(2, "2027-03-01T04:59:59Z"), visit(3, "2027-03-02T05:00:00Z")]
    edge = visit(4, "2027-03-01T05:00:00Z")
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), *others, edge))
    )

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1", "v4"}


async def test_what_is_known_is_named_and_not_read(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), visit(2))))
    ehr = make_ehr(server)
    known = (await read(ehr)).fingerprints
    server.on("GET Appointment", said(bundle(visit(1), visit(2, status="cancelled"))))

    kept = await read(ehr, DAY, known)

    assert kept.unchanged == {"v1"}
    assert kept.ids == {"v2"}


async def test_an_appointment_on_two_pages_is_one(make_ehr: MakeEHR) -> None:
    again = visit(1, status="cancelled")
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1), next_link="?p=2")), said(bundle(again))
    )

    (reading,) = (await read(make_ehr(server))).readings.values()

    assert reading.bookings[0].status == "cancelled"


HOURLY = [visit(n, f"2027-03-01T{10 + n:02}:00:00Z") for n in range(9)]


async def test_a_list_cut_off_without_a_link_is_asked_for_in_halves(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer(HOURLY, links=False, total=False)

    kept = await read(make_ehr(server, page_size=3))

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end == WindowEnd(complete=True)


async def test_what_cannot_be_halved_any_more_is_said_to_be_incomplete(
    make_ehr: MakeEHR,
) -> None:
    visits = [visit(n, "2027-03-01T14:00:00Z") for n in range(5)]
    server = PagingServer(visits, links=False, total=False)

    kept = await read(make_ehr(server, page_size=3))

    assert len(kept.readings) == 3
    assert not kept.end.complete
    lengths = [_asked_for(each) for each in server.asked]
    assert min(lengths) <= timedelta(minutes=15, seconds=1)


def _asked_for(request: httpx.Request) -> timedelta:
    since, until = (instant(v[2:]) for v in request.url.params.get_list("date"))
    assert since is not None
    assert until is not None
    return until - since


async def test_a_full_page_that_is_all_is_all(make_ehr: MakeEHR) -> None:
    page = bundle(visit(1), visit(2), total=2)
    server = PretendServer().on("GET Appointment", said(page))

    kept = await read(make_ehr(server, page_size=2))

    assert (len(kept.readings), kept.end.complete) == (2, True)
    assert server.times("GET Appointment") == 1


async def test_fewer_than_the_server_counts_is_incomplete(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), total=2)))

    assert not (await read(make_ehr(server))).end.complete


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
        await read(make_ehr(PretendServer()), Window(start, end))


async def test_where_everybody_is_booked_as_accepted_nobody_has_confirmed(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(fixture("appointment-booked-two-patients")))
    )

    as_said = await read(make_ehr(server))
    otherwise = await read(make_ehr(server, accepted_is_confirmed=False))

    assert participations(as_said) == ["accepted", "declined"]
    assert participations(otherwise) == ["needs-action", "declined"]


async def test_what_is_known_is_read_again_once_accepted_means_something_else(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    (before,) = (await read(make_ehr(server))).readings.values()
    known = {"v1": before.fingerprint}
    ehr = make_ehr(server, accepted_is_confirmed=False)

    (after,) = (await read(ehr, DAY, known)).readings.values()

    again = await read(ehr, DAY, {"v1": after.fingerprint})
    assert (again.readings, again.unchanged) == ({}, {"v1"})


def participations(kept: Kept) -> list[str]:
    (reading,) = kept.readings.values()
    return [each.participation for each in reading.bookings]


async def test_pages_are_kept_before_the_next_is_asked_for(make_ehr: MakeEHR) -> None:
    server = PagingServer(HOURLY)
    story: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        story.append("asked")
        return server(request)

    async def keep(page: WindowPage) -> None:
        story.append(f"kept {len(page.readings)}")

    await make_ehr(answer, page_size=4, names_ttl_h=1).read(DAY, {}, keep)

    pages = [each for each in story if each != "asked"]
    assert pages == ["kept 4", "kept 4", "kept 1"]
    assert story[0] == "asked"
    assert story.index("kept 4") < len(story) - story[::-1].index("asked") - 1


async def test_a_page_that_cannot_be_kept_is_the_last_one_asked_for(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer(HOURLY)

    async def keep(_: WindowPage) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        await make_ehr(server, page_size=4).read(DAY, {}, keep)

    assert len(server.asked) == 1


async def test_every_page_is_as_old_as_the_first(make_ehr: MakeEHR) -> None:
    now = [NOW]

    def answer(request: httpx.Request) -> httpx.Response:
        now[0] += timedelta(seconds=30)
        return server(request)

    server = PagingServer(HOURLY)

    kept = await read(make_ehr(answer, clock=lambda: now[0], page_size=4))

    assert [each.asked_at for each in kept.pages] == [NOW] * 3


@pytest.mark.parametrize(
    "cap", [pytest.param(n, id=f"cap-{n}") for n in (10, 15, 20, 50)]
)
async def test_a_server_that_silently_gives_less_is_found_out(
    make_ehr: MakeEHR, cap: int
) -> None:
    server = PagingServer(minutely(100), cap=cap, links=False, total=False)

    kept = await read(make_ehr(server))

    assert kept.ids == {f"v{n}" for n in range(100)}
    assert kept.end.complete


async def test_what_the_server_takes_the_page_size_for_counts(
    make_ehr: MakeEHR,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        said_of = server(request).json()
        said_of["link"] = [
            {"relation": "self", "url": f"{BASE_URL}/Appointment?a=1&_count=4"}
        ]
        return said(said_of)

    server = PagingServer(HOURLY, cap=4, links=False, total=False)

    kept = await read(make_ehr(answer))

    assert len(kept.ids) == 9
    assert kept.end.complete


def minutely(count: int) -> list[Resource]:
    """So many visits, a quarter of an hour apart from START."""
    at = (START + timedelta(minutes=14 * n) for n in range(count))
    return [visit(n, instant_text(each)) for n, each in enumerate(at)]


async def test_once_links_were_seen_to_work_the_largest_page_is_just_that(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer(minutely(100), cap=40, total=False)
    ehr = make_ehr(server, page_size=60)
    await read(ehr)
    asked = len(server.asked)

    few = Window(START, START + timedelta(minutes=14 * 40))
    kept = await read(ehr, few)

    assert (len(kept.ids), kept.end.complete) == (40, True)
    assert len(server.asked) == asked + 1


async def test_a_page_smaller_than_another_was_is_not_full(make_ehr: MakeEHR) -> None:
    server = PagingServer(minutely(100), links=False, total=False)
    ehr = make_ehr(server, page_size=200)
    await read(ehr)
    asked = len(server.asked)

    few = Window(START, START + timedelta(minutes=14 * 40))
    kept = await read(ehr, few)

    assert (len(kept.ids), kept.end.complete) == (40, True)
    assert len(server.asked) == asked + 1


async def test_where_all_are_in_one_half_and_do_not_fit_halving_goes_on(
    make_ehr: MakeEHR,
) -> None:
    visits = [
        visit(n, instant_text(START + timedelta(minutes=7 * n))) for n in range(50)
    ]
    server = PagingServer(visits, cap=10, links=False)

    kept = await read(make_ehr(server, page_size=10))

    assert (len(kept.ids), kept.end.complete) == (50, True)


async def test_a_later_page_that_is_too_much_is_asked_for_in_halves(
    make_ehr: MakeEHR,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if "_page" in request.url.params:
            return said(outcome("too-costly"), 400)
        return server(request)

    server = PagingServer(HOURLY)

    kept = await read(make_ehr(answer, page_size=4))

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end.complete


async def test_of_one_appointment_twice_on_a_page_the_later_counts(
    make_ehr: MakeEHR,
) -> None:
    twice = bundle(visit(1), visit(1, status="cancelled"))
    server = PretendServer().on("GET Appointment", said(twice))

    kept = await read(make_ehr(server))

    (page,) = kept.pages
    (reading,) = page.readings
    assert reading.bookings[0].status == "cancelled"


async def test_a_page_as_full_as_we_asked_for_is_suspicious_for_ever(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer(HOURLY, total=False)
    ehr = make_ehr(server, page_size=4)
    await read(ehr)
    server.links = False

    kept = await read(ehr)

    assert (len(kept.ids), kept.end.complete) == (9, True)


def outcome(code: str, severity: str = "error", epic: str | None = None) -> Resource:
    issue: Resource = {"severity": severity, "code": code}
    if epic:
        issue["details"] = {"coding": [{"system": "urn:oid:1.2.840", "code": epic}]}
    return {"resourceType": "OperationOutcome", "issue": [issue]}


def too_much(answer: httpx.Response, most: int) -> Callable:
    """A server that says so where more than `most` are found."""

    def give(request: httpx.Request) -> httpx.Response:
        found = PagingServer(HOURLY)(request)
        if len(found.json().get("entry", ())) <= most:
            return found
        return httpx.Response(answer.status_code, content=answer.content)

    return give


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(said({}, 413), id="413"),
        pytest.param(said(outcome("too-costly"), 400), id="400-too-costly"),
        pytest.param(said(outcome("too-long"), 422), id="422-too-long"),
        pytest.param(
            said(outcome("processing", epic="4127"), 400), id="epic-4127-as-400"
        ),
        pytest.param(
            said(bundle(HOURLY[0], outcome("processing", "warning", "59133"))),
            id="epic-59133-as-an-entry",
        ),
        pytest.param(
            said(bundle(HOURLY[0], outcome("too-costly", "warning"))),
            id="too-costly-as-an-entry",
        ),
    ],
)
async def test_what_the_server_calls_too_much_is_asked_for_in_halves(
    make_ehr: MakeEHR, answer: httpx.Response
) -> None:
    content = answer.json()
    for entry in content.get("entry", ()):
        if entry["resource"]["resourceType"] == "OperationOutcome":
            entry["search"]["mode"] = "outcome"
    server = PretendServer().on(
        "GET Appointment", too_much(said(content, answer.status_code), most=2)
    )

    kept = await read(make_ehr(server))

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end.complete


async def test_what_is_too_much_in_a_quarter_of_an_hour_is_incomplete(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(outcome("too-costly"), 422))

    kept = await read(make_ehr(server), Window(START, START + timedelta(minutes=15)))

    assert kept.end == WindowEnd(complete=False)
    assert server.times("GET Appointment") == 1


async def test_more_pages_than_are_followed_are_asked_for_in_halves(
    make_ehr: MakeEHR,
) -> None:
    kept = await read(make_ehr(PagingServer(HOURLY), page_size=1, max_pages=3))

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end.complete


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(said(outcome("not-supported"), 400), EHRRefused, id="refused"),
        pytest.param(said({}, 504), EHRUnavailable, id="gateway-timeout"),
    ],
)
async def test_what_is_refused_or_late_is_not_halved(
    make_ehr: MakeEHR, answer: httpx.Response, error: type[Exception]
) -> None:
    server = PretendServer().on("GET Appointment", answer)

    with pytest.raises(error):
        await read(make_ehr(server))

    assert server.times("GET Appointment") == 1


@pytest.mark.parametrize(
    ("said_so", "complete"),
    [
        pytest.param(outcome("exception"), False, id="error"),
        pytest.param(outcome("exception", "fatal"), False, id="fatal"),
        pytest.param(outcome("incomplete", "warning"), False, id="incomplete"),
        pytest.param(outcome("informational", "information"), True, id="hint"),
        pytest.param(outcome("not-supported", "warning"), True, id="warning"),
        pytest.param(
            {"resourceType": "OperationOutcome", "issue": [{"code": ["x"]}, 7]},
            True,
            id="odd",
        ),
    ],
)
async def test_a_server_that_says_something_is_missing_is_believed(
    make_ehr: MakeEHR, said_so: Resource, complete: bool
) -> None:
    page = bundle(visit(1))
    page["entry"].append({"resource": said_so, "search": {"mode": "outcome"}})
    server = PretendServer().on("GET Appointment", said(page))

    kept = await read(make_ehr(server))

    assert (kept.ids, kept.end.complete) == ({"v1"}, complete)
    assert server.times("GET Appointment") == 1


async def test_pages_behind_a_link_to_another_host_are_reached_by_halves(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer(HOURLY, link_base="http://localhost:8090/fhir")
    ehr = make_ehr(server, page_size=2, auth={"kind": "bearer", "token": "t1"})

    kept = await read(ehr)

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end.complete
    assert {each.url.host for each in server.asked} == {"ehr.example.org"}


async def test_what_no_half_reaches_is_refused_with_what_can_be_done(
    make_ehr: MakeEHR,
) -> None:
    visits = [visit(n) for n in range(3)]
    server = PagingServer(visits, link_base="https://canary.example.org/fhir")

    with pytest.raises(LinkRefused, match="base_url") as error:
        await read(make_ehr(server, page_size=2))

    assert "canary" not in str(error.value)
    assert {each.url.host for each in server.asked} == {"ehr.example.org"}


@pytest.mark.parametrize(
    "link_base",
    [
        pytest.param("http://ehr.example.org/fhir", id="http"),
        pytest.param("https://ehr.example.org:443/fhir", id="port"),
        pytest.param("http://ehr.example.org:8080/fhir", id="the-port-behind-a-proxy"),
    ],
)
async def test_links_of_a_server_behind_a_proxy_are_followed(
    make_ehr: MakeEHR, link_base: str
) -> None:
    server = PagingServer(HOURLY, link_base=link_base)

    kept = await read(make_ehr(server, page_size=4))

    assert (len(kept.ids), kept.end.complete) == (9, True)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    "link",
    [
        pytest.param(lambda request: str(request.url), id="to-itself"),
        pytest.param(
            lambda request: f"{request.url}&minted={id(request)}", id="ever-another-one"
        ),
    ],
)
async def test_where_every_next_link_leads_back_halves_lead_on(
    make_ehr: MakeEHR, link: Callable[[httpx.Request], str]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = server(request).json()
        page["link"] = [{"relation": "next", "url": link(request)}]
        return said(page)

    server = PagingServer(HOURLY, links=False, total=False)

    kept = await read(make_ehr(answer, page_size=3))

    assert kept.ids == {f"v{n}" for n in range(9)}
    assert kept.end.complete


async def test_a_total_that_heeds_nothing_is_not_chased(make_ehr: MakeEHR) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return said(server(request).json() | {"total": 5000})

    server = PagingServer(HOURLY)

    kept = await read(make_ehr(answer))

    assert (len(kept.ids), kept.end.complete) == (9, False)
    assert len(server.asked) < 12


async def test_a_total_that_counts_what_we_may_not_see_is_not_chased(
    make_ehr: MakeEHR,
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        page = server(request).json()
        return said(page | {"total": page.get("total", 0) + 3})

    server = PagingServer(HOURLY)

    kept = await read(make_ehr(answer))

    assert (len(kept.ids), kept.end.complete) == (9, False)
    assert len(server.asked) == 3


@pytest.mark.parametrize(
    ("total", "requests"),
    [pytest.param(True, 1, id="total"), pytest.param(False, 5, id="none")],
)
async def test_a_next_link_without_a_url_leads_nowhere(
    make_ehr: MakeEHR, total: bool, requests: int
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return said(server(request).json() | {"link": [{"relation": "next"}]})

    server = PagingServer(HOURLY[:4], links=False, total=total)

    kept = await read(make_ehr(answer, page_size=4))

    assert (len(kept.ids), kept.end.complete) == (4, True)
    assert len(server.asked) == requests


async def test_one_lost_between_two_pages_is_looked_for(make_ehr: MakeEHR) -> None:
    slipped = [
        said(bundle(*HOURLY[:3], total=6, next_link="?page=2")),
        said(bundle(*HOURLY[2:5], total=6)),
    ]
    server = PretendServer().on(
        "GET Appointment", *slipped, lambda request: PagingServer(HOURLY[:6])(request)
    )

    kept = await read(make_ehr(server))

    assert kept.ids == {f"v{n}" for n in range(6)}
    assert kept.end.complete


async def test_one_skipped_because_another_went_between_two_pages_is_looked_for(
    make_ehr: MakeEHR,
) -> None:
    server = PagingServer([visit(n, f"2027-03-01T{6 + n:02}:00:00Z") for n in range(9)])
    server.cap = 5

    def answer(request: httpx.Request) -> httpx.Response:
        page = server(request)
        # What was sixth is fifth before the second page is asked for.
        server.visits = [each for each in server.visits if each["id"] != "v0"]
        return page

    kept = await read(make_ehr(answer))

    assert kept.ids == {f"v{n}" for n in range(9)}


async def test_a_server_without_dates_is_not_asked_in_halves(make_ehr: MakeEHR) -> None:
    others = [visit(n, "2027-07-01T14:00:00Z") for n in range(10, 60)]
    server = PagingServer(
        [*others, *HOURLY], links=False, total=False, ignores=frozenset({"date"})
    )

    kept = await read(make_ehr(server, page_size=50))

    assert kept.end == WindowEnd(complete=False, surplus=50)
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("start", "end", "surplus"),
    [
        pytest.param("2027-03-01T04:59:59.5Z", None, 0, id="rounded"),
        pytest.param("2027-03-01T04:30:00Z", "2027-03-01T05:30:00Z", 0, id="goes-on"),
        pytest.param("2027-03-01T04:30:00Z", "2027-03-01T05:00:00Z", 1, id="is-over"),
        pytest.param("2027-02-28T14:00:00Z", None, 1, id="the-day-before"),
        pytest.param("2027-03-02T05:00:00.5Z", None, 0, id="rounded-up"),
        pytest.param("2027-03-02T05:30:00Z", None, 1, id="after"),
        pytest.param("2030-01-01T00:00:00Z", None, 1, id="years-after"),
    ],
)
async def test_what_nobody_asked_for_is_counted(
    make_ehr: MakeEHR, start: str, end: str | None, surplus: int
) -> None:
    other = visit(2, start, end=end or start)
    server = PretendServer().on("GET Appointment", said(bundle(visit(1), other)))

    kept = await read(make_ehr(server))

    assert kept.ids == {"v1"}
    assert kept.end == WindowEnd(complete=True, surplus=surplus)


async def test_what_the_longest_visit_makes_us_ask_for_is_no_surplus(
    make_ehr: MakeEHR,
) -> None:
    overnight = visit(1, "2027-03-02T03:00:00Z", end="2027-03-02T14:00:00Z")
    after = visit(2, "2027-03-02T07:00:00Z", end="2027-03-02T08:00:00Z")
    server = PagingServer([overnight, after], ends_within=True)

    kept = await read(make_ehr(server, longest_visit_h=12))

    assert kept.ids == {"v1"}
    assert kept.end == WindowEnd(complete=True, surplus=0)


async def test_where_time_does_not_get_shorter_there_are_fewer_people(
    make_ehr: MakeEHR,
) -> None:
    of = tuple(f"Practitioner/{n}" for n in range(4))
    visits = [
        visit(
            n,
            "2027-03-01T14:00:00Z",
            participant=[
                {"actor": {"reference": "Patient/ana"}, "status": "accepted"},
                {"actor": {"reference": of[n % 4]}, "status": "accepted"},
            ],
        )
        for n in range(8)
    ]
    server = PagingServer(visits, links=False, total=False, ends_within=True)
    ehr = make_ehr(server, page_size=3, longest_visit_h=12)

    kept = await read(ehr, Window(START, END, of))

    assert len(kept.ids) == 8
    assert kept.end.complete
    asked = [each.url.params["practitioner"] for each in server.asked]
    assert asked == ["0,1,2,3", "0,1", "0", "1", "2,3", "2", "3"]


async def test_at_one_and_the_same_time_there_are_fewer_people(
    make_ehr: MakeEHR,
) -> None:
    visits = [
        visit(
            n,
            participant=[
                {"actor": {"reference": f"Patient/p{n}"}, "status": "accepted"}
            ],
        )
        for n in range(6)
    ]
    server = PagingServer(visits, links=False, total=False)
    of = tuple(f"Patient/p{n}" for n in range(6))

    kept = await read(make_ehr(server, page_size=2), Window(START, END, of))

    assert len(kept.ids) == 6
    assert kept.end.complete


async def test_appointments_of_others_are_true_as_well(make_ehr: MakeEHR) -> None:
    server = PagingServer(HOURLY, ignores=frozenset({"practitioner"}))

    kept = await read(make_ehr(server), Window(START, END, ("Practitioner/other",)))

    assert (len(kept.ids), kept.end) == (9, WindowEnd())


async def test_whose_start_nobody_can_read_belongs_to_every_window(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1, "soon"))))

    kept = await read(make_ehr(server))

    assert [each.resource_id for each in kept.unreadable] == ["v1"]
    assert kept.end == WindowEnd()


async def test_a_start_without_zone_is_where_the_site_s_zone_puts_it(
    make_ehr: MakeEHR,
) -> None:
    within, without = "2027-03-01T00:00:00", "2027-03-02T01:00:00"
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1, within), visit(2, without)))
    )

    kept = await read(make_ehr(server, site_zone="America/New_York"))

    assert kept.ids == {"v1"}
    assert kept.end.surplus == 1


STARTS = st.lists(st.integers(-600, 2000), max_size=60)


@settings(max_examples=150, deadline=None)
@given(
    starts=STARTS,
    minutes=st.integers(1, 700),
    window=st.tuples(st.integers(0, 1300), st.integers(1, 1440)),
    page_size=st.integers(1, 40),
    cap=st.integers(10, 40),
    overlap=st.integers(0, 3),
    links=st.booleans(),
    total=st.booleans(),
    ends_within=st.booleans(),
)
async def test_all_that_starts_in_the_window_is_kept_and_nothing_else(
    starts: list[int],
    minutes: int,
    window: tuple[int, int],
    page_size: int,
    cap: int,
    overlap: int,
    links: bool,
    total: bool,
    ends_within: bool,
) -> None:
    visits = [
        visit(
            number,
            instant_text(START + timedelta(minutes=start)),
            end=instant_text(START + timedelta(minutes=start + minutes)),
        )
        for number, start in enumerate(starts)
    ]
    begin = START + timedelta(minutes=window[0])
    asked_for = Window(begin, begin + timedelta(minutes=window[1]))
    server = PagingServer(
        visits,
        cap=cap,
        links=links,
        total=total,
        overlap=min(overlap, page_size - 1),
        ends_within=ends_within,
    )
    ehr = EHR(
        "north",
        EHRConfig(
            base_url=BASE_URL,
            page_size=page_size,
            requests_per_s=100_000,
            burst=100_000,
            longest_visit_h=12 if ends_within else 0,
        ),
        clock=lambda: NOW,
        transport=httpx.MockTransport(server),
    )

    kept = await read(ehr, asked_for)
    again = await read(ehr, asked_for, kept.fingerprints)
    await ehr.aclose()

    inside = {
        f"v{number}"
        for number, start in enumerate(starts)
        if asked_for.start <= START + timedelta(minutes=start) < asked_for.end
    }
    assert kept.ids <= inside
    assert kept.end.surplus == 0
    once = Counter(
        id_ for page in kept.pages for id_ in {r.appointment_id for r in page.readings}
    )
    assert set(once) == kept.ids
    # Without links a crowd at one time cannot be told apart any further; and
    # without a total a full page leaves a doubt.
    assert kept.end.complete or not (links and total)
    assert kept.ids == inside or not (links or kept.end.complete)
    assert (again.ids, again.unchanged) == (set(), kept.ids)
    assert again.end == kept.end
