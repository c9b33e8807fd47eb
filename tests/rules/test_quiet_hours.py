from datetime import time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.clinics import QuietHours
from reminder.rules.quiet_hours import is_quiet, nearest_allowed, quiet_until
from tests.rules.examples import (
    CHICAGO,
    MADRID,
    NEW_YORK,
    NO_QUIET_HOURS,
    PHOENIX,
    clinic,
    reading,
    unhurried,
    utc,
)


@pytest.mark.parametrize(
    ("hours", "at", "shown", "quiet"),
    [
        pytest.param(
            (20, 8), "2027-03-02 00:59", "Mon 01 Mar 19:59 EST", False, id="just-before"
        ),
        pytest.param(
            (20, 8), "2027-03-02 01:00", "Mon 01 Mar 20:00 EST", True, id="their-start"
        ),
        pytest.param(
            (20, 8),
            "2027-03-02 07:00",
            "Tue 02 Mar 02:00 EST",
            True,
            id="past-midnight",
        ),
        pytest.param(
            (20, 8), "2027-03-02 12:59", "Tue 02 Mar 07:59 EST", True, id="last-minute"
        ),
        pytest.param(
            (20, 8), "2027-03-02 13:00", "Tue 02 Mar 08:00 EST", False, id="their-end"
        ),
        pytest.param(
            (12, 14), "2027-03-02 18:00", "Tue 02 Mar 13:00 EST", True, id="at-noon"
        ),
        pytest.param(
            (12, 14), "2027-03-02 20:00", "Tue 02 Mar 15:00 EST", False, id="afternoon"
        ),
        pytest.param(
            (0, 0), "2027-03-02 08:00", "Tue 02 Mar 03:00 EST", False, id="none-at-all"
        ),
        pytest.param(
            (2, 3), "2027-03-14 06:59", "Sun 14 Mar 01:59 EST", False, id="skipped-hour"
        ),
        pytest.param(
            (2, 3), "2027-03-14 07:00", "Sun 14 Mar 03:00 EDT", False, id="skipped-end"
        ),
        pytest.param(
            (1, 2), "2027-11-07 06:30", "Sun 07 Nov 01:30 EST", True, id="second-coming"
        ),
    ],
)
def test_quiet_hours_are_of_the_clinics_wall_clock(hours, at, shown, quiet):
    start, end = hours
    harbor = clinic(NEW_YORK, quiet_hours=QuietHours(time(start), time(end)))

    assert reading(utc(at), NEW_YORK) == shown
    assert is_quiet(harbor, utc(at)) is quiet


@pytest.mark.parametrize(
    ("zone", "at", "start_at", "expected", "shown"),
    [
        pytest.param(
            NEW_YORK,
            "2027-03-02 15:00",
            "2027-03-02 17:00",
            "2027-03-02 15:00",
            "Tue 02 Mar 10:00 EST",
            id="an-allowed-instant-stays",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-02 12:00",
            "2027-03-02 14:00",
            "2027-03-02 13:00",
            "Tue 02 Mar 08:00 EST",
            id="forward-with-just-an-hour-left",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-02 11:59",
            "2027-03-02 13:59",
            "2027-03-02 00:45",
            "Mon 01 Mar 19:45 EST",
            id="back-with-a-minute-less",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-02 03:30",
            "2027-03-03 03:30",
            "2027-03-02 13:00",
            "Tue 02 Mar 08:00 EST",
            id="forward-from-before-midnight",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-14 11:30",
            "2027-03-14 13:30",
            "2027-03-14 12:00",
            "Sun 14 Mar 08:00 EDT",
            id="forward-through-the-short-night",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-14 10:30",
            "2027-03-14 12:30",
            "2027-03-14 00:45",
            "Sat 13 Mar 19:45 EST",
            id="back-through-the-short-night",
        ),
        pytest.param(
            CHICAGO,
            "2027-11-07 11:30",
            "2027-11-07 13:30",
            "2027-11-07 00:45",
            "Sat 06 Nov 19:45 CDT",
            id="chicago-back-through-the-long-night",
        ),
        pytest.param(
            CHICAGO,
            "2027-11-07 07:30",
            "2027-11-07 15:30",
            "2027-11-07 14:00",
            "Sun 07 Nov 08:00 CST",
            id="chicago-forward-through-the-long-night",
        ),
        pytest.param(
            PHOENIX,
            "2027-03-14 14:30",
            "2027-03-14 16:30",
            "2027-03-14 15:00",
            "Sun 14 Mar 08:00 MST",
            id="phoenix-forward",
        ),
        pytest.param(
            MADRID,
            "2027-03-28 05:00",
            "2027-03-28 07:00",
            "2027-03-28 06:00",
            "Sun 28 Mar 08:00 CEST",
            id="madrid-forward-through-the-short-night",
        ),
        pytest.param(
            MADRID,
            "2027-10-31 04:30",
            "2027-10-31 06:30",
            "2027-10-30 17:45",
            "Sat 30 Oct 19:45 CEST",
            id="madrid-back-through-the-long-night",
        ),
    ],
)
def test_the_nearest_allowed_instant(zone, at, start_at, expected, shown):
    found = nearest_allowed(clinic(zone), utc(at), utc(start_at))

    assert found == utc(expected)
    assert reading(found, zone) == shown


def test_a_clinic_open_for_ten_minutes_has_no_moment_the_evening_before():
    nearly_always = clinic(quiet_hours=QuietHours(time(20), time(19, 50)))

    found = nearest_allowed(
        nearly_always, utc("2027-03-02 15:00"), utc("2027-03-02 17:00")
    )

    assert found is None


def test_quiet_hours_are_waited_out_to_their_end():
    assert quiet_until(clinic(), utc("2027-03-02 05:00")) == utc("2027-03-02 13:00")
    assert quiet_until(clinic(), utc("2027-03-02 15:00")) == utc("2027-03-02 15:00")


def test_a_skipped_hour_that_joins_two_nights_is_waited_out_as_one():
    nearly_always = clinic(quiet_hours=QuietHours(time(2, 30), time(2)))

    found = quiet_until(nearly_always, utc("2027-03-14 06:00"))

    assert found == utc("2027-03-15 06:00")
    assert reading(found, NEW_YORK) == "Mon 15 Mar 02:00 EDT"


def test_without_quiet_hours_every_instant_is_allowed():
    always = clinic(quiet_hours=NO_QUIET_HOURS)
    night = utc("2027-03-02 08:00")

    assert nearest_allowed(always, night, night + timedelta(minutes=5)) == night


instants = st.datetimes(
    utc("2027-01-01").replace(tzinfo=None),
    utc("2028-12-31").replace(tzinfo=None),
    timezones=st.just(ZoneInfo("UTC")),
)


@unhurried
@given(
    st.sampled_from([NEW_YORK, CHICAGO, PHOENIX, MADRID]),
    st.builds(QuietHours, st.times(), st.times()),
    instants,
    st.timedeltas(timedelta(hours=1), timedelta(days=7)),
)
def test_what_is_allowed_is_never_quiet_and_always_before_the_visit(
    zone, quiet_hours, at, lead
):
    harbor = clinic(zone, quiet_hours=quiet_hours)

    found = nearest_allowed(harbor, at, at + lead)

    if found is not None:
        assert not is_quiet(harbor, found)
        assert found < at + lead
        assert abs(found - at) < timedelta(hours=26)
    assert not is_quiet(harbor, quiet_until(harbor, at))
