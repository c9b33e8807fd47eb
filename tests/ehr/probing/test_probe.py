"""What an examination of an EHR finds out, and that it says nothing of patients."""

import asyncio
import dataclasses
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from reminder.app.clock import system_clock
from reminder.ehr.config import EHRConfig
from reminder.ehr.probing.asking import MOST_REQUESTS
from reminder.ehr.probing.attempts import ATTEMPTS
from reminder.ehr.probing.probe import probe
from reminder.ehr.probing.session import Given, Limits
from reminder.model.capabilities import SearchPlan, WriteStyle
from reminder.model.trials import ConnectionReport, Trial, Verdict
from tests.ehr.conftest import NOW
from tests.ehr.odd_server import (
    BASE_URL,
    CANARIES,
    OddServer,
    Params,
    Said,
    statement,
    unhappy,
    visit,
)
from tests.ehr.pretend import fixture, said
from tests.servers.sekmet import SEKMET, running

EVERY = [each.name for each in ATTEMPTS]


async def examined(
    handler: Callable[[httpx.Request], httpx.Response],
    *,
    given: Given | None = None,
    try_writes: bool = False,
    **config: object,
) -> ConnectionReport:
    settings = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 1000}
    report = await probe(
        EHRConfig.model_validate(settings | config),
        clock=lambda: NOW,
        given=given,
        try_writes=try_writes,
        limits=Limits(one_s=5),
        # Not even a handshake: the address exists nowhere.
        transport=httpx.MockTransport(handler),
    )
    told = repr(dataclasses.asdict(report))
    assert [canary for canary in CANARIES if canary in told] == []
    assert [each.name for each in report.trials] == EVERY
    return report


def trial(report: ConnectionReport, name: str) -> Trial:
    found = report.trial(name)
    assert found is not None
    return found


def verdict(report: ConnectionReport, name: str) -> Verdict:
    return trial(report, name).verdict


def failures(report: ConnectionReport) -> set[str]:
    return {each.name for each in report.trials if each.verdict is Verdict.FAIL}


def test_every_trial_has_a_name_of_its_own_and_a_sentence() -> None:
    assert len(EVERY) == len(set(EVERY))
    assert all(each.tried.endswith(".") for each in ATTEMPTS)
    assert all(
        not each.instead or each.instead.endswith((".", "?")) for each in ATTEMPTS
    )


async def test_a_sound_server_passes_everything(tmp_path: Path) -> None:
    """On a server of its own: whatever else is there would be in the sample."""
    async with running(tmp_path) as sekmet:
        await _passes_everything(sekmet)


async def _passes_everything(sekmet: SEKMET) -> None:
    start = system_clock().replace(microsecond=0) + timedelta(days=400)
    times = {
        "start": f"{start:%Y-%m-%dT%H:%M:%SZ}",
        "end": f"{start + timedelta(minutes=30):%Y-%m-%dT%H:%M:%SZ}",
    }
    people = ("patient-adult", "location", "practitioner", "schedule")
    visits = [
        fixture("appointment-booked", id=f"probe{n}", slot=[], **times)
        for n in range(5)
    ]
    await sekmet.put(
        *map(fixture, people),
        *visits,
        fixture("slot-busy", id="probe-free", status="free", **times),
    )

    report = await probe(
        EHRConfig(base_url=sekmet.base_url),
        clock=lambda: start - timedelta(days=3),
        try_writes=True,
    )

    # Its clock is right, ours is not: four hundred days behind.
    assert failures(report) == {"clock"}
    unknown = {each.name for each in report.trials if each.verdict is Verdict.UNKNOWN}
    assert unknown == {"tls", "scopes"}
    assert report.search.plan is SearchPlan.BY_DATE
    assert report.writing.move is WriteStyle.TRANSACTION
    assert report.profile == "sekmet"
    assert report.locations == {"main": 5}
    assert report.can_work
    assert report.requests <= 30


