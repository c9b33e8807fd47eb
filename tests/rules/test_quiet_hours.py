from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.clinics import QuietHours
from reminder.model.rulesets import QuietPolicy
from reminder.rules.quiet_hours import allowed, is_quiet, quiet_until
from tests.rules.examples import (
    CHICAGO,
    MADRID,
    NEW_YORK,
    NO_QUIET_HOURS,
    PHOENIX,
    reading,
    unhurried,
    utc,
)

NEAREST, LATER, EARLIER, DROP = QuietPolicy
NIGHT = QuietHours(time(20), time(8))


def march(text: str) -> datetime:
    """An hour of the first days of March 2027 in New York: 'Tue 08:00'."""
    day, at = text.split()
    on = date(2027, 3, 1 + ["Mon", "Tue", "Wed"].index(day))
    return datetime.combine(on, time.fromisoformat(at), tzinfo=ZoneInfo(NEW_YORK))


def moved(at, policy=NEAREST, quiet=NIGHT, zone=NEW_YORK, *, latest, visit_at):
    return allowed(quiet, ZoneInfo(zone), at, policy, latest=latest, visit_at=visit_at)


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
def test_quiet_hours_are_of_the_zones_wall_clock(hours, at, shown, quiet):
    start, end = hours
    span = QuietHours(time(start), time(end))

    assert reading(utc(at), NEW_YORK) == shown
    assert is_quiet(span, ZoneInfo(NEW_YORK), utc(at)) is quiet


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
    start_at = utc(start_at)

    found = moved(utc(at), zone=zone, latest=start_at, visit_at=start_at)

    assert found == utc(expected)
    assert reading(found, zone) == shown


@pytest.mark.parametrize(
    ("policy", "at", "expected"),
    [
        pytest.param(NEAREST, "Tue 10:00", "Tue 10:00", id="nearest-allowed-stays"),
        pytest.param(LATER, "Tue 10:00", "Tue 10:00", id="later-allowed-stays"),
        pytest.param(EARLIER, "Tue 10:00", "Tue 10:00", id="earlier-allowed-stays"),
        pytest.param(DROP, "Tue 10:00", "Tue 10:00", id="allowed-is-not-dropped"),
        pytest.param(NEAREST, "Mon 22:00", "Tue 08:00", id="nearest-is-the-morning"),
        pytest.param(NEAREST, "Wed 07:00", "Tue 19:45", id="nearest-is-the-evening"),
        pytest.param(LATER, "Mon 22:00", "Tue 08:00", id="later"),
        pytest.param(LATER, "Wed 07:00", "Wed 08:00", id="later-however-near"),
        pytest.param(EARLIER, "Mon 22:00", "Mon 19:45", id="earlier"),
        pytest.param(EARLIER, "Wed 07:59", "Tue 19:45", id="earlier-though-a-minute"),
        pytest.param(DROP, "Mon 22:00", None, id="dropped"),
    ],
)
def test_the_policy_says_which_way_out_of_quiet_hours(policy, at, expected):
    """The visit is on Wednesday at 08:45; it is told until 08:15."""
    found = moved(
        march(at), policy, latest=march("Wed 08:15"), visit_at=march("Wed 08:45")
    )

    assert found == (None if expected is None else march(expected))


@pytest.mark.parametrize(
    ("policy", "at", "latest", "visit_at", "expected"),
    [
        pytest.param(
            *(LATER, "Tue 05:00", "Tue 08:00", "Tue 09:00", None),
            id="later-is-too-late-on-the-stroke",
        ),
        pytest.param(
            *(LATER, "Tue 05:00", "Tue 08:01", "Tue 09:00", "Tue 08:00"),
            id="later-is-in-time-a-minute-before",
        ),
        pytest.param(
            *(NEAREST, "Tue 05:00", "Tue 08:00", "Wed 09:00", "Mon 19:45"),
            id="nearest-goes-earlier-where-later-is-of-no-use",
        ),
        pytest.param(
            *(NEAREST, "Tue 05:00", "Tue 09:00", "Tue 09:00", "Tue 08:00"),
            id="nearest-goes-later-where-an-hour-is-left",
        ),
        pytest.param(
            *(NEAREST, "Tue 05:00", "Tue 08:59", "Tue 08:59", "Mon 19:45"),
            id="nearest-goes-earlier-where-it-is-not",
        ),
        pytest.param(
            *(EARLIER, "Tue 05:00", "Mon 19:45", "Tue 09:00", None),
            id="earlier-is-of-no-use-either",
        ),
        pytest.param(
            *(NEAREST, "Tue 05:00", "Tue 09:00", None, "Tue 08:00"),
            id="without-a-visit-nearest-goes-later",
        ),
        pytest.param(
            *(NEAREST, "Mon 22:00", "Tue 20:00", "Mon 18:00", "Tue 08:00"),
            id="after-a-visit-nearest-goes-later",
        ),
        pytest.param(
            *(NEAREST, "Mon 22:00", "Tue 20:00", "Mon 21:59", "Tue 08:00"),
            id="after-a-visit-in-quiet-hours-too",
        ),
        pytest.param(
            *(EARLIER, "Mon 22:00", "Tue 20:00", "Mon 18:00", "Mon 19:45"),
            id="after-a-visit-earlier-is-still-after-it",
        ),
        pytest.param(
            *(EARLIER, "Mon 22:00", "Tue 20:00", "Mon 19:46", None),
            id="thanks-never-go-before-the-visit",
        ),
        pytest.param(
            *(LATER, "Tue 05:00", "Wed 09:00", "Tue 07:00", None),
            id="a-reminder-never-goes-after-the-visit",
        ),
    ],
)
def test_nothing_is_moved_to_where_it_is_of_no_use(
    policy, at, latest, visit_at, expected
):
    visit_at = visit_at and march(visit_at)

    found = moved(march(at), policy, latest=march(latest), visit_at=visit_at)

    assert found == (expected and march(expected))


