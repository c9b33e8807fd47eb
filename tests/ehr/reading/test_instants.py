from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.reading.instants import instant, instant_text, is_current, lacks_zone

EASTERN = timezone(timedelta(hours=-5))
NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "at"),
    [
        pytest.param("2027-03-01T12:00:00Z", NOON, id="utc"),
        pytest.param("2027-03-01T07:00:00-05:00", NOON, id="offset"),
        pytest.param("2027-03-01T12:00:00.000Z", NOON, id="milliseconds"),
        pytest.param("2027-03-01T12:00:00.0000000Z", NOON, id="seven-digits"),
        pytest.param("2027-03-01T11:59:60Z", NOON - timedelta(seconds=1), id="leap"),
        pytest.param("2027-03-01T12:00:00", None, id="no-zone"),
        pytest.param("2027-03-01", None, id="date"),
        pytest.param("2027-13-01T12:00:00Z", None, id="month-13"),
        pytest.param("0001-01-01T00:00:00+14:00", None, id="before-time"),
        pytest.param("0001-01-01T00:00:00Z", None, id="never-set"),
        pytest.param("9999-12-31T23:59:59Z", None, id="the-end-of-time"),
        pytest.param(1803988800, None, id="epoch"),
        pytest.param(None, None, id="none"),
    ],
)
def test_instants(value: object, at: datetime | None) -> None:
    assert instant(value) == at


def test_a_time_without_its_zone_is_known_as_such() -> None:
    assert lacks_zone("2027-03-01T12:00:00")
    assert not lacks_zone("2027-03-01T12:00:00Z")
    assert not lacks_zone("tomorrow")


@given(
    st.integers(-2 * 10**9, 7 * 10**9).map(lambda s: datetime.fromtimestamp(s, EASTERN))
)
def test_what_is_asked_is_the_same_instant_in_z(at: datetime) -> None:
    text = instant_text(at)

    assert text.endswith("Z")
    assert instant(text) == at.replace(microsecond=0)


def test_an_instant_without_a_zone_is_never_asked() -> None:
    with pytest.raises(ValueError, match="zone"):
        instant_text(datetime(2027, 3, 1, 12))  # noqa: DTZ001 - the mistake itself


@pytest.mark.parametrize(
    ("period", "holds"),
    [
        pytest.param(None, True, id="none"),
        pytest.param({}, True, id="empty"),
        pytest.param({"end": "2020-12-31"}, False, id="ended"),
        pytest.param({"start": "2028"}, False, id="to-come"),
        pytest.param({"start": "2027-03-01"}, True, id="begins-today"),
        pytest.param({"end": "2027-03-01"}, True, id="ends-today"),
        pytest.param({"end": "2027-03"}, True, id="ends-this-month"),
        pytest.param({"end": "2027"}, True, id="ends-this-year"),
        pytest.param({"end": "2027-03-01T11:00:00Z"}, False, id="ended-an-hour-ago"),
        pytest.param({"start": "soon"}, True, id="unreadable"),
        pytest.param({"end": "9999"}, True, id="never"),
    ],
)
def test_periods(period: object, holds: bool) -> None:
    assert is_current(period, NOON) is holds