async def test_an_odd_but_honest_server_is_read_by_date() -> None:
    report = await examined(OddServer())

    assert report.search.plan is SearchPlan.BY_DATE
    assert report.can_work
    assert report.locations == {"elm-0": 2, "elm-1": 2, "elm-2": 2}
    assert report.requests <= 30


async def test_a_server_that_ignores_the_date_is_caught_by_the_impossible() -> None:
    server = OddServer()
    server.ignores = {"date"}

    report = await examined(server)

    assert verdict(report, "date-window") is Verdict.PASS
    assert trial(report, "impossible-window").found == {"rows": 2}
    assert report.search.plan is not SearchPlan.BY_DATE


async def test_what_lies_outside_the_period_is_noticed_at_once() -> None:
    server = OddServer([visit(n, NOW - timedelta(days=400 * n)) for n in range(4)])
    server.ignores = {"date"}

    report = await examined(server)

    assert trial(report, "date-window").found == {"rows": 4, "outside": 3}


def needs(*names: str) -> Callable[[httpx.Request, Params], Said | None]:
    """A server that searches Appointments only by these."""

    def manner(request: httpx.Request, params: Params) -> Said | None:
        if request.url.path != "/fhir/Appointment":
            return None
        asked = {name for name, _ in params}
        return None if asked & {*names, "page"} else unhappy(400, "required")

    return manner


async def test_where_a_patient_is_required_one_given_makes_the_plan() -> None:
    server = OddServer()
    server.manners.append(needs("patient", "_id"))

    report = await examined(server, given=Given(patient="patient-canary-1"))

    assert trial(report, "date-window").found == {
        "answer": "GET Appointment: 400 required"
    }
    assert verdict(report, "by-patient") is Verdict.PASS
    assert verdict(report, "by-location") is Verdict.FAIL
    assert report.search.plan is SearchPlan.BY_PATIENT
    assert report.can_work


async def test_where_a_roster_is_required_one_given_makes_the_plan() -> None:
    server = OddServer()
    server.manners.append(needs("location", "_id"))

    report = await examined(server, given=Given(location="elm-1"))

    assert report.search.plan is SearchPlan.BY_ROSTER
    assert verdict(report, "impossible-window") is Verdict.PASS


async def test_a_roster_search_that_ignores_the_date_is_no_plan() -> None:
    server = OddServer()
    server.manners.append(needs("location", "_id"))
    server.ignores = {"date"}

    report = await examined(server, given=Given(location="elm-1"))

    assert verdict(report, "by-location") is Verdict.PASS
    assert verdict(report, "impossible-window") is Verdict.FAIL
    assert report.search.plan is SearchPlan.BY_ID


async def test_where_only_ids_are_known_push_is_the_plan() -> None:
    server = OddServer()
    server.manners.append(needs("_id"))

    report = await examined(server, given=Given(appointment="visit-canary-2"))

    assert verdict(report, "by-id") is Verdict.PASS
    assert verdict(report, "id-lists") is Verdict.PASS
    assert report.search.plan is SearchPlan.BY_ID
    assert "push" in report.search.why


async def test_a_server_with_no_appointments_yet_proves_nothing() -> None:
    report = await examined(OddServer([]))

    assert verdict(report, "date-window") is Verdict.UNKNOWN
    assert report.search.plan is SearchPlan.BY_DATE
    assert report.search.why.startswith("Not proven")
    assert report.can_work


async def test_a_date_that_finds_nothing_where_something_is_is_no_plan() -> None:
    server = OddServer()
    server.manners.append(
        lambda _, params: (
            said({"resourceType": "Bundle"}) if "date" in dict(params) else None
        )
    )

    report = await examined(server)

    assert trial(report, "date-window").found == {"rows": 0, "missed": 1}
    assert report.search.plan is SearchPlan.BY_ID


async def test_a_profile_decides_where_nothing_can_be_tried() -> None:
    server = OddServer([])
    server.manners.append(needs("_id"))

    report = await examined(server, profile="epic")

    assert report.search.plan is SearchPlan.BY_PATIENT
    assert report.writing.move is WriteStyle.REQUEST
    assert any("fhir.epic.com" in each for each in report.limits)
    assert any("uncertain" in each for each in report.limits)