def test_what_need_not_be_moved_is_for_others_to_judge():
    noon = march("Tue 12:00")

    assert moved(noon, latest=march("Mon 12:00"), visit_at=march("Mon 13:00")) == noon


def test_quiet_hours_of_the_patients_zone_are_another_night():
    at = march("Tue 21:00")  # 18:00 in Los Angeles

    assert is_quiet(NIGHT, ZoneInfo(NEW_YORK), at)
    assert not is_quiet(NIGHT, ZoneInfo("America/Los_Angeles"), at)


@pytest.mark.parametrize("policy", [NEAREST, EARLIER])
def test_a_clinic_open_for_ten_minutes_has_no_moment_the_evening_before(policy):
    nearly_always = QuietHours(time(20), time(19, 50))

    found = moved(
        utc("2027-03-02 15:00"),
        policy,
        quiet=nearly_always,
        latest=utc("2027-03-02 17:00"),
        visit_at=utc("2027-03-02 17:00"),
    )

    assert found is None


def test_quiet_hours_are_waited_out_to_their_end():
    zone = ZoneInfo(NEW_YORK)

    assert quiet_until(NIGHT, zone, march("Tue 00:00")) == march("Tue 08:00")
    assert quiet_until(NIGHT, zone, march("Tue 10:00")) == march("Tue 10:00")


def test_a_skipped_hour_that_joins_two_nights_makes_them_one():
    nearly_always, zone = QuietHours(time(2, 30), time(2)), ZoneInfo(NEW_YORK)
    at = utc("2027-03-14 06:00")

    later = quiet_until(nearly_always, zone, at)
    earlier = moved(at, EARLIER, quiet=nearly_always, latest=later, visit_at=None)

    assert reading(later, NEW_YORK) == "Mon 15 Mar 02:00 EDT"
    assert reading(earlier, NEW_YORK) == "Sat 13 Mar 02:15 EST"


@pytest.mark.parametrize("policy", QuietPolicy)
def test_without_quiet_hours_every_instant_is_allowed(policy):
    night = march("Tue 03:00")

    found = moved(night, policy, quiet=NO_QUIET_HOURS, latest=night, visit_at=None)

    assert found == night


def test_an_instant_may_come_in_any_zone():
    at = march("Tue 03:00").astimezone(ZoneInfo("Asia/Tokyo"))

    assert quiet_until(NIGHT, ZoneInfo(NEW_YORK), at) == march("Tue 08:00")


instants = st.datetimes(
    utc("2027-01-01").replace(tzinfo=None),
    utc("2028-12-31").replace(tzinfo=None),
    timezones=st.just(ZoneInfo("UTC")),
)


zones = st.sampled_from([NEW_YORK, CHICAGO, PHOENIX, MADRID, "Australia/Lord_Howe"])
nights = st.builds(QuietHours, st.times(), st.times())
some_days = st.timedeltas(timedelta(days=-3), timedelta(days=7))


@unhurried
@given(zones, nights, instants, st.sampled_from(QuietPolicy), some_days, some_days)
def test_what_is_moved_is_not_quiet_in_use_and_on_its_side_of_the_visit(
    zone, quiet, at, policy, to_latest, to_visit
):
    latest, visit_at = at + to_latest, at + to_visit

    found = moved(at, policy, quiet, zone, latest=latest, visit_at=visit_at)

    if found not in (at, None):
        assert is_quiet(quiet, ZoneInfo(zone), at)
        assert not is_quiet(quiet, ZoneInfo(zone), found)
        assert found < latest
        assert (found < visit_at) == (at < visit_at)
        assert (found > at) == (policy is LATER) or policy is NEAREST
        assert abs(found - at) < timedelta(hours=26)


@unhurried
@given(zones, nights, instants)
def test_quiet_hours_have_an_end_and_are_quiet_up_to_it(zone, quiet, at):
    zone = ZoneInfo(zone)

    until = quiet_until(quiet, zone, at)

    assert not is_quiet(quiet, zone, until)
    assert (until > at) == is_quiet(quiet, zone, at)
    if until > at:
        assert is_quiet(quiet, zone, at + (until - at) / 2)
