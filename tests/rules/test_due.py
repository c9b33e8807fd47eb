from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.model.offsets import (
    BusinessDaysBefore,
    DaysAfter,
    DaysBefore,
    HoursAfter,
    HoursBefore,
    MinutesAfter,
    MinutesBefore,
    WeekdayBefore,
)
from reminder.model.people import Channel
from reminder.model.reasons import Note
from reminder.model.rulesets import QuietPolicy, Step
from reminder.rules.due import due, wanted_at
from reminder.rules.offsets import days_ahead, parse_offset
from tests.rules.examples import (
    CHICAGO,
    MADRID,
    NEW_YORK,
    PHOENIX,
    clinic,
    reading,
    unhurried,
    utc,
)

LOS_ANGELES = "America/Los_Angeles"
NEAREST = QuietPolicy.NEAREST
LATER, EARLIER = Note.QUIET_LATER, Note.QUIET_EARLIER


def new_york(text: str) -> datetime:
    """What the clocks of New York show, as UTC."""
    wall = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(NEW_YORK))
    return wall.astimezone(UTC)


@pytest.mark.parametrize(
    ("zone", "start_at", "offset", "expected", "shown"),
    [
        pytest.param(
            NEW_YORK,
            "2027-03-14 13:30",  # Sun 09:30 EDT
            "24 hours before",
            "2027-03-13 13:30",
            "Sat 13 Mar 08:30 EST",
            id="new-york-hours-are-elapsed-time",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-14 13:30",
            "1 day before at 09:30",
            "2027-03-13 14:30",
            "Sat 13 Mar 09:30 EST",
            id="new-york-a-day-is-23-hours",
        ),
        pytest.param(
            NEW_YORK,
            "2027-11-07 14:30",  # Sun 09:30 EST
            "24 hours before",
            "2027-11-06 14:30",
            "Sat 06 Nov 10:30 EDT",
            id="new-york-hours-in-november",
        ),
        pytest.param(
            NEW_YORK,
            "2027-11-07 14:30",
            "1 day before at 09:30",
            "2027-11-06 13:30",
            "Sat 06 Nov 09:30 EDT",
            id="new-york-a-day-is-25-hours",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-15 13:30",
            "1 day before at 02:30",
            "2027-03-14 07:00",
            "Sun 14 Mar 03:00 EDT",
            id="new-york-a-skipped-time",
        ),
        pytest.param(
            NEW_YORK,
            "2027-11-08 14:30",
            "1 day before at 01:30",
            "2027-11-07 05:30",
            "Sun 07 Nov 01:30 EDT",
            id="new-york-a-time-that-comes-twice",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-18 01:30",  # Wed 17 Mar 21:30 EDT
            "1 day before at 10:00",
            "2027-03-16 14:00",
            "Tue 16 Mar 10:00 EDT",
            id="new-york-days-from-the-local-date",
        ),
        pytest.param(
            NEW_YORK,
            "2027-03-19 14:00",
            "5 business days before at 10:00",
            "2027-03-12 15:00",
            "Fri 12 Mar 10:00 EST",
            id="new-york-business-days-over-the-change",
        ),
        pytest.param(
            CHICAGO,
            "2027-03-14 14:30",  # Sun 09:30 CDT
            "24 hours before",
            "2027-03-13 14:30",
            "Sat 13 Mar 08:30 CST",
            id="chicago-hours",
        ),
        pytest.param(
            CHICAGO,
            "2027-11-08 15:30",
            "1 day before at 18:30",
            "2027-11-08 00:30",
            "Sun 07 Nov 18:30 CST",
            id="chicago-days",
        ),
        pytest.param(
            PHOENIX,
            "2027-03-14 16:30",  # Sun 09:30 MST
            "24 hours before",
            "2027-03-13 16:30",
            "Sat 13 Mar 09:30 MST",
            id="phoenix-hours-and-days-agree",
        ),
        pytest.param(
            PHOENIX,
            "2027-11-08 16:30",
            "1 day before at 01:30",
            "2027-11-07 08:30",
            "Sun 07 Nov 01:30 MST",
            id="phoenix-no-time-comes-twice",
        ),
        pytest.param(
            MADRID,
            "2027-03-29 07:30",  # Mon 09:30 CEST
            "1 day before at 02:30",
            "2027-03-28 01:00",
            "Sun 28 Mar 03:00 CEST",
            id="madrid-a-skipped-time",
        ),
        pytest.param(
            MADRID,
            "2027-03-14 08:30",  # Sun 09:30 CET
            "24 hours before",
            "2027-03-13 08:30",
            "Sat 13 Mar 09:30 CET",
            id="madrid-no-change-that-day",
        ),
        pytest.param(
            MADRID,
            "2027-11-01 08:30",
            "1 day before at 02:30",
            "2027-10-31 00:30",
            "Sun 31 Oct 02:30 CEST",
            id="madrid-a-time-that-comes-twice",
        ),
    ],
)
def test_what_an_offset_asks_for(zone, start_at, offset, expected, shown):
    found = wanted_at(clinic(zone), parse_offset(offset), utc(start_at), None)

    assert found == utc(expected)
    assert reading(found, zone) == shown


