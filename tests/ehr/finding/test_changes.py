from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder.ehr.reading.instants import instant, instant_text
from reminder.model.readings import WindowPage
from tests.ehr.conftest import MakeEHR
from tests.ehr.keeping import read_changes, visit
from tests.ehr.pretend import (
    CAPABILITIES,
    PretendServer,
    Resource,
    bundle,
    said,
)

SINCE = "2027-02-20T15:00:00Z"
SERVED = datetime(2027, 2, 20, 15, 2, tzinfo=UTC)
SERVED_AT = {"Date": "Sat, 20 Feb 2027 15:02:00 GMT"}


def updated(number: int, at: str) -> Resource:
    return visit(number, meta={"versionId": "1", "lastUpdated": at})


async def test_changes_go_on_where_the_server_s_clock_stood(make_ehr: MakeEHR) -> None:
    page = bundle(updated(1, "2027-02-20T14:58:00Z"))
    server = PretendServer().on(
        "GET Appointment", said(page, Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    changes = await read_changes(make_ehr(server), SINCE)

    assert changes.ids == {"v1"}
    assert changes.cursor == "2027-02-20T15:02:00Z"
    query = server.last("GET Appointment").url.params
    assert query["_lastUpdated"] == "ge2027-02-20T14:55:00Z"


async def test_the_earlier_of_the_server_s_clocks_counts(make_ehr: MakeEHR) -> None:
    page = bundle(meta={"lastUpdated": "2027-02-20T15:01:10.5Z"})
    server = PretendServer().on(
        "GET Appointment", said(page, Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    assert (await read_changes(make_ehr(server), SINCE)).cursor == (
        "2027-02-20T15:01:10Z"
    )


async def test_the_first_question_only_fetches_a_cursor(make_ehr: MakeEHR) -> None:
    server = PretendServer().on(
        "GET Appointment", said(bundle(visit(1)), Date="Sat, 20 Feb 2027 15:02:00 GMT")
    )

    changes = await read_changes(make_ehr(server), None)

    assert (changes.pages, changes.cursor) == ([], "2027-02-20T15:02:00Z")


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

    assert (await read_changes(ehr, SINCE)).cursor is None
    asked = server.times("GET Appointment")

    again = await read_changes(ehr, SINCE)
    assert (again.cursor, again.pages) == (None, [])
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


def server_of(
    *changed: Resource, most: int = 1000, refuses: str = ""
) -> Callable[[httpx.Request], httpx.Response]:
    """Obeys `_lastUpdated`, gives `most` and never a next link."""

    def answer(request: httpx.Request) -> httpx.Response:
        if refuses and refuses in str(request.url):
            return said({}, 400)
        bounds = request.url.params.get_list("_lastUpdated")
        found = [each for each in changed if all(_within(each, b) for b in bounds)]
        return said(bundle(*found[:most], total=len(found)), **SERVED_AT)

    return answer


def _within(resource: Resource, bound: str) -> bool:
    at, limit = instant(resource["meta"]["lastUpdated"]), instant(bound[2:])
    assert at is not None
    assert limit is not None
    return at >= limit if bound.startswith("ge") else at < limit


async def test_changes_are_asked_for_in_their_order(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(), **SERVED_AT))

    await read_changes(make_ehr(server), SINCE)

    assert server.last("GET Appointment").url.params["_sort"] == "_lastUpdated"


async def test_a_server_that_does_not_sort_is_not_asked_to_again(
    make_ehr: MakeEHR,
) -> None:
    first = updated(1, "2027-02-20T15:01:00Z")
    server = PretendServer().on("GET Appointment", server_of(first, refuses="_sort"))
    ehr = make_ehr(server)

    changes = await read_changes(ehr, SINCE)
    again = await read_changes(ehr, SINCE)

    assert changes.ids == again.ids == {"v1"}
    assert changes.cursor == "2027-02-20T15:02:00Z"
    assert server.times("GET Appointment") == 3


async def test_a_server_that_asks_whose_changes_cannot_tell(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said({}, 400))
    ehr = make_ehr(server)

    assert (await read_changes(ehr, SINCE)).cursor is None
    assert not (await ehr.capabilities()).incremental


@pytest.mark.parametrize("status", [404, 422])
async def test_what_is_refused_for_another_reason_is_not_asked_again(
    make_ehr: MakeEHR, status: int
) -> None:
    server = PretendServer().on("GET Appointment", said({}, status))

    assert (await read_changes(make_ehr(server), SINCE)).cursor is None
    assert server.times("GET Appointment") == 1


async def test_changes_are_kept_page_by_page_and_then_there_is_a_cursor(
    make_ehr: MakeEHR,
) -> None:
    one, other = (updated(n, "2027-02-20T15:01:00Z") for n in (1, 2))
    server = PretendServer().on(
        "GET Appointment",
        said(bundle(one, next_link="?page=2"), **SERVED_AT),
        said(bundle(other), Date="Sat, 20 Feb 2027 15:03:00 GMT"),
    )

    changes = await read_changes(make_ehr(server), SINCE)

    assert [
        [each.appointment_id for each in page.readings] for page in changes.pages
    ] == [
        ["v1"],
        ["v2"],
    ]
    assert changes.cursor == "2027-02-20T15:02:00Z"


async def test_what_could_not_be_kept_moves_no_cursor(make_ehr: MakeEHR) -> None:
    one = updated(1, "2027-02-20T15:01:00Z")
    server = PretendServer().on("GET Appointment", said(bundle(one), **SERVED_AT))

    async def keep(_: WindowPage) -> None:
        raise RuntimeError("disk full")

    with pytest.raises(RuntimeError, match="disk full"):
        await make_ehr(server).read_changes(SINCE, keep)


@pytest.mark.parametrize(
    "expired",
    [pytest.param(said({}, 410), id="gone"), pytest.param(said({}, 400), id="400")],
)
async def test_expired_pages_of_changes_begin_anew_twice(
    make_ehr: MakeEHR, expired: httpx.Response
) -> None:
    one, other = (updated(n, "2027-02-20T15:01:00Z") for n in (1, 2))
    first = said(bundle(one, next_link="?page=2"), **SERVED_AT)
    server = PretendServer().on(
        "GET Appointment", first, expired, first, expired, first, said(bundle(other))
    )

    assert (await read_changes(make_ehr(server), SINCE)).ids == {"v1", "v2"}


async def test_where_pages_of_changes_always_expire_nobody_can_tell(
    make_ehr: MakeEHR,
) -> None:
    one = updated(1, "2027-02-20T15:01:00Z")
    first = said(bundle(one, next_link="?page=2"), **SERVED_AT)
    server = PretendServer().on("GET Appointment", *[first, said({}, 410)] * 3)
    ehr = make_ehr(server)

    assert (await read_changes(ehr, SINCE)).cursor is None
    assert not (await ehr.capabilities()).incremental


async def test_more_changes_than_fit_are_asked_for_in_halves(make_ehr: MakeEHR) -> None:
    changed = [
        updated(n, instant_text(SERVED - timedelta(minutes=7, seconds=-4 * n)))
        for n in range(100)
    ]
    server = PretendServer().on("GET Appointment", server_of(*changed, most=10))

    changes = await read_changes(make_ehr(server, page_size=10), SINCE)

    assert changes.ids == {f"v{n}" for n in range(100)}
    assert changes.cursor == "2027-02-20T15:02:00Z"


async def test_more_changes_in_a_second_than_fit_cannot_be_told(
    make_ehr: MakeEHR,
) -> None:
    changed = [updated(n, "2027-02-20T15:01:00Z") for n in range(30)]
    server = PretendServer().on("GET Appointment", server_of(*changed, most=10))
    ehr = make_ehr(server, page_size=10)

    assert (await read_changes(ehr, SINCE)).cursor is None
    assert not (await ehr.capabilities()).incremental


async def test_a_question_called_too_costly_is_asked_in_halves(
    make_ehr: MakeEHR,
) -> None:
    changed = updated(1, "2027-02-20T15:01:00Z")
    whole = server_of(changed)
    outcome = {"resourceType": "OperationOutcome", "issue": [{"code": "too-costly"}]}

    def answer(request: httpx.Request) -> httpx.Response:
        is_open = len(request.url.params.get_list("_lastUpdated")) == 1
        return said(outcome, 422) if is_open else whole(request)

    server = PretendServer().on("GET Appointment", answer)

    changes = await read_changes(make_ehr(server), SINCE)

    assert (changes.ids, changes.cursor) == ({"v1"}, "2027-02-20T15:02:00Z")


async def test_where_the_server_says_that_some_is_missing_the_cursor_stays(
    make_ehr: MakeEHR,
) -> None:
    page = bundle(updated(1, "2027-02-20T15:01:00Z"))
    issue = {"severity": "error", "code": "exception"}
    outcome = {"resourceType": "OperationOutcome", "issue": [issue]}
    page["entry"].append({"resource": outcome, "search": {"mode": "outcome"}})
    server = PretendServer().on("GET Appointment", said(page, **SERVED_AT))

    changes = await read_changes(make_ehr(server), SINCE)

    assert (changes.ids, changes.cursor) == ({"v1"}, SINCE)


async def test_a_server_without_a_clock_leaves_the_cursor_where_it_is(
    make_ehr: MakeEHR,
) -> None:
    server = PretendServer().on("GET Appointment", said(bundle()))

    assert (await read_changes(make_ehr(server), SINCE)).cursor == SINCE
    assert (await read_changes(make_ehr(server), None)).cursor is None
