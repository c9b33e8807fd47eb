"""Whatever a server sends, the readers say what is wrong with it, and nothing else."""

import copy
import json
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.ehr.finding.slots import read_slot
from reminder.ehr.reading.appointments import read_appointment, read_entry, start_of
from reminder.ehr.reading.drafts import Draft, Source
from reminder.ehr.reading.entries import full_urls, opened
from reminder.ehr.reading.patients import Former, Reader, read_guardian, read_patient
from reminder.ehr.wire.http import Answer
from reminder.model.appointments import Slot
from reminder.model.people import Patient
from reminder.model.readings import Unreadable
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, Resource, fixture

MARK = "Zq7x"
SOURCE = Source("north", BASE_URL, site_zone=ZoneInfo("America/New_York"))
READER = Reader("north", BASE_URL, "US")


def nested(depth: int) -> Any:
    value: Any = MARK
    for _ in range(depth):
        value = {"extension": [value], "url": "https://x.example/x"}
    return value


ODD = [
    "\ud800",
    "\x00",
    "\u202e",
    "x" * 100_000,
    "2027-02-30T99:00:00",
    "#",
    "Patient/",
    "urn:uuid:",
    "https://[",
    10**30,
    -1,
    1e308,
    [],
    {},
    [[]],
    {"reference": "#p"},
    {"identifier": {"system": "s", "value": "v"}},
    nested(50),
    nested(2000),
]
TEXT = st.text(max_size=12).map(MARK.__add__)
# What an element is called may be told, where it can be a name at all.
KEYS = st.text(max_size=12) | st.sampled_from(["videoLink", MARK + " ", MARK * 20])
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT
    # The deepest is more than Hypothesis itself can carry.
    | st.sampled_from(range(len(ODD) - 1)).map(lambda index: ODD[index]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3)
    ),
    max_leaves=6,
)
NAMES = (
    "appointment-telehealth-contained",
    "appointment-described",
    "appointment-all-contained",
    "appointment-patient-by-identifier",
    "appointment-local-times",
    "patient-adult",
    "patient-minor-with-contacts",
    "patient-replaced",
    "related-person-mother",
    "slot-busy",
)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a resource where something else could stand."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    below = [place for key, each in inside for place in places(each, (*path, key))]
    return [path, *below] if path else below


# A resource as large as these takes its time to make, and more on a busy machine.
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

PLACES = {name: places(fixture(name)) for name in NAMES}


@st.composite
def hostile(draw: st.DrawFn) -> Resource:
    """A resource with a few of its elements replaced, renamed or added."""
    name = draw(st.sampled_from(NAMES))
    resource = copy.deepcopy(fixture(name))
    for place in draw(st.lists(st.sampled_from(PLACES[name]), min_size=1, max_size=4)):
        holder: Any = resource
        for key in place[:-1]:
            inside = isinstance(holder, list) and isinstance(key, int)
            if inside and key < len(holder):
                holder = holder[key]
            else:
                holder = holder.get(key) if isinstance(holder, dict) else None
        if isinstance(holder, dict):
            key = draw(st.just(str(place[-1])) | KEYS)
            holder[key] = draw(VALUES)
        elif isinstance(holder, list):
            holder.append(draw(VALUES))
    return resource


def read(resource: Resource) -> object:
    if resource.get("resourceType") == "Slot":
        return read_slot(resource, BASE_URL)
    if resource.get("resourceType") == "Patient":
        return read_patient(resource, READER, now=NOW)
    if resource.get("resourceType") == "RelatedPerson":
        return read_guardian(resource, READER, now=NOW)
    return read_appointment(resource, SOURCE)


def told(found: object) -> list[Unreadable]:
    if isinstance(found, Draft):
        return list(found.reading.repairs)
    return [found] if isinstance(found, Unreadable) else []


@given(hostile())
@UNHURRIED
def test_no_resource_makes_a_reader_fall_or_talk(resource: Resource) -> None:
    found = read(resource)

    assert found is None or isinstance(
        found, Draft | Unreadable | Patient | Former | Slot | tuple
    )
    for each in told(found):
        assert MARK not in each.path + each.problem
        assert each.path.startswith(
            ("Appointment", "Patient", "RelatedPerson", "Resource")
        )
        assert len(each.path) < 400


@given(hostile())
@UNHURRIED
def test_the_same_is_so_for_what_comes_in_a_bundle(resource: Resource) -> None:
    body = json.dumps({"resourceType": "Bundle", "entry": [{"resource": resource}]})
    url = httpx.URL(BASE_URL)
    answer = Answer("GET Appointment", 200, httpx.Headers(), body.encode(), url)

    _, (entry,) = opened(answer)
    found = read_entry(entry, SOURCE, full_urls([entry]))

    assert isinstance(found, Draft | Unreadable)
    assert MARK not in "".join(each.path + each.problem for each in told(found))
    assert MARK not in repr(entry)
    start_of(entry.start, SOURCE)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("odd", range(len(ODD)))
def test_every_element_may_hold_anything(name: str, odd: int) -> None:
    for place in PLACES[name]:
        resource = copy.deepcopy(fixture(name))
        holder: Any = resource
        for key in place[:-1]:
            holder = holder[key]
        holder[place[-1]] = ODD[odd]

        for each in told(read(resource)):
            assert MARK not in each.path + each.problem


def test_a_path_ends_before_it_fills_a_page() -> None:
    deepest: Resource = {"url": "https://x.example/x", "unknown": MARK}
    for _ in range(60):
        deepest = {"url": "https://x.example/x", "extension": [deepest]}

    found = read(fixture("appointment-booked", extension=[deepest]))

    assert isinstance(found, Unreadable)
    assert found.path == "Appointment" + ".extension[0]" * 10