@pytest.mark.parametrize(
    ("offset", "end_at", "shown"),
    [
        pytest.param("90 minutes before", None, "Wed 10 Mar 14:00 EST", id="minutes"),
        pytest.param(
            "the Friday before at 15:00", None, "Fri 05 Mar 15:00 EST", id="the-friday"
        ),
        pytest.param(
            "the Wednesday before at 15:00",
            None,
            "Wed 03 Mar 15:00 EST",
            id="the-wednesday-before-a-wednesday",
        ),
        pytest.param(
            "2 hours after", None, "Wed 10 Mar 17:30 EST", id="from-the-start"
        ),
        pytest.param(
            "2 hours after", "16:15", "Wed 10 Mar 18:15 EST", id="from-the-end"
        ),
        pytest.param(
            "45 minutes after", "16:15", "Wed 10 Mar 17:00 EST", id="minutes-after"
        ),
        pytest.param(
            "1 day after at 10:00", "16:15", "Thu 11 Mar 10:00 EST", id="the-day-after"
        ),
        pytest.param(
            "5 days after at 02:30",
            None,
            "Mon 15 Mar 02:30 EDT",
            id="days-over-the-change",
        ),
        pytest.param(
            "4 days after at 02:30", None, "Sun 14 Mar 03:00 EDT", id="a-skipped-time"
        ),
    ],
)
def test_what_is_asked_around_a_visit_on_a_wednesday(offset, end_at, shown):
    """The visit begins on 10 March 2027 at 15:30 in New York."""
    end_at = end_at and new_york(f"2027-03-10 {end_at}")

    found = wanted_at(
        clinic(), parse_offset(offset), new_york("2027-03-10 15:30"), end_at
    )

    assert reading(found, NEW_YORK) == shown


@pytest.mark.parametrize(
    ("place", "zone", "start_at", "offset", "shown"),
    [
        pytest.param(
            {"country": "US"},
            NEW_YORK,
            "2027-07-06 14:00",
            "1 business day before at 10:00",
            "Fri 02 Jul 10:00 EDT",
            id="independence-day-is-observed-on-monday",
        ),
        pytest.param(
            {"country": "ES", "subdivision": "MD"},
            MADRID,
            "2027-03-29 07:30",
            "1 business day before at 10:00",
            "Wed 24 Mar 10:00 CET",
            id="easter-in-madrid",
        ),
        pytest.param(
            {"country": "US", "closures": frozenset({date(2027, 11, 8)})},
            CHICAGO,
            "2027-11-09 15:30",
            "2 business days before at 10:00",
            "Thu 04 Nov 10:00 CDT",
            id="the-clinic-is-closed-on-monday",
        ),
    ],
)
def test_business_days_are_those_of_the_clinic(place, zone, start_at, offset, shown):
    found = wanted_at(clinic(zone, **place), parse_offset(offset), utc(start_at), None)

    assert reading(found, zone) == shown