async def test_a_make_that_is_recognised_lends_its_write_styles() -> None:
    server = OddServer()
    server.statement = statement() | {"publisher": "Epic"}

    report = await examined(server)

    assert report.profile == "epic"
    assert report.writing.cancel is WriteStyle.REQUEST
    assert report.search.plan is SearchPlan.BY_DATE


async def test_missing_next_links_are_noticed() -> None:
    server = OddServer()
    server.next_links = False

    report = await examined(server)

    assert trial(report, "paging").found == {"rows": 2, "next_link": "none"}
    assert "halved" in trial(report, "paging").instead
    assert report.can_work


async def test_a_next_link_to_another_host_is_named_and_not_followed() -> None:
    server = OddServer()
    server.link_base = "https://elsewhere.example.org/fhir"

    report = await examined(server)

    assert verdict(report, "paging") is Verdict.FAIL
    assert "public address" in trial(report, "paging").instead
    assert report.can_work
    assert all(each.url.host == "ehr.example.org" for each in server.asked)


async def test_a_page_that_comes_again_is_noticed() -> None:
    server = OddServer()

    def again(request: httpx.Request, params: Params) -> Said | None:
        if "page" not in dict(params):
            return None
        url = request.url.copy_remove_param("page")
        return server(httpx.Request("GET", url, headers=request.headers))

    server.manners.append(again)

    report = await examined(server)

    assert trial(report, "paging").found == {"rows": 2, "repeated": 2}


async def test_unknown_parameters_that_are_ignored_are_noticed() -> None:
    server = OddServer()
    server.strict = False

    report = await examined(server)

    assert trial(report, "unknown-parameter").found == {"answer": "ignored"}


async def test_an_empty_answer_to_what_is_unknown_is_noticed() -> None:
    server = OddServer()
    server.manners.append(
        lambda _, params: (
            said({"resourceType": "Bundle"})
            if "reminder-no-such-thing" in dict(params)
            else None
        )
    )

    report = await examined(server)

    assert trial(report, "unknown-parameter").found == {"answer": "nothing found"}
    assert "before anything is withdrawn" in trial(report, "unknown-parameter").instead


async def test_a_server_that_dislikes_strictness_is_asked_without() -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: unhappy(400) if "prefer" in request.headers else None
    )

    report = await examined(server)

    assert verdict(report, "date-window") is Verdict.PASS
    assert not report.strict
    assert report.search.plan is SearchPlan.BY_DATE


@pytest.mark.parametrize(
    ("ignores", "stated"),
    [
        pytest.param({"_lastUpdated"}, False, id="ignored"),
        pytest.param(set(), True, id="works"),
    ],
)
async def test_the_truth_of_last_updated_is_found_out(
    ignores: set[str], stated: bool
) -> None:
    server = OddServer()
    server.ignores = ignores

    report = await examined(server)

    assert (verdict(report, "last-updated") is Verdict.PASS) == stated


async def test_resources_without_meta_and_starts_without_zone_are_counted() -> None:
    visits = [visit(n) for n in range(4)]
    del visits[0]["meta"], visits[1]["meta"]["versionId"]
    visits[2]["start"] = visits[2]["start"].removesuffix("Z")
    visits[3]["participant"] = visits[3]["participant"][1:]
    visits[3]["id"] = "visit-canary-" + "x" * 75

    report = await examined(OddServer(visits))

    assert trial(report, "versioned").found == {
        "without_versionId": 2,
        "without_lastUpdated": 1,
    }
    assert trial(report, "zones").found == {"without_zone": 1}
    assert "site_zone" in trial(report, "zones").instead
    assert trial(report, "ids").found == {"longer": 1, "longest": 88}
    assert trial(report, "readable").found == {
        "looked_at": 4,
        "Appointment.start instant-without-zone": 1,
        "Appointment.participant no-patient": 1,
    }


