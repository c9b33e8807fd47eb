from datetime import date

import pytest

from reminder.rules.due import Due, due
from reminder.rules.offsets import parse_offset
from tests.rules.examples import (
    CHICAGO,
    MADRID,
    NEW_YORK,
    NO_QUIET_HOURS,
    PHOENIX,
    clinic,
    reading,
    utc,
)


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
    always_open = clinic(zone, quiet_hours=NO_QUIET_HOURS)

    found = due(always_open, parse_offset(offset), utc(start_at))

    assert found == Due(wanted_at=utc(expected), at=utc(expected))
    assert reading(found.at, zone) == shown


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
    found = due(clinic(zone, **place), parse_offset(offset), utc(start_at))

    assert reading(found.at, zone) == shown


def test_what_quiet_hours_moved_is_still_known_as_it_was_wanted():
    found = due(clinic(), parse_offset("2 hours before"), utc("2027-03-02 13:30"))

    assert reading(found.wanted_at, NEW_YORK) == "Tue 02 Mar 06:30 EST"
    assert reading(found.at, NEW_YORK) == "Mon 01 Mar 19:45 EST"
