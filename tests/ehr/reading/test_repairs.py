from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.ehr.reading.instants import instant
from reminder.ehr.reading.repairs import repair, repaired

NEW_YORK = ZoneInfo("America/New_York")
ZONE, CHANGE, MISSPELT = (
    f"instant-{code}-repaired"
    for code in ("without-zone", "in-clock-change", "misspelt")
)


@pytest.mark.parametrize(
    ("written", "means", "problem"),
    [
        pytest.param("2026-12-10T09:00:00", "2026-12-10T14:00:00Z", ZONE, id="no-zone"),
        pytest.param("2026-07-10T09:00", "2026-07-10T13:00:00Z", ZONE, id="summer"),
        pytest.param(
            "2026-12-10 09:00:00.1234567",
            "2026-12-10T14:00:00.123456Z",
            ZONE,
            id="no-zone-and-a-space",
        ),
        pytest.param(
            "2026-11-01T01:30:00", "2026-11-01T05:30:00Z", CHANGE, id="of-two-the-first"
        ),
        pytest.param(
            "2027-03-14T02:30:00", "2027-03-14T07:30:00Z", CHANGE, id="leapt-over"
        ),
        pytest.param(
            "2026-12-10T09:00Z", "2026-12-10T09:00:00Z", MISSPELT, id="no-seconds"
        ),
        pytest.param(
            "2026-12-10 09:00:00-05:00",
            "2026-12-10T09:00:00-05:00",
            MISSPELT,
            id="a-space",
        ),
        pytest.param(
            "2026-12-10T09:00:00-0530",
            "2026-12-10T09:00:00-05:30",
            MISSPELT,
            id="no-colon",
        ),
        pytest.param(
            "2026-12-10T09:00:00+01",
            "2026-12-10T09:00:00+01:00",
            MISSPELT,
            id="whole-hours",
        ),
        pytest.param(
            "2026-12-10t09:00:00z", "2026-12-10T09:00:00Z", MISSPELT, id="small-letters"
        ),
    ],
)
def test_what_can_mean_but_one_instant_is_put_right(
    written: str, means: str, problem: str
) -> None:
    assert repair(written, NEW_YORK) == (means, problem)
    assert instant(means) is not None


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("2026-12-10T09:00:00Z", id="sound"),
        pytest.param("2026-12-10T09:00:00.5-05:00", id="sound-with-an-offset"),
        pytest.param("2026-12-10", id="a-day"),
        pytest.param("2026-12-10T09Z", id="an-hour"),
        pytest.param("12/10/2026 09:00", id="another-order"),
        pytest.param("2026-13-10T09:00", id="no-such-month"),
        pytest.param("2026-12-10T25:00", id="no-such-hour"),
        pytest.param("2026-12-10T24:00:00Z", id="nothing-begins-at-24"),
        pytest.param("0001-01-01T00:00:00", id="never-set"),
        pytest.param("\uff12\uff10\uff12\uff16-12-10T09:00", id="other-digits"),
        pytest.param("2026-12-10T09:00:00 America/New_York", id="a-name"),
        pytest.param(1803988800, id="seconds"),
        pytest.param(None, id="none"),
    ],
)
def test_what_is_sound_or_may_mean_anything_is_left(value: object) -> None:
    fixed = repair(value, NEW_YORK)

    assert fixed is None or instant(fixed.text) is None


@pytest.mark.parametrize("written", ["2026-12-10T24:00:00", "2026-12-10T24:00"])
def test_24_is_the_end_of_a_day(written: str) -> None:
    assert repair(written, NEW_YORK, ends=True) == ("2026-12-11T05:00:00Z", ZONE)
    assert repair(f"{written}Z", None, ends=True) == ("2026-12-11T00:00:00Z", MISSPELT)
    assert repair("2026-12-10T24:30:00Z", None, ends=True) is None


def test_without_a_zone_nobody_knows_when() -> None:
    assert repair("2026-12-10T09:00:00", None) is None


def test_a_copy_is_put_right_and_the_resource_is_not() -> None:
    sound = {"start": "2026-12-10T09:00:00Z", "status": "booked"}
    resource = sound | {
        "start": "2026-12-10T09:00:00",
        "created": "2026-10",
        "end": "2026-12-10T09:30",
        "meta": {"versionId": "1", "lastUpdated": "2026-12-01T09:00:00"},
    }
    as_it_came = {**resource}

    fixed, problems = repaired(resource, NEW_YORK)

    assert resource == as_it_came
    assert fixed == resource | {
        "start": "2026-12-10T14:00:00Z",
        "end": "2026-12-10T14:30:00Z",
        "meta": {"versionId": "1", "lastUpdated": "2026-12-01T14:00:00Z"},
    }
    assert [path for path, _ in problems] == [
        "Appointment.start",
        "Appointment.end",
        "Appointment.meta.lastUpdated",
    ]
    assert repaired(sound, NEW_YORK) == (sound, ())


@settings(deadline=None)
@given(
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001
    st.sampled_from(["America/New_York", "Europe/Lisbon", "Australia/Lord_Howe"]),
)
def test_a_repaired_time_is_on_the_wall_there_or_the_clocks_changed(
    local: datetime, zone: str
) -> None:
    fixed = repair(local.isoformat(), ZoneInfo(zone))

    assert fixed is not None
    at = instant(fixed.text)
    assert at is not None
    seen = at.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    late = timedelta(0) if fixed.problem == ZONE else timedelta(hours=1)
    assert local <= seen <= local + late
    assert at.tzinfo is UTC
