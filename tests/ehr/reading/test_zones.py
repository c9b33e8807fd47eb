from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.reading.zones import TIMEZONE, home_zone
from tests.ehr.pretend import Resource

NOW = datetime(2027, 2, 20, 15, tzinfo=UTC)

PARTED = "AK AZ FL ID IN KS KY MI ND NE NV OR SD TN TX"
WHOLE = """
    AL AR CA CO CT DC DE GA HI IA IL LA MA MD ME MN MO MS MT NC NH NJ NM NY OH OK PA
    RI SC UT VA VT WA WI WV WY PR VI GU AS MP
"""


def zone(*addresses: Resource, country: str = "US", **patient: object) -> str | None:
    resource = {"address": list(addresses), **patient}
    return home_zone(resource, now=NOW, country=country)


def stated(name: object) -> list[Resource]:
    return [{"url": TIMEZONE, "valueCode": name}]


def home(state: object = "NY", **more: object) -> Resource:
    return {"use": "home", "state": state, **more}


@pytest.mark.parametrize(
    ("addresses", "found"),
    [
        pytest.param([home("NY")], "America/New_York", id="code"),
        pytest.param([home(" wisconsin ")], "America/Chicago", id="name"),
        pytest.param([home("US-CA")], "America/Los_Angeles", id="iso-3166-2"),
        pytest.param([home("HI", country="USA")], "Pacific/Honolulu", id="country"),
        pytest.param([home("TX")], None, id="parted"),
        pytest.param([home("AZ")], None, id="moves-its-clocks-only-in-parts"),
        pytest.param([home("Ontario", country="CA")], None, id="other-country"),
        pytest.param([home("CA", country="MX")], None, id="another-countrys-code"),
        pytest.param([home("nowhere")], None, id="no-state"),
        pytest.param([home(7)], None, id="no-text"),
        pytest.param([{"state": "NY"}], "America/New_York", id="no-use-at-all"),
        pytest.param([{"state": "NY"}, home("CA")], "America/Los_Angeles", id="home"),
        pytest.param([{"use": "work", "state": "NY"}], None, id="work"),
        pytest.param([{"use": "temp", "state": "NY"}], None, id="temporary"),
        pytest.param([{"use": "old", "state": "NY"}], None, id="old"),
        pytest.param([home("NY", period={"end": "2026"})], None, id="moved-away"),
        pytest.param([home("NY", period={"start": "2028"})], None, id="not-yet"),
        pytest.param([home("NY", type="postal")], None, id="post-box"),
        pytest.param([home("NY"), home("NJ")], "America/New_York", id="two-alike"),
        pytest.param([home("NY"), home("CA")], None, id="two-apart"),
        pytest.param([home("NY"), home("TX")], None, id="two-one-of-them-parted"),
        pytest.param([], None, id="none"),
    ],
)
def test_the_zone_follows_from_where_the_home_is(
    addresses: list[Resource], found: str | None
) -> None:
    assert zone(*addresses) == found


@pytest.mark.parametrize(
    ("patient", "addresses", "found"),
    [
        pytest.param(
            {"extension": stated("America/Phoenix")},
            [home("NY")],
            "America/Phoenix",
            id="stated-of-the-patient",
        ),
        pytest.param(
            {},
            [home("TX", extension=stated("America/Denver"))],
            "America/Denver",
            id="stated-of-the-home",
        ),
        pytest.param(
            {},
            [{"use": "old", "extension": stated("America/Denver")}, home("NY")],
            "America/New_York",
            id="stated-of-an-old-home",
        ),
        pytest.param(
            {"extension": stated("Eastern")}, [], None, id="no-zone-of-the-iana"
        ),
        pytest.param({"extension": stated("localtime")}, [], None, id="no-place"),
        pytest.param(
            {"extension": stated("../UTC")},
            [home("NY")],
            "America/New_York",
            id="nonsense-leaves-the-address",
        ),
        pytest.param(
            {"extension": [{"url": "https://x", "valueCode": "Asia/Tokyo"}]},
            [],
            None,
            id="another-extension",
        ),
        pytest.param(
            {"extension": [*stated("Asia/Tokyo"), *stated("Asia/Seoul")]},
            [home("NY")],
            None,
            id="two-that-differ",
        ),
    ],
)
def test_what_the_record_states_comes_before_what_follows(
    patient: Resource, addresses: list[Resource], found: str | None
) -> None:
    assert zone(*addresses, **patient) == found


@pytest.mark.parametrize("state", WHOLE.split())
def test_a_whole_state_keeps_one_real_zone(state: str) -> None:
    found = zone(home(state))

    assert found is not None
    assert ZoneInfo(found).key == found


@pytest.mark.parametrize("state", PARTED.split())
def test_a_parted_state_says_nothing(state: str) -> None:
    assert zone(home(state)) is None


def test_every_state_has_been_thought_of() -> None:
    states, beside = 50, 6  # The District of Columbia and five territories.

    assert len(set(WHOLE.split()) | set(PARTED.split())) == states + beside


@pytest.mark.parametrize(
    ("country", "found"), [("US", "America/New_York"), ("MX", None)]
)
def test_an_address_without_a_country_is_in_the_installations(
    country: str, found: str | None
) -> None:
    assert zone(home("NY"), country=country) == found


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=9),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["use", "state", "extension", "url", "valueCode", "period"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_no_json_makes_the_reader_fall(address: object, extension: object) -> None:
    patient = {"address": [home(), address], "extension": [extension, address]}

    assert home_zone(patient, now=NOW, country="US") in (None, "America/New_York")
