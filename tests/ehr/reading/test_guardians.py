from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.reading.guardians import are_guardians, contact_guardians
from reminder.model.people import Channel, ContactPoint, Guardian
from tests.ehr.pretend import Resource, fixture

NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)
V2, V3 = (
    f"http://terminology.hl7.org/CodeSystem/{name}"
    for name in ("v2-0131", "v3-RoleCode")
)


def coded(code: str, system: str = V3) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


def guardians(*contacts: object) -> tuple[Guardian, ...]:
    return contact_guardians({"contact": list(contacts)}, now=NOW, country="US")


def test_only_contacts_who_are_guardians_now_are_told_each_by_their_place() -> None:
    child = fixture("patient-minor-with-contacts")

    found = contact_guardians(child, now=NOW, country="US")

    assert found == (
        Guardian("contact-2", (ContactPoint(Channel.SMS, "+12125550122"),)),
        Guardian("contact-5", (ContactPoint(Channel.SMS, "+12125550125"),)),
    )


@pytest.mark.parametrize(
    ("relationship", "is_guardian"),
    [
        pytest.param([coded("MTH")], True, id="mother"),
        pytest.param([coded("PRN")], True, id="parent"),
        pytest.param([coded("GUARD")], True, id="guardian"),
        pytest.param([coded("N", V2)], True, id="next-of-kin"),
        pytest.param([coded("C", V2)], False, id="emergency-contact"),
        pytest.param([coded("C", V2), coded("FTH")], True, id="both"),
        pytest.param([coded("E", V2)], False, id="employer"),
        pytest.param([coded("I", V2)], False, id="insurer"),
        pytest.param([coded("SIB")], False, id="sibling"),
        pytest.param([coded("GRPRN")], False, id="grandparent"),
        pytest.param([{"text": "Legal guardian"}], True, id="a-word"),
        pytest.param([{"text": "Grandmother"}], False, id="part-of-a-word"),
        pytest.param([{"text": "Madre"}], True, id="a-spanish-word"),
        pytest.param([], False, id="nothing-said"),
        pytest.param([{}], False, id="nothing-in-it"),
    ],
)
def test_who_is_a_guardian(relationship: list[Resource], is_guardian: bool) -> None:
    assert are_guardians(relationship) is is_guardian
    assert bool(guardians({"relationship": relationship})) is is_guardian


@pytest.mark.parametrize(
    ("period", "told"),
    [
        pytest.param({"end": "2027-02-01"}, False, id="ended"),
        pytest.param({"start": "2027-03"}, False, id="not-yet"),
        pytest.param({"start": "2026", "end": "2028"}, True, id="now"),
        pytest.param({}, True, id="unsaid"),
    ],
)
def test_a_contact_counts_within_its_period(period: Resource, told: bool) -> None:
    contact = {"relationship": [coded("MTH")], "period": period}

    assert bool(guardians(contact)) is told


def test_of_very_many_contacts_the_first_are_looked_at() -> None:
    assert len(guardians(*[{"relationship": [coded("MTH")]}] * 500)) == 20


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["relationship", "coding", "text", "telecom", "period"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON)
def test_no_json_makes_the_reader_fall(contact: object) -> None:
    assert guardians(contact) in ((), (Guardian("contact-1"),))