async def test_forms_of_references_are_counted() -> None:
    forms = [
        "Patient/patient-canary-1",
        f"{BASE_URL}/Patient/patient-canary-2",
        "Patient/patient-canary-3/_history/2",
        "#patient-canary",
        "urn:uuid:53fefa32-fcbb-4ff8-8a92-55ee120877b7",
    ]
    visits = [visit(n) for n in range(len(forms))]
    for each, form in zip(visits, forms, strict=True):
        each["participant"] = each["participant"][:1]
        each["participant"][0]["actor"] = {"reference": form}
    visits[0]["participant"].append({"status": "accepted", "actor": {"identifier": {}}})

    report = await examined(OddServer(visits))

    assert trial(report, "references").found == {
        "relative": 1,
        "absolute": 1,
        "versioned": 1,
        "contained": 1,
        "urn": 1,
        "identifier": 1,
    }


@pytest.mark.parametrize(
    ("statement_said", "release"),
    [
        pytest.param(statement() | {"fhirVersion": "3.0.2"}, "STU3", id="STU3"),
        pytest.param(statement() | {"fhirVersion": "5.0.0"}, "R5", id="R5"),
        pytest.param({"resourceType": "Conformance"}, "DSTU2", id="DSTU2"),
    ],
)
async def test_another_release_of_fhir_is_refused_with_a_sentence(
    statement_said: object, release: str
) -> None:
    server = OddServer()
    server.statement = statement_said

    report = await examined(server)

    assert verdict(report, "fhir-version") is Verdict.FAIL
    assert f"FHIR {release}" in trial(report, "fhir-version").instead
    assert trial(report, "date-window").found == {"why": "not tried after fhir-version"}
    assert not report.can_work
    assert report.search.plan is None
    assert len(server.asked) == 1


async def test_r4b_is_read_as_r4() -> None:
    server = OddServer()
    server.statement = statement() | {"fhirVersion": "4.3.0"}

    assert (await examined(server)).can_work


async def test_a_web_page_where_a_server_should_be_is_named() -> None:
    report = await examined(lambda _: httpx.Response(200, text="<p>Ana Canaria</p>"))

    assert verdict(report, "statement") is Verdict.FAIL
    assert "base URL" in trial(report, "statement").instead
    assert report.search.plan is None
    assert not report.can_work


@pytest.mark.parametrize("status", [401, 403])
async def test_without_leave_to_read_nothing_more_is_asked(status: int) -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: (
            unhappy(status) if request.url.path != "/fhir/metadata" else None
        )
    )

    report = await examined(server)

    assert verdict(report, "authentication") is Verdict.FAIL
    assert "--auth" in trial(report, "authentication").instead
    assert not report.can_work
    assert report.requests == 3


async def test_an_endpoint_without_appointments_is_named() -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: (
            unhappy(404, "not-supported") if "Appointment" in request.url.path else None
        )
    )

    report = await examined(server)

    assert [each.name for each in report.obstacles] == ["appointments"]


async def test_a_silent_server_costs_one_trial() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("Ana Canaria", request=request)

    report = await examined(silent)

    assert trial(report, "reachable").found == {"answer": "GET metadata: ReadTimeout"}
    assert report.requests == 1
    assert not report.can_work


async def test_a_trial_that_never_ends_is_cut_off() -> None:
    async def endless(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/fhir/metadata":
            return said(statement())
        await asyncio.Event().wait()
        raise AssertionError

    report = await probe(
        EHRConfig(base_url=BASE_URL),
        clock=lambda: NOW,
        limits=Limits(one_s=0.05),
        transport=httpx.MockTransport(endless),
    )

    assert trial(report, "smart").found == {"answer": "no end after 0.05 s"}


async def test_when_the_time_is_over_the_rest_is_not_tried() -> None:
    report = await probe(
        EHRConfig(base_url=BASE_URL),
        clock=lambda: NOW,
        limits=Limits(all_s=0),
        transport=httpx.MockTransport(OddServer()),
    )

    assert report.requests == 0
    assert all(each.verdict is Verdict.UNKNOWN for each in report.trials)
    assert not report.can_work


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        pytest.param(429, Verdict.UNKNOWN, id="later"),
        pytest.param(503, Verdict.UNKNOWN, id="away"),
        pytest.param(500, Verdict.FAIL, id="broken"),
    ],
)
async def test_a_server_that_is_busy_has_not_failed(
    status: int, expected: Verdict
) -> None:
    server = OddServer()
    server.manners.append(
        lambda _, params: unhappy(status) if "_include" in dict(params) else None
    )

    report = await examined(server)

    assert verdict(report, "include") is expected


