import json
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.finding.plans import days, halves, plan_name, search_params
from reminder.model.capabilities import SearchPlan
from reminder.model.readings import Window
from tests.ehr.conftest import MakeEHR
from tests.ehr.keeping import END, START
from tests.ehr.pretend import BASE_URL, PretendServer, Resource, said

THREE_DAYS = START + timedelta(days=3)
FIRST = datetime(2011, 1, 1, tzinfo=UTC)
ZONES = [
    None,
    "America/New_York",
    "Europe/Berlin",
    "Pacific/Apia",
    "Africa/Cairo",
    "America/Havana",
    "Asia/Kathmandu",
    "Australia/Lord_Howe",
]


def config(**changes: object) -> EHRConfig:
    return EHRConfig.model_validate({"base_url": BASE_URL} | changes)


def asked(window: Window, **changes: object) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in search_params(window, config(**changes)):
        found.setdefault(name, []).append(value)
    return found


@given(
    begins=st.timedeltas(timedelta(0), timedelta(days=7000)).map(FIRST.__add__),
    length=st.timedeltas(timedelta(microseconds=1), timedelta(days=40)),
    zone=st.sampled_from(ZONES),
)
@example(datetime(2027, 3, 13, tzinfo=UTC), timedelta(days=3), "America/New_York")
@example(datetime(2027, 11, 6, tzinfo=UTC), timedelta(days=3), "America/New_York")
@example(datetime(2011, 12, 28, tzinfo=UTC), timedelta(days=5), "Pacific/Apia")
@example(datetime(2026, 4, 22, tzinfo=UTC), timedelta(days=5), "Africa/Cairo")
@example(datetime(2026, 10, 30, tzinfo=UTC), timedelta(days=5), "America/Havana")
def test_days_tile_the_stretch_whatever_the_clocks_do(
    begins: datetime, length: timedelta, zone: str | None
) -> None:
    ends = begins + length

    parts = days(begins, ends, zone)

    assert (parts[0][0], parts[-1][1]) == (begins, ends)
    assert all(since < until for since, until in parts)
    assert all(one[1] == other[0] for one, other in pairwise(parts))
    tz = ZoneInfo(zone) if zone else UTC
    for since, until in parts:
        # The last microsecond counts to the day, the end no more.
        last = until - timedelta(microseconds=1)
        assert since.astimezone(tz).date() == last.astimezone(tz).date()
        assert until - since <= timedelta(hours=25)


def test_days_are_those_of_the_site() -> None:
    begins = datetime(2027, 3, 13, tzinfo=UTC)

    parts = days(begins, begins + timedelta(days=3), "America/New_York")

    assert [since.hour for since, _ in parts] == [0, 5, 5, 4]
    assert [until - since for since, until in parts][2] == timedelta(hours=23)


async def test_by_date_a_day_is_a_window(make_ehr: MakeEHR) -> None:
    ehr = make_ehr(PretendServer())

    found = await ehr.windows(START, THREE_DAYS, ["ana"])

    midnights = [datetime(2027, 3, day, tzinfo=UTC) for day in (2, 3, 4)]
    assert [(each.start, each.end) for each in found] == list(
        zip([START, *midnights], [*midnights, THREE_DAYS], strict=True)
    )
    assert {each.of for each in found} == {()}
    assert ehr.search_plan is SearchPlan.BY_DATE


async def test_by_roster_a_day_is_a_window_for_each_few(make_ehr: MakeEHR) -> None:
    ehr = make_ehr(
        PretendServer(),
        search_plan="by-roster",
        roster=[
            "Practitioner/1",
            "Practitioner/2",
            "Practitioner/1",
            "Practitioner/3",
        ],
        actors_per_request=2,
        site_zone="America/New_York",
    )

    found = await ehr.windows(START, START + timedelta(days=2), [])

    few = [("Practitioner/1", "Practitioner/2"), ("Practitioner/3",)]
    assert [each.of for each in found] == few * 2
    assert [each.start for each in found] == [START] * 2 + [END] * 2


async def test_by_id_there_are_no_windows(make_ehr: MakeEHR) -> None:
    ehr = make_ehr(PretendServer(), search_plan="by-id")

    assert await ehr.windows(START, END, ["ana"]) == []