@pytest.mark.parametrize(
    ("offset", "policy", "shown", "note"),
    [
        pytest.param(
            "4 hours before", NEAREST, "Mon 01 Mar 19:45 EST", EARLIER, id="nearest"
        ),
        pytest.param(
            "4 hours before",
            QuietPolicy.EARLIER,
            "Mon 01 Mar 19:45 EST",
            EARLIER,
            id="e",
        ),
        pytest.param(
            "4 hours before",
            QuietPolicy.LATER,
            "Tue 02 Mar 08:00 EST",
            LATER,
            id="later",
        ),
        pytest.param(
            "12 hours before", NEAREST, "Mon 01 Mar 19:45 EST", EARLIER, id="evening"
        ),
        pytest.param(
            "30 minutes before",
            NEAREST,
            "Tue 02 Mar 08:00 EST",
            None,
            id="on-the-stroke",
        ),
        pytest.param(
            "1 day before at 10:00", NEAREST, "Mon 01 Mar 10:00 EST", None, id="stays"
        ),
    ],
)
def test_what_quiet_hours_moved_is_still_known_as_it_was_wanted(
    offset, policy, shown, note
):
    """The visit begins on 2 March 2027 at 08:30 in New York."""
    start_at = new_york("2027-03-02 08:30")
    step = Step("s", parse_offset(offset), (Channel.SMS,), quiet=policy)
    wanted = wanted_at(clinic(), step.offset, start_at, None)

    found = due(
        clinic(),
        clinic().zone,
        step,
        wanted,
        latest=start_at - timedelta(minutes=10),
        visit_at=start_at,
    )

    assert found.wanted_at == wanted
    assert reading(found.at, NEW_YORK) == shown
    assert found.note is note


def test_quiet_hours_may_leave_no_moment():
    start_at = new_york("2027-03-02 07:30")
    step = Step("s", HoursBefore(2), (Channel.SMS,), quiet=QuietPolicy.DROP)

    found = due(
        *(clinic(), clinic().zone, step, start_at - timedelta(hours=2)),
        latest=start_at,
        visit_at=start_at,
    )

    assert found is None


def test_quiet_hours_are_those_where_the_patient_is():
    """10:00 at the clinic in New York is 07:00 in Los Angeles."""
    start_at = new_york("2027-03-04 15:00")
    step = Step("s", parse_offset("1 day before at 10:00"), (Channel.SMS,))
    wanted = wanted_at(clinic(), step.offset, start_at, None)

    found = due(
        *(clinic(), ZoneInfo(LOS_ANGELES), step, wanted),
        latest=start_at,
        visit_at=start_at,
    )

    assert reading(found.wanted_at, NEW_YORK) == "Wed 03 Mar 10:00 EST"
    assert reading(found.at, LOS_ANGELES) == "Wed 03 Mar 08:00 PST"
    assert found.note is LATER


wall_times = st.builds(time, st.integers(0, 23), st.sampled_from([0, 29, 30, 59]))
before = st.one_of(
    st.builds(MinutesBefore, st.integers(1, 3000)),
    st.builds(HoursBefore, st.integers(1, 300)),
    st.builds(DaysBefore, st.integers(1, 30), wall_times),
    st.builds(BusinessDaysBefore, st.integers(1, 30), wall_times),
    st.builds(WeekdayBefore, st.integers(0, 6), wall_times),
)
after = st.one_of(
    st.builds(MinutesAfter, st.integers(1, 3000)),
    st.builds(HoursAfter, st.integers(1, 300)),
    st.builds(DaysAfter, st.integers(1, 30), wall_times),
)
zones = st.sampled_from([NEW_YORK, PHOENIX, MADRID, "Australia/Lord_Howe"])
starts = st.datetimes(
    datetime(2027, 1, 1),  # noqa: DTZ001 - Hypothesis adds the zone
    datetime(2028, 12, 31),  # noqa: DTZ001
    timezones=st.just(UTC),
)


@unhurried
@given(zones, before, starts)
def test_before_is_before_and_no_longer_before_than_is_said(zone, offset, start_at):
    found = wanted_at(clinic(zone, country="US"), offset, start_at, None)

    assert found < start_at
    # The longest day before the first of them has 25 hours.
    assert start_at - found < timedelta(days=days_ahead(offset) + 1, hours=1)


@unhurried
@given(
    zones, after, starts, st.none() | st.timedeltas(timedelta(0), timedelta(hours=4))
)
def test_after_is_after_the_end_or_on_a_later_day(zone, offset, start_at, length):
    end_at = None if length is None else start_at + length

    found = wanted_at(clinic(zone), offset, start_at, end_at)

    assert found > start_at
    if not isinstance(offset, DaysAfter):
        assert found > (end_at or start_at)