async def test_whatever_a_server_says_there_is_a_report_within_the_budget() -> None:
    report = await examined(
        lambda _: said({"resourceType": "Bundle", "entry": [7, {}]})
    )

    assert report.requests <= MOST_REQUESTS


@pytest.mark.parametrize(
    "said_of_it",
    [
        pytest.param({"entry": {"resource": []}}, id="entry-no-list"),
        pytest.param({"link": [{"relation": "next", "url": 7}]}, id="link-no-text"),
        pytest.param({"total": "many"}, id="total-no-number"),
        pytest.param(
            {"entry": [{"resource": {"resourceType": "Appointment", "id": [1]}}]},
            id="id-no-text",
        ),
        pytest.param(
            {
                "entry": [
                    {
                        "resource": {
                            "resourceType": "Appointment",
                            "id": "a",
                            "meta": 7,
                            "participant": [{"actor": []}, 3],
                            "start": {},
                        }
                    }
                ]
            },
            id="nothing-as-it-should-be",
        ),
    ],
)
async def test_bundles_of_nonsense_break_no_trial(said_of_it: dict) -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: (
            said({"resourceType": "Bundle", **said_of_it})
            if request.url.path == "/fhir/Appointment"
            else None
        )
    )

    report = await examined(server)

    stopped = [each.found for each in report.trials if "stopped" in str(each.found)]
    assert stopped == []


async def test_a_clock_that_is_wrong_is_told_with_its_seconds() -> None:
    server = OddServer()

    def late(request: httpx.Request) -> httpx.Response:
        answer = server(request)
        answer.headers["date"] = "Sat, 20 Feb 2027 15:02:00 GMT"
        return answer

    report = await examined(late)

    assert trial(report, "clock").found == {"seconds_ahead": 120}
    assert verdict(report, "clock") is Verdict.FAIL


async def test_nothing_is_written_unless_asked_for() -> None:
    server = OddServer()

    report = await examined(server)

    assert {each.method for each in server.asked} == {"GET"}
    assert "--try-writes" in trial(report, "if-match").instead


YESTERDAY = NOW - timedelta(hours=20)


def writes(server: OddServer) -> list[httpx.Request]:
    return [each for each in server.asked if each.method != "GET"]


async def test_the_trial_of_if_match_sends_back_what_it_read_and_no_more() -> None:
    server = OddServer([visit(0), visit(1, YESTERDAY)])

    report = await examined(server, try_writes=True)

    assert trial(report, "if-match").found == {
        "status": 412,
        "unchanged": True,
        "by": "PUT",
    }
    (put,) = writes(server)
    assert put.content == said(server.visits[1]).content
    assert put.headers["if-match"] == 'W/"reminder-cannot-match"'


async def test_a_server_that_does_not_look_at_if_match_is_found_out() -> None:
    server = OddServer([visit(0, YESTERDAY)])
    server.manners.append(
        lambda request, _: said(server.visits[0]) if request.method == "PUT" else None
    )

    report = await examined(server, try_writes=True)

    assert trial(report, "if-match").found == {
        "status": 200,
        "unchanged": True,
        "by": "PUT",
    }
    assert verdict(report, "if-match") is Verdict.FAIL
    [but] = report.writing_but
    assert "does not look at If-Match" in but


