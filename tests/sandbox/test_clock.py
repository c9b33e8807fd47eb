from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from reminder.sandbox.clock import SandboxClock, first_instant

START = datetime(2027, 3, 1, 15, tzinfo=UTC)
NEW_YORK = ZoneInfo("America/New_York")


class Seconds:
    """A monotonic source that the test moves."""

    def __init__(self) -> None:
        self.value = 1000.0

    def __call__(self) -> float:
        return self.value


def test_the_clock_begins_where_told_and_runs_at_real_speed() -> None:
    seconds = Seconds()
    clock = SandboxClock(START.astimezone(NEW_YORK), seconds)

    seconds.value += 90

    assert clock() == START + timedelta(seconds=90)
    assert clock().tzinfo is UTC


def test_the_clock_runs_on_from_where_it_was_moved_to() -> None:
    seconds = Seconds()
    clock = SandboxClock(START, seconds)
    seconds.value += 7

    clock.advance_to(START + timedelta(hours=3))
    seconds.value += 5

    assert clock() == START + timedelta(hours=3, seconds=5)


def test_the_clock_never_goes_back() -> None:
    seconds = Seconds()
    clock = SandboxClock(START, seconds)
    seconds.value += 60

    clock.advance_to(START + timedelta(seconds=30))

    assert clock() == START + timedelta(seconds=60)


@pytest.mark.parametrize(
    ("today", "day"),
    [
        pytest.param(date(2027, 3, 2), date(2027, 3, 3), id="a-tuesday"),
        pytest.param(date(2027, 3, 5), date(2027, 3, 8), id="a-friday"),
        pytest.param(date(2026, 11, 21), date(2026, 11, 23), id="a-saturday"),
        pytest.param(date(2026, 11, 25), date(2026, 11, 27), id="before-thanksgiving"),
        pytest.param(date(2027, 3, 12), date(2027, 3, 15), id="over-the-clock-change"),
    ],
)
def test_the_story_begins_at_ten_on_the_next_business_day(
    today: date, day: date
) -> None:
    begins = first_instant(today, NEW_YORK)

    assert begins.tzinfo is UTC
    assert begins.astimezone(NEW_YORK).isoformat()[:16] == f"{day}T10:00"