@pytest.mark.parametrize("plan", list(SearchPlan))
@pytest.mark.parametrize(
    ("start", "end"),
    [
        pytest.param(END, START, id="backwards"),
        pytest.param(START, START, id="empty"),
    ],
)
async def test_a_stretch_that_is_none_is_a_mistake_of_ours(
    make_ehr: MakeEHR, plan: SearchPlan, start: datetime, end: datetime
) -> None:
    ehr = make_ehr(PretendServer(), search_plan=plan, roster=["Location/1"])

    with pytest.raises(ValueError, match="ends after it starts"):
        await ehr.windows(start, end, [])


def group(*members: Resource, **more: object) -> Resource:
    return {"resourceType": "Group", "id": "g1", "member": list(members), **more}


def member(reference: str, **more: object) -> Resource:
    return {"entity": {"reference": reference}, **more}


async def test_by_patient_all_of_the_horizon_is_a_window_for_each_few(
    make_ehr: MakeEHR, tmp_path: Path
) -> None:
    listed = tmp_path / "patients.txt"
    listed.write_text("\ufeffcleo\r\n\n  ben \r\nPatient/ana\n", encoding="utf-8")
    members = group(
        member("Patient/dan"),
        member("Patient/ana"),
        member(f"{BASE_URL}/Patient/eva"),
        member("Patient/left", inactive=True),
        member("Patient/moved", period={"end": "2020-01-01"}),
        member("Practitioner/17"),
        member("Group/18"),
    )
    server = PretendServer().on("GET Group/g1", said(members))
    ehr = make_ehr(
        server,
        search_plan="by-patient",
        patients_file=listed,
        patient_group="Group/g1",
        actors_per_request=2,
    )

    found = await ehr.windows(START, THREE_DAYS, ["ben", "zoe"])

    assert found == [
        Window(START, THREE_DAYS, ("Patient/ana", "Patient/ben")),
        Window(START, THREE_DAYS, ("Patient/cleo", "Patient/dan")),
        Window(START, THREE_DAYS, ("Patient/eva", "Patient/zoe")),
    ]


async def test_the_file_is_read_anew_each_time(
    make_ehr: MakeEHR, tmp_path: Path
) -> None:
    listed = tmp_path / "patients.txt"
    listed.write_text("ana\n")
    ehr = make_ehr(PretendServer(), search_plan="by-patient", patients_file=listed)
    await ehr.windows(START, END, [])
    listed.write_text("ben\n")

    (window,) = await ehr.windows(START, END, [])

    assert window.of == ("Patient/ben",)


async def test_by_patient_nobody_is_asked_for_where_nobody_is_known(
    make_ehr: MakeEHR,
) -> None:
    assert (
        await make_ehr(PretendServer(), search_plan="by-patient").windows(
            START, END, []
        )
        == []
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        pytest.param(b"ana\n\nJane Canary\n", "patients.txt, line 3: ", id="a-name"),
        pytest.param(b"a,b\n", "patients.txt, line 1: ", id="two-in-a-line"),
        pytest.param(b"../x\n", "patients.txt, line 1: ", id="a-path"),
        pytest.param(b"\xff\xfea\x00", "patients.txt: not UTF-8", id="encoding"),
        pytest.param(None, "patients.txt: FileNotFoundError", id="none"),
    ],
)
async def test_a_file_nobody_can_use_is_named_with_its_line(
    make_ehr: MakeEHR, tmp_path: Path, content: bytes | None, message: str
) -> None:
    listed = tmp_path / "patients.txt"
    if content is not None:
        listed.write_bytes(content)
    ehr = make_ehr(PretendServer(), search_plan="by-patient", patients_file=listed)

    with pytest.raises(EHRRefused) as error:
        await ehr.windows(START, END, [])

    assert message in str(error.value)
    assert "Canary" not in str(error.value)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(said({}, 404), EHRRefused, id="gone"),
        pytest.param(said({"resourceType": "Patient"}), EHRRefused, id="not-a-group"),
        pytest.param(said({}, 503), EHRUnavailable, id="later"),
    ],
)
async def test_a_group_nobody_can_read_stops_the_run(
    make_ehr: MakeEHR, answer: object, error: type[Exception]
) -> None:
    server = PretendServer().on("GET Group/g1", answer)
    ehr = make_ehr(server, search_plan="by-patient", patient_group="Group/g1")

    with pytest.raises(error, match="GET Group"):
        await ehr.windows(START, END, ["ana"])