SUBSETTED = {"versionId": "1", "tag": [{"code": "SUBSETTED"}]}
REDACTED = {"versionId": "1", "security": [{"code": "REDACTED"}]}


@pytest.mark.parametrize(
    ("visits", "chosen"),
    [
        pytest.param([visit(0), visit(1)], None, id="all-to-come"),
        pytest.param([visit(0), visit(1, status="cancelled")], 1, id="cancelled"),
        pytest.param(
            [visit(0, NOW - timedelta(hours=1)), visit(1, YESTERDAY)], 1, id="oldest"
        ),
        pytest.param([visit(0, YESTERDAY, meta=SUBSETTED)], None, id="a-part-of-it"),
        pytest.param([visit(0, YESTERDAY, meta=REDACTED)], None, id="redacted"),
    ],
)
async def test_only_what_is_over_and_shown_as_a_whole_is_sent_back(
    visits: list[dict], chosen: int | None
) -> None:
    server = OddServer(visits)

    report = await examined(server, try_writes=True)

    sent = [each.url.path.rpartition("-")[2] for each in writes(server)]
    assert sent == ([] if chosen is None else [str(chosen)])
    if chosen is None:
        assert verdict(report, "if-match") is Verdict.UNKNOWN


@pytest.mark.parametrize("interaction", ["update", "patch"])
async def test_where_no_versions_are_shown_nothing_is_sent(interaction: str) -> None:
    server = OddServer(
        [visit(0, YESTERDAY, meta={})], interaction=[{"code": interaction}]
    )
    server.manners.append(
        lambda request, _: (
            said(server.visits[0])
            if request.url.path.endswith("/visit-canary-0")
            else None
        )
    )

    report = await examined(server, try_writes=True)

    assert writes(server) == []
    assert "no version" in str(trial(report, "if-match").found["why"])


@pytest.mark.parametrize("others", [[], [{"code": "update"}]], ids=["alone", "too"])
async def test_where_patches_are_taken_the_trial_changes_nothing(
    others: list[dict],
) -> None:
    server = OddServer(interaction=[{"code": "patch"}, *others])

    report = await examined(server, try_writes=True)

    (patch,) = writes(server)
    assert patch.method == "PATCH"
    assert patch.content == b'[{"op":"test","path":"/status","value":"booked"}]'
    assert trial(report, "if-match").found["by"] == "PATCH"


async def test_metadata_that_are_not_for_strangers_are_asked_for_as_ourselves() -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: None if "authorization" in request.headers else unhappy(401)
    )

    report = await examined(server, auth={"kind": "bearer", "token": "t0ken"})

    assert verdict(report, "fhir-version") is Verdict.PASS
    assert report.can_work


CLIENT = {
    "kind": "client-credentials",
    "client_id": "reminder",
    "client_secret": "s3cret-canary",
    "token_url": "https://ehr.example.org/token",
    "scope": "system/Appointment.rs system/Patient.rs",
}


def grants(answer: Said) -> Callable[[httpx.Request, Params], Said | None]:
    return lambda request, _: answer if request.url.path == "/token" else None


@pytest.mark.parametrize(
    ("granted", "found"),
    [
        pytest.param(
            "system/Appointment.rs", {"missing": "system/Patient.rs"}, id="narrower"
        ),
        pytest.param(None, {"granted": "as asked for"}, id="not-said"),
        pytest.param(
            "system/*.rs", {"granted": "system/*.rs"}, id="wider-than-asked-for"
        ),
    ],
)
async def test_scopes_granted_are_compared_with_those_asked_for(
    granted: str | None, found: dict
) -> None:
    server = OddServer()
    scope = {"scope": granted} if granted else {}
    token = {"access_token": "t0ken", "token_type": "bearer", "expires_in": 300}
    server.manners.append(grants(said(token | scope)))

    report = await examined(server, auth=CLIENT)

    assert trial(report, "scopes").found == found
    assert "t0ken" not in repr(report)
    assert report.can_work


READS = "system/Appointment.rs system/Patient.rs"


