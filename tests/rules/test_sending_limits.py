"""What exceeds a limit waits: a pace for moments, a day spread over its hours."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.rules.sending_limits import (
    Pace,
    Room,
    at_rest,
    less_one,
    next_day,
    recovered,
    room_by_day,
    room_by_pace,
    smaller,
    together,
)

MIDNIGHT = datetime(2027, 3, 1, tzinfo=UTC)
SECONDS_OF_A_DAY = st.integers(0, 86_399).map(lambda s: MIDNIGHT + timedelta(seconds=s))
RATES = st.floats(0.05, 500)


@pytest.mark.parametrize(
    ("per_s", "room"), [(12, 12), (225.5, 225), (1, 1), (0.1, 1)], ids=str
)
def test_after_a_rest_a_seconds_worth_may_go_and_always_one(
    per_s: float, room: int
) -> None:
    assert room_by_pace(at_rest(per_s, MIDNIGHT), per_s) == Room(room, room)


@pytest.mark.parametrize(
    ("level", "again_in_s"), [(0.0, 0.5), (0.9, 5.1 / 12), (-12.0, 1.5)], ids=str
)
def test_when_none_may_go_it_says_when_half_a_seconds_worth_may(
    level: float, again_in_s: float
) -> None:
    room = room_by_pace(Pace(level, MIDNIGHT), 12)

    assert (room.ordinary, room.urgent) == (0, 0)
    assert room.again_in is not None
    assert room.again_in.total_seconds() == pytest.approx(again_in_s)


@given(RATES, st.lists(st.tuples(st.floats(0, 3), st.integers(1, 4)), max_size=60))
def test_no_more_goes_than_the_pace_and_a_seconds_worth(
    per_s: float, tries: list[tuple[float, int]]
) -> None:
    now, sent, last = MIDNIGHT, 0, 0
    pace = at_rest(per_s, now)
    for wait_s, size in tries:
        now += timedelta(seconds=wait_s)
        pace = recovered(pace, per_s, now)
        if room_by_pace(pace, per_s).ordinary:
            pace = Pace(pace.level - size, now)
            sent, last = sent + size, size

    passed_s = (now - MIDNIGHT).total_seconds()
    assert sent <= passed_s * per_s + max(1, per_s) + last


@given(RATES, st.floats(-50, 0.99))
def test_after_the_wait_something_may_go(per_s: float, level: float) -> None:
    pace = Pace(level, MIDNIGHT)
    again_in = room_by_pace(pace, per_s).again_in
    assert again_in is not None
    a_moment = timedelta(milliseconds=1)

    later = recovered(pace, per_s, MIDNIGHT + again_in + a_moment * (1 + 1 / per_s))

    assert (room_by_pace(later, per_s).ordinary or 0) >= 1


def test_a_clock_that_is_set_back_gives_nothing_twice() -> None:
    pace = recovered(Pace(0, MIDNIGHT), 1, MIDNIGHT - timedelta(hours=1))

    assert pace == Pace(0, MIDNIGHT)


@pytest.mark.parametrize(
    ("hour", "ordinary"),
    [(0, 100), (6, 700), (12, 1300), (23, 2400), (23.9, 2400)],
    ids=str,
)
def test_a_day_is_spread_over_its_hours(hour: float, ordinary: int) -> None:
    now = MIDNIGHT + timedelta(hours=hour)

    assert room_by_day(2400, 0, now) == Room(ordinary, 2400)


def test_what_a_patient_waits_for_may_use_what_is_left_of_the_day() -> None:
    assert room_by_day(2400, 1300, MIDNIGHT + timedelta(hours=12)) == Room(0, 1100)


@given(st.integers(1, 250_000), st.integers(0, 300_000), SECONDS_OF_A_DAY)
def test_never_more_than_the_day_and_at_its_end_all_of_it(
    per_day: int, used: int, now: datetime
) -> None:
    room = room_by_day(per_day, used, now)
    at_the_end = room_by_day(per_day, used, MIDNIGHT + timedelta(hours=23.5))

    assert 0 <= (room.ordinary or 0) <= (room.urgent or 0) == max(per_day - used, 0)
    assert (room.ordinary or 0) <= (at_the_end.ordinary or 0) == at_the_end.urgent
    if used == 0:
        assert (room.ordinary or 0) >= 1


def test_the_next_day_is_that_of_utc() -> None:
    in_new_york = datetime.fromisoformat("2027-03-01T19:30:00-05:00")

    assert next_day(in_new_york) == MIDNIGHT + timedelta(days=2)


def test_of_two_limits_the_tighter_one_holds() -> None:
    wait = timedelta(seconds=1)

    assert smaller(Room(), Room()) == Room()
    assert smaller(Room(12, 12), Room(5, 900)) == Room(5, 12)
    assert smaller(Room(0, 0, wait), Room(5, 900)) == Room(0, 0, wait)


def test_several_ways_out_leave_the_room_of_all_of_them() -> None:
    soon, later = timedelta(seconds=1), timedelta(seconds=2)

    assert together([Room(3, 5), Room(1, 1)]) == Room(4, 6)
    assert together([Room(3, 5), Room(0, 0, soon)]) == Room(3, 5)
    assert together([Room(0, 0, later), Room(0, 0, soon)]) == Room(0, 0, soon)
    assert together([Room(0, 0, soon), Room()]) == Room()


def test_each_message_takes_some_of_the_room() -> None:
    assert less_one(Room(3, 5)) == Room(2, 4)
    assert less_one(Room()) == Room()
