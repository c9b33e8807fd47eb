import json

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.ehr.errors import EHRRefused
from reminder.ehr.reading.drafts import Source
from reminder.ehr.reading.entries import Entry, full_urls, opened
from reminder.ehr.reading.raw import fingerprint
from reminder.ehr.reading.recognised import Recognised
from reminder.ehr.reading.references import Target
from reminder.ehr.wire.http import Answer
from tests.ehr.pretend import BASE_URL, Resource, bundle, fixture

VISIT = fixture("appointment-booked")


def answer(body: bytes | object) -> Answer:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    url = httpx.URL(f"{BASE_URL}/Appointment")
    return Answer("GET Appointment", 200, httpx.Headers(), content, url)


def entries(*raw: object) -> list[Entry]:
    return opened(answer({"resourceType": "Bundle", "entry": list(raw)}))[1]


def test_a_bundle_is_opened_and_its_entries_are_not() -> None:
    around, (entry,) = opened(answer(bundle(VISIT, next_link="next", total=1)))

    assert around["total"] == 1
    assert around["link"] == [{"relation": "next", "url": "next"}]
    assert (entry.number, entry.problem, entry.mode) == (0, None, "match")
    assert (entry.resource_type, entry.resource_id) == ("Appointment", "visit-1")
    assert (entry.start, entry.end) == (VISIT["start"], VISIT["end"])
    assert entry.resource() == VISIT
    assert entry.fingerprint() == fingerprint(VISIT)


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(None, "not-an-object", id="null"),
        pytest.param("x", "not-an-object", id="text"),
        pytest.param([], "not-an-object", id="list"),
        pytest.param({}, "missing", id="empty"),
        pytest.param({"resource": None}, "missing", id="null-resource"),
        pytest.param({"resource": [1]}, "missing", id="list-resource"),
    ],
)
def test_an_odd_entry_is_its_own_trouble(raw: object, problem: str) -> None:
    odd, sound = entries(raw, {"resource": VISIT})

    assert odd.problem == problem
    assert sound.resource() == VISIT


@pytest.mark.parametrize("value", [7, None, ["a"], {"a": 1}, True, 1e300])
def test_id_and_start_may_be_anything(value: object) -> None:
    resource = VISIT | {"id": value, "start": value}

    (entry,) = entries({"resource": resource})

    assert (entry.resource_id, entry.start) == (value, value)
    assert entry.resource() == resource


@pytest.mark.parametrize("where", ["id", "comment"])
def test_half_a_surrogate_pair_costs_no_page(where: str) -> None:
    odd, sound = entries({"resource": VISIT | {where: "\ud800"}}, {"resource": VISIT})

    resource = odd.resource()
    assert resource is not None
    assert resource[where] == "\ud800"
    assert sound.resource() == VISIT


def test_a_resource_that_no_parser_reads_costs_no_page() -> None:
    deep = b'{"resourceType":"Appointment","id":"a","x":' + b"[" * 1100 + b"]" * 1100
    body = b'{"resourceType":"Bundle","entry":[{"resource":' + deep + b"}}]}"

    try:
        _, (entry,) = opened(answer(body))
    except EHRRefused as refused:
        assert str(refused) == "GET Appointment: not JSON"  # noqa: PT017
    else:
        assert entry.resource() is None


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        pytest.param(b"{", "not JSON", id="cut-off"),
        pytest.param(b"[]", "not a Bundle", id="a-list"),
        pytest.param(b'{"resourceType": "Patient"}', "not a Bundle", id="another"),
        pytest.param(
            b'{"resourceType": "Bundle", "entry": {}}',
            "Bundle.entry is no list",
            id="entry",
        ),
        pytest.param(b'{"resourceType": "Bundle", "total": NaN}', "not JSON", id="nan"),
    ],
)
def test_what_is_no_bundle_is_refused(body: bytes, problem: str) -> None:
    with pytest.raises(EHRRefused, match=f"^GET Appointment: {problem}$"):
        opened(answer(body))


@pytest.mark.parametrize("body", [{}, {"entry": None}, {"entry": []}])
def test_a_bundle_may_be_empty(body: Resource) -> None:
    assert opened(answer({"resourceType": "Bundle"} | body))[1] == []


def test_a_urn_names_the_entry_that_bears_it() -> None:
    found = full_urls(
        entries(
            {"fullUrl": "urn:uuid:0B2C", "resource": fixture("patient-adult")},
            {"fullUrl": f"{BASE_URL}/Appointment/visit-1", "resource": VISIT},
            {"fullUrl": "urn:oid:1.2", "resource": {"resourceType": "Patient"}},
            {"fullUrl": 7, "resource": VISIT},
        )
    )

    assert found == {"urn:uuid:0b2c": Target("Patient", "ana")}


def test_nothing_of_an_entry_is_told() -> None:
    (entry,) = entries({"resource": VISIT | {"id": "Canary", "start": "Canary"}})

    assert "Canary" not in repr(entry)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.text(max_size=9),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)


@settings(deadline=None)
@given(st.lists(JSON | st.fixed_dictionaries({"resource": JSON}), max_size=4))
def test_whatever_stands_in_a_bundle_each_entry_comes_out(raw: list) -> None:
    found = entries(*raw)

    assert [each.number for each in found] == list(range(len(raw)))
    for entry, sent in zip(found, raw, strict=True):
        resource = sent.get("resource") if isinstance(sent, dict) else None
        assert (entry.problem is None) == isinstance(resource, dict)
        if entry.problem is None:
            assert entry.fingerprint() == fingerprint(resource)


SOURCE = Source("north", BASE_URL)


def test_an_entry_is_known_again_in_whatever_words() -> None:
    recognised, known_as = Recognised(SOURCE), SOURCE.fingerprint(VISIT)
    (as_before,) = entries({"resource": VISIT})
    (turned,) = entries({"resource": dict(reversed(VISIT.items()))})
    (changed,) = entries({"resource": VISIT | {"status": "cancelled"}})

    for _ in range(2):
        assert recognised.is_unchanged(as_before, known_as)
        assert recognised.is_unchanged(turned, known_as)
        assert not recognised.is_unchanged(changed, known_as)
        assert not recognised.is_unchanged(as_before, "")


def test_what_is_deeper_than_any_writer_goes_has_a_name_all_the_same() -> None:
    deep: object = "x"
    for _ in range(3000):
        deep = [deep]

    names = {fingerprint({"a": deep, "status": each}) for each in ("booked", "noshow")}

    assert len(names) == 2
    assert fingerprint({"status": "noshow", "a": deep}) in names
