from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.rules.calendar import (
    business_days_before,
    date_in,
    instant,
    is_business_day,
    local_date,
    public_holidays,
    weekday_before,
)
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

MONDAY = date(2027, 3, 8)
LORD_HOWE = "Australia/Lord_Howe"
"""Its clocks change by half an hour only."""


@pytest.mark.parametrize(
    ("zone", "day", "at", "expected", "shown"),
    [
        pytest.param(
            NEW_YORK,
            date(2027, 3, 13),
            time(2, 30),
            utc("2027-03-13 07:30"),
            "Sat 13 Mar 02:30 EST",
            id="new-york-the-night-before",
        ),
        pytest.param(
            NEW_YORK,
            date(2027, 3, 14),
            time(2, 30),
            utc("2027-03-14 07:00"),
            "Sun 14 Mar 03:00 EDT",
            id="new-york-skipped-is-the-first-instant-after",
        ),
        pytest.param(
            NEW_YORK,
            date(2027, 3, 14),
            time(3, 0),
            utc("2027-03-14 07:00"),
            "Sun 14 Mar 03:00 EDT",
            id="new-york-end-of-the-gap-itself",
        ),
        pytest.param(
            NEW_YORK,
            date(2027, 3, 14),
            time(1, 59),
            utc("2027-03-14 06:59"),
            "Sun 14 Mar 01:59 EST",
            id="new-york-last-minute-before-the-gap",
        ),
        pytest.param(
            NEW_YORK,
            date(2027, 11, 7),
            time(1, 30),
            utc("2027-11-07 05:30"),
            "Sun 07 Nov 01:30 EDT",
            id="new-york-twice-is-the-first",
        ),
        pytest.param(
            CHICAGO,
            date(2027, 3, 14),
            time(2, 30),
            utc("2027-03-14 08:00"),
            "Sun 14 Mar 03:00 CDT",
            id="chicago-skipped",
        ),
        pytest.param(
            CHICAGO,
            date(2027, 11, 7),
            time(1, 30),
            utc("2027-11-07 06:30"),
            "Sun 07 Nov 01:30 CDT",
            id="chicago-twice",
        ),
        pytest.param(
            PHOENIX,
            date(2027, 3, 14),
            time(2, 30),
            utc("2027-03-14 09:30"),
            "Sun 14 Mar 02:30 MST",
            id="phoenix-does-not-change-in-spring",
        ),
        pytest.param(
            PHOENIX,
            date(2027, 11, 7),
            time(1, 30),
            utc("2027-11-07 08:30"),
            "Sun 07 Nov 01:30 MST",
            id="phoenix-does-not-change-in-autumn",
        ),
        pytest.param(
            MADRID,
            date(2027, 3, 14),
            time(2, 30),
            utc("2027-03-14 01:30"),
            "Sun 14 Mar 02:30 CET",
            id="madrid-changes-two-weeks-later",
        ),
        pytest.param(
            MADRID,
            date(2027, 3, 28),
            time(2, 30),
            utc("2027-03-28 01:00"),
            "Sun 28 Mar 03:00 CEST",
            id="madrid-skipped",
        ),
        pytest.param(
            MADRID,
            date(2027, 10, 31),
            time(2, 30),
            utc("2027-10-31 00:30"),
            "Sun 31 Oct 02:30 CEST",
            id="madrid-twice",
        ),
        pytest.param(
            LORD_HOWE,
            date(2027, 10, 3),
            time(2, 15),
            utc("2027-10-02 15:30"),
            "Sun 03 Oct 02:30 +11",
            id="half-an-hour-skipped",
        ),
        pytest.param(
            "America/Nuuk",
            date(2027, 3, 27),
            time(23, 30),
            utc("2027-03-28 01:00"),
            "Sun 28 Mar 00:00 -01",
            id="the-last-hour-of-a-day-skipped",
        ),
    ],
)
def test_a_wall_time_has_one_instant(zone, day, at, expected, shown):
    found = instant(clinic(zone), day, at)

    assert found == expected
    assert reading(found, zone) == shown


def test_every_second_of_a_gap_stands_for_its_end():
    seconds = (time(2, minute, minute) for minute in range(60))

    found = {instant(clinic(), date(2027, 3, 14), second) for second in seconds}

    assert found == {utc("2027-03-14 07:00")}


def test_pythons_fold_does_not_choose_the_second_coming():
    second = time(1, 30, fold=1)

    assert instant(clinic(), date(2027, 11, 7), second) == utc("2027-11-07 05:30")


