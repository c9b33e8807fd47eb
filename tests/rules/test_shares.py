"""What is in trouble loses traffic to the others, and gets it back little by little."""

from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reminder.rules.shares import FLOOR, Health, Shares, pick, resting, reviewed

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
WELL, DEAD = Health(20, 0), Health(20, 20)
HALVES = resting({"a": 1, "b": 1}, NOW)
BACKUP = resting({"a": 1, "b": 0}, NOW)


def after(
    minutes: int, shares: Shares, rest: Shares = HALVES, **health: Health
) -> dict[str, float]:
    """The parts after so many minutes with this health."""
    known = {"a": WELL, "b": WELL} | health
    found = reviewed(shares, rest, known, shares.since + minutes * MINUTE)
    return {name: round(part, 4) for name, part in found.parts.items()}


def test_what_does_not_work_at_all_keeps_only_enough_to_be_watched() -> None:
    assert after(1, HALVES, a=DEAD) == {"a": FLOOR, "b": 1 - FLOOR}


def test_what_half_works_keeps_half_of_what_it_had() -> None:
    assert after(1, HALVES, a=Health(20, 10)) == {"a": 0.25, "b": 0.75}


@pytest.mark.parametrize(
    "health",
    [Health(4, 4), Health(20, 3), Health()],
    ids=["too few to say", "too little", "nothing tried"],
)
def test_a_little_trouble_changes_nothing(health: Health) -> None:
    assert after(1, HALVES, a=health) == {"a": 0.5, "b": 0.5}


def test_where_all_are_in_trouble_nothing_changes() -> None:
    assert after(1, HALVES, a=DEAD, b=Health(20, 5)) == {"a": 0.5, "b": 0.5}


def test_one_that_is_only_for_trouble_gets_nothing_before_it() -> None:
    assert after(60, BACKUP, BACKUP) == {"a": 1, "b": 0}
    assert after(1, BACKUP, BACKUP, a=DEAD) == {"a": FLOOR, "b": 1 - FLOOR}


def test_one_that_is_only_for_trouble_and_in_trouble_itself_gives_it_all_back() -> None:
    shares = Shares({"a": 0.4, "b": 0.6}, NOW)

    assert after(1, shares, BACKUP, b=DEAD) == {"a": 1, "b": 0}


def test_the_only_way_there_is_keeps_everything() -> None:
    alone = resting({"a": 3}, NOW)

    assert reviewed(alone, alone, {"a": DEAD}, NOW + MINUTE) == alone


def test_nothing_changes_twice_within_a_minute() -> None:
    assert after(0, HALVES, a=DEAD) == {"a": 0.5, "b": 0.5}


def test_it_drifts_back_by_a_tenth_every_five_minutes() -> None:
    shares = Shares({"a": 0.05, "b": 0.95}, NOW)

    assert after(4, shares) == {"a": 0.05, "b": 0.95}
    assert after(5, shares) == {"a": 0.15, "b": 0.85}


PARTS = st.lists(st.floats(0, 1), min_size=2, max_size=4).filter(lambda one: sum(one))
HEALTH = st.integers(0, 40).flatmap(
    lambda tries: st.integers(0, tries).map(lambda troubles: Health(tries, troubles))
)


def named(values: list[float]) -> dict[str, float]:
    return dict(zip("abcd", values, strict=False))


@given(PARTS, st.data())
def test_together_they_are_always_everything_and_none_is_less_than_nothing(
    weights: list[float], data: st.DataObject
) -> None:
    assume(min(one for one in weights if one) > 1e-6)
    rest = shares = resting(named(weights), NOW)
    for minute in range(1, 12):
        health = {name: data.draw(HEALTH) for name in rest.parts}
        before = shares
        shares = reviewed(shares, rest, health, NOW + minute * MINUTE)

        assert sum(shares.parts.values()) == pytest.approx(1)
        for name, part in shares.parts.items():
            lowest = min(FLOOR, rest.parts[name], before.parts[name])
            assert part >= lowest - 1e-9
            if health[name].trouble > 0.9 and part != before.parts[name]:
                assert part < before.parts[name]


@given(PARTS, st.data())
def test_left_in_peace_they_come_to_rest_and_stay(
    weights: list[float], data: st.DataObject
) -> None:
    assume(min(one for one in weights if one) > 1e-6)
    rest = resting(named(weights), NOW)
    size = len(rest.parts)
    start = data.draw(st.lists(st.floats(0.01, 1), min_size=size, max_size=size))
    shares = resting(named(start), NOW)
    well = dict.fromkeys(rest.parts, WELL)
    for round_ in range(1, 12):
        later = reviewed(shares, rest, well, NOW + 5 * round_ * MINUTE)
        for name, part in later.parts.items():
            assert abs(part - shares.parts[name]) <= 0.1 + 1e-9
        shares = later

    assert shares.parts == rest.parts


def test_each_gets_its_part() -> None:
    shares = Shares({"a": 0.25, "b": 0.75}, NOW)

    picked = Counter(pick(shares, n / 1000, {"a", "b"}) for n in range(1000))

    assert picked == {"a": 250, "b": 750}


def test_what_has_no_room_is_passed_over() -> None:
    assert pick(HALVES, 0.1, {"b"}) == "b"
    assert pick(BACKUP, 0.9, {"b"}) == "b"


@given(st.floats(0, 1, exclude_max=True))
def test_one_without_a_share_gets_nothing(point: float) -> None:
    assert pick(BACKUP, point, {"a", "b"}) == "a"