@pytest.mark.parametrize(
    ("granted", "styles", "but"),
    [
        pytest.param(
            READS,
            ["request", "request", "request"],
            [
                "confirm would be update, but scope system/Appointment.u is missing.",
                "cancel would be transaction, but scope system/Appointment.u and "
                "system/Slot.u is missing.",
                "move would be transaction, but scope system/Appointment.u and "
                "system/Slot.u is missing.",
            ],
            id="reading-alone",
        ),
        pytest.param(
            f"{READS} system/Appointment.cu",
            ["update", "request", "request"],
            [
                "cancel would be transaction, but scope system/Slot.u is missing.",
                "move would be transaction, but scope system/Slot.u is missing.",
            ],
            id="no-slots",
        ),
        pytest.param(
            "system/Appointment.write system/Slot.write",
            ["update", "transaction", "transaction"],
            [],
            id="first-version-of-smart",
        ),
        pytest.param(
            "system/*.cruds", ["update", "transaction", "transaction"], [], id="all"
        ),
        pytest.param(
            "user/*.cruds", ["update", "transaction", "transaction"], [], id="a-user's"
        ),
        pytest.param(
            "api://ehr/.default",
            ["update", "transaction", "transaction"],
            [],
            id="not-smart",
        ),
    ],
)
async def test_no_way_of_writing_is_promised_that_the_scopes_do_not_allow(
    granted: str, styles: list[str], but: list[str]
) -> None:
    server = OddServer()
    token = {"access_token": "t0ken", "token_type": "bearer", "scope": granted}
    server.manners.append(grants(said(token)))

    report = await examined(server, auth=CLIENT)

    ways = report.writing
    assert [ways.confirm, ways.cancel, ways.move] == styles
    assert list(report.writing_but) == but


async def test_a_token_that_is_refused_is_told_by_its_code() -> None:
    server = OddServer()
    refusal = said({"error": "invalid_client", "error_description": "Canaria"}, 401)
    server.manners.append(grants(refusal))

    report = await examined(server, auth=CLIENT)

    assert trial(report, "authentication").found == {
        "answer": "token: 401 invalid_client"
    }
    assert verdict(report, "statement") is Verdict.PASS
    assert "s3cret" not in repr(report)
    assert not report.can_work


async def test_the_token_goes_nowhere_but_there(tmp_path: Path) -> None:
    server = OddServer()
    auth = {"kind": "bearer", "token": "t0ken-canary"}

    report = await examined(server, auth=auth)

    assert "t0ken" not in repr(report)
    public = {"/fhir/metadata", "/fhir/.well-known/smart-configuration"}
    shown = {each.url.path: each.headers.get("authorization") for each in server.asked}
    assert {path for path, token in shown.items() if token is None} == public
    assert set(shown.values()) == {None, "Bearer t0ken-canary"}
    assert trial(report, "authentication").found == {"credential": "bearer"}


async def test_a_search_that_also_finds_others_is_no_roster() -> None:
    server = OddServer()
    server.ignores = {"location"}

    report = await examined(server)

    assert trial(report, "by-location").found == {"rows": 6, "of_others": 4}
    assert verdict(report, "by-practitioner") is Verdict.PASS


async def test_where_nothing_is_published_and_nothing_found_there_is_no_plan() -> None:
    server = OddServer()
    server.manners.append(
        lambda request, _: unhappy(404) if "metadata" in request.url.path else None
    )
    server.manners.append(needs("nothing"))

    report = await examined(server)

    assert report.search.plan is None
    assert not report.can_work


async def test_places_of_trouble_are_counted_without_their_numbers() -> None:
    visits = [visit(n) for n in range(3)]
    for number, each in enumerate(visits):
        each["participant"][0]["actor"] = {"reference": "Patient/ not one"}
        each["participant"] = each["participant"][-number:] + each["participant"][:1]

    report = await examined(OddServer(visits))

    problems = [name for name in trial(report, "readable").found if " " in name]
    assert all(not re.search(r"\d", name) for name in problems)
    assert any("[*]" in name for name in problems)