zones = st.sampled_from([NEW_YORK, CHICAGO, PHOENIX, MADRID, LORD_HOWE])
days = st.dates(date(2026, 1, 1), date(2031, 12, 31)) | st.sampled_from(
    [date(2027, 3, 14), date(2027, 11, 7), date(2027, 3, 28), date(2027, 10, 31)]
)


@unhurried
@given(zones, days, st.times())
def test_the_clock_shows_what_was_asked_for_or_the_gaps_end(zone, day, at):
    found = instant(clinic(zone), day, at)

    shown = found.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    if shown != datetime.combine(day, at):
        just_before = (found - timedelta(seconds=1)).astimezone(ZoneInfo(zone))
        assert just_before.replace(tzinfo=None) < datetime.combine(day, at) < shown
    assert found.tzinfo is UTC


@unhurried
@given(zones, days, st.times(), st.times())
def test_a_later_wall_time_never_has_an_earlier_instant(zone, day, one, other):
    earlier, later = sorted((one, other))

    assert instant(clinic(zone), day, earlier) <= instant(clinic(zone), day, later)


def test_the_local_date_is_the_clinics_not_utcs():
    assert local_date(clinic(NEW_YORK), utc("2027-03-02 03:00")) == date(2027, 3, 1)
    assert local_date(clinic(MADRID), utc("2027-03-01 23:30")) == date(2027, 3, 2)


def test_one_instant_is_on_two_days_in_two_zones():
    at = utc("2027-03-02 03:00")

    assert date_in(ZoneInfo(NEW_YORK), at) == date(2027, 3, 1)
    assert date_in(ZoneInfo(MADRID), at) == date(2027, 3, 2)


@pytest.mark.parametrize(
    ("changes", "day", "open_"),
    [
        pytest.param({}, date(2027, 3, 12), True, id="friday"),
        pytest.param({}, date(2027, 3, 13), False, id="saturday"),
        pytest.param({}, date(2027, 3, 14), False, id="sunday"),
        pytest.param({}, date(2027, 7, 5), True, id="holiday-without-a-country"),
        pytest.param({"country": "US"}, date(2027, 7, 5), False, id="substitute-day"),
        pytest.param({"country": "US"}, date(2021, 12, 31), False, id="next-years"),
        pytest.param({"country": "US"}, date(2027, 2, 12), True, id="not-federal"),
        pytest.param(
            {"country": "US", "subdivision": "NY"},
            date(2027, 2, 12),
            False,
            id="lincolns-birthday-in-new-york",
        ),
        pytest.param(
            {"country": "ES", "subdivision": "MD"},
            date(2027, 5, 3),
            False,
            id="day-after-the-day-of-madrid",
        ),
        pytest.param(
            {"closures": frozenset({date(2027, 3, 12)})},
            date(2027, 3, 12),
            False,
            id="the-clinics-own-closure",
        ),
        pytest.param(
            {"open_days": frozenset({date(2027, 3, 13)})},
            date(2027, 3, 13),
            True,
            id="a-saturday-on-which-it-works",
        ),
        pytest.param(
            {"country": "US", "open_days": frozenset({date(2027, 7, 5)})},
            date(2027, 7, 5),
            True,
            id="a-holiday-on-which-it-works",
        ),
        pytest.param(
            {
                "closures": frozenset({date(2027, 3, 13)}),
                "open_days": frozenset({date(2027, 3, 13)}),
            },
            date(2027, 3, 13),
            False,
            id="a-closure-beats-an-opening-day",
        ),
        pytest.param(
            {"business_weekdays": frozenset({1, 5})},
            date(2027, 3, 13),
            True,
            id="a-clinic-of-tuesdays-and-saturdays",
        ),
        pytest.param(
            {"business_weekdays": frozenset({1, 5})},
            date(2027, 3, 12),
            False,
            id="whose-friday-is-free",
        ),
        pytest.param(
            {"business_weekdays": frozenset({0}), "country": "US"},
            date(2027, 7, 5),
            False,
            id="its-weekday-is-a-holiday",
        ),
    ],
)
def test_which_days_are_business_days(changes, day, open_):
    assert is_business_day(clinic(**changes), day) is open_