def test_a_search_has_both_bounds_in_z() -> None:
    window = Window(START + timedelta(milliseconds=1), END + timedelta(milliseconds=1))

    assert asked(window) == {
        "date": ["ge2027-03-01T05:00:00Z", "lt2027-03-02T05:00:01Z"],
        "_count": ["100"],
    }


def test_where_only_visits_that_also_end_are_found_more_is_asked_for() -> None:
    assert asked(Window(START, END), longest_visit_h=1.5)["date"] == [
        "ge2027-03-01T05:00:00Z",
        "lt2027-03-02T06:30:00Z",
    ]


@pytest.mark.parametrize(
    ("of", "parameter", "name", "value"),
    [
        pytest.param(("Practitioner/1", "Practitioner/2"), None, "practitioner", "1,2"),
        pytest.param(("Location/7",), None, "location", "7"),
        pytest.param(("Patient/ana", "Patient/b"), None, "patient", "ana,b"),
        pytest.param(("Patient/ana",), "location", "patient", "ana"),
        pytest.param(("HealthcareService/3",), None, "actor", "HealthcareService/3"),
        pytest.param(
            ("Location/7", "Practitioner/1"),
            "actor",
            "actor",
            "Location/7,Practitioner/1",
        ),
        pytest.param(("PractitionerRole/4",), "practitioner", "practitioner", "4"),
    ],
)
def test_those_asked_for_are_named_by_one_parameter(
    of: tuple[str, ...], parameter: str | None, name: str, value: str
) -> None:
    found = asked(Window(START, END, of), roster_parameter=parameter)

    assert found[name] == [value]
    assert set(found) == {name, "date", "_count"}


def test_a_window_is_halved_down_to_a_quarter_of_an_hour_and_then_by_whose() -> None:
    of = ("Location/1", "Location/2", "Location/3")
    window, ever = Window(START, END, of), []

    while (parts := halves(window, by_time=True)) is not None:
        window = parts[1]
        ever.append((window.end - window.start, len(window.of)))

    assert (parts, window.of) == (None, ("Location/3",))
    assert ever[:2] == [(timedelta(hours=12), 3), (timedelta(hours=6), 3)]
    assert ever[-2:] == [(timedelta(minutes=11, seconds=15), n) for n in (2, 1)]


@given(
    minutes=st.integers(1, 60 * 24 * 90),
    people=st.integers(0, 20),
    by_time=st.booleans(),
)
def test_halves_are_the_whole(minutes: int, people: int, by_time: bool) -> None:
    of = tuple(f"Patient/{n}" for n in range(people))
    window = Window(START, START + timedelta(minutes=minutes), of)

    parts = halves(window, by_time=by_time)

    if parts is None:
        assert people < 2
    elif parts[0].of == of:
        assert (parts[0].start, parts[1].end) == (window.start, window.end)
        assert parts[0].end == parts[1].start
        assert by_time
    else:
        assert parts[0].of + parts[1].of == of
        assert all(parts)


@pytest.mark.parametrize(
    "change",
    [
        {"search_plan": "by-id"},
        {"roster": ["Location/1"]},
        {"roster_parameter": "actor"},
        {"patients_file": "patients.txt"},
        {"patient_group": "Group/1"},
        {"page_size": 99},
        {"actors_per_request": 19},
        {"longest_visit_h": 12},
        {"site_zone": "Europe/Berlin"},
        {"base_url": "https://other.example.org/fhir"},
    ],
    ids=lambda change: next(iter(change)),
)
def test_another_plan_has_another_name(change: dict) -> None:
    assert plan_name(config(**change)) != plan_name(config())


def test_a_plan_keeps_its_name() -> None:
    before = config(requests_per_s=1, read_timeout_s=5, roster=["Location/1"])
    again = EHRConfig.model_validate(json.loads(before.model_dump_json()))

    assert plan_name(again) == plan_name(before)
    assert plan_name(before).startswith("by-date-")