@pytest.mark.parametrize(
    ("day", "count", "expected"),
    [
        pytest.param(date(2027, 3, 10), 1, date(2027, 3, 9), id="wednesday-tuesday"),
        pytest.param(date(2027, 3, 8), 1, date(2027, 3, 5), id="monday-friday"),
        pytest.param(date(2027, 3, 14), 1, date(2027, 3, 12), id="sunday-friday"),
        pytest.param(date(2027, 3, 15), 5, date(2027, 3, 8), id="a-working-week"),
        pytest.param(date(2027, 7, 6), 1, date(2027, 7, 2), id="over-independence-day"),
        pytest.param(date(2027, 1, 4), 1, date(2026, 12, 31), id="over-new-year"),
        pytest.param(date(2027, 3, 25), 2, date(2027, 3, 22), id="over-a-closure"),
    ],
)
def test_business_days_are_counted_backwards(day, count, expected):
    harbor = clinic(country="US", closures=frozenset({date(2027, 3, 23)}))

    assert business_days_before(harbor, day, count) == expected


@pytest.mark.parametrize(
    ("changes", "day", "count", "expected"),
    [
        pytest.param(
            {"open_days": frozenset({date(2027, 3, 13)})},
            date(2027, 3, 15),
            1,
            date(2027, 3, 13),
            id="an-opening-day-counts",
        ),
        pytest.param(
            {"business_weekdays": frozenset({2})},
            date(2027, 3, 10),
            3,
            date(2027, 2, 17),
            id="wednesdays-only",
        ),
        pytest.param(
            {"business_weekdays": frozenset({2})},
            date(2027, 3, 10),
            260,
            date(2022, 3, 16),
            id="five-years-of-wednesdays",
        ),
        pytest.param(
            {"business_weekdays": frozenset(range(7))},
            date(2027, 3, 10),
            10,
            date(2027, 2, 28),
            id="every-day-of-the-week",
        ),
    ],
)
def test_business_days_are_those_the_clinic_works_on(changes, day, count, expected):
    assert business_days_before(clinic(**changes), day, count) == expected


def test_a_clinic_that_never_works_has_no_business_day():
    never = clinic(business_weekdays=frozenset(), open_days=frozenset({MONDAY}))

    assert business_days_before(never, MONDAY + timedelta(days=1), 1) == MONDAY
    with pytest.raises(ValueError, match="too few business days"):
        business_days_before(never, MONDAY + timedelta(days=1), 2)


@pytest.mark.parametrize(
    ("day", "weekday", "expected"),
    [
        pytest.param(date(2027, 3, 10), 4, date(2027, 3, 5), id="wednesday-friday"),
        pytest.param(date(2027, 3, 13), 4, date(2027, 3, 12), id="saturday-friday"),
        pytest.param(date(2027, 3, 12), 4, date(2027, 3, 5), id="friday-friday"),
        pytest.param(date(2027, 3, 10), 0, date(2027, 3, 8), id="wednesday-monday"),
        pytest.param(date(2027, 3, 1), 6, date(2027, 2, 28), id="over-the-month"),
        pytest.param(date(2027, 1, 3), 3, date(2026, 12, 31), id="over-the-year"),
    ],
)
def test_the_weekday_before_is_never_the_day_itself(day, weekday, expected):
    assert weekday_before(day, weekday) == expected


@unhurried
@given(days, st.integers(0, 6))
def test_the_weekday_before_is_the_last_of_the_seven_days_before(day, weekday):
    found = weekday_before(day, weekday)

    assert found.weekday() == weekday
    assert timedelta(days=1) <= day - found <= timedelta(days=7)


@unhurried
@given(
    days,
    st.integers(1, 12),
    st.frozensets(st.integers(0, 6), min_size=1),
    st.frozensets(st.integers(-20, 0)),
    st.frozensets(st.integers(-20, 0)),
)
def test_just_so_many_business_days_lie_between(day, count, weekdays, closed, opened):
    harbor = clinic(
        country="US",
        business_weekdays=weekdays,
        closures=frozenset(day + timedelta(days=n) for n in closed),
        open_days=frozenset(day + timedelta(days=n) for n in opened),
    )

    found = business_days_before(harbor, day, count)

    between = [found + timedelta(days=n) for n in range((day - found).days)]
    assert is_business_day(harbor, found)
    assert sum(is_business_day(harbor, one) for one in between) == count


@pytest.mark.parametrize(
    ("country", "subdivision", "named"),
    [
        pytest.param("XX", None, "'XX'", id="country"),
        pytest.param("US", "ZZ", "'US-ZZ'", id="subdivision"),
    ],
)
def test_a_place_without_known_holidays_is_named(country, subdivision, named):
    with pytest.raises(ValueError, match=named):
        public_holidays(country, subdivision, 2027)
