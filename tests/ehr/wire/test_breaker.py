import asyncio
import contextlib
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.breaker import Breaker

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)


class Watch:
    """A breaker and the clock it goes by."""

    def __init__(self, failures: int = 3) -> None:
        self.now = NOON
        self.breaker = Breaker(failures_before_pause=failures, clock=lambda: self.now)

    def later(self, **wait: float) -> None:
        self.now += timedelta(**wait)

    def ask(self, answer: Exception | None = None) -> None:
        with self.breaker.watching("GET Slot"):
            if answer is not None:
                raise answer

    def fail(self, times: int = 1) -> None:
        for _ in range(times):
            with pytest.raises(EHRUnavailable, match=r"^503$"):
                self.ask(EHRUnavailable("503"))

    def refuses(self) -> timedelta | None:
        with pytest.raises(EHRUnavailable, match=r"^GET Slot: the EHR is ") as error:
            self.ask()
        assert not error.value.sent
        return error.value.retry_after


@pytest.fixture
def watch() -> Watch:
    return Watch()


def test_a_few_failures_in_a_row_pause(watch: Watch) -> None:
    watch.fail(2)
    assert watch.breaker.paused_until is None

    watch.fail()

    assert watch.breaker.paused_until == NOON + timedelta(seconds=30)
    assert watch.refuses() == timedelta(seconds=30)
    watch.later(seconds=12)
    assert watch.refuses() == timedelta(seconds=18)


@pytest.mark.parametrize("answer", [None, EHRRefused("403")], ids=["answer", "refusal"])
def test_an_answer_in_between_starts_the_count_anew(
    watch: Watch, answer: Exception | None
) -> None:
    watch.fail(2)
    with contextlib.suppress(EHRRefused):
        watch.ask(answer)
    watch.fail(2)

    assert watch.breaker.paused_until is None


def test_the_pause_doubles_from_half_a_minute_to_five_and_ends_with_an_answer(
    watch: Watch,
) -> None:
    watch.fail(3)
    pauses = []
    for _ in range(6):
        until = watch.breaker.paused_until
        assert until is not None
        pauses.append((until - watch.now).total_seconds())
        watch.now = until
        watch.fail()
    assert pauses == [30, 60, 120, 240, 300, 300]

    watch.later(minutes=5)
    watch.ask()
    watch.fail(2)

    assert watch.breaker.paused_until is None
    watch.fail()
    assert watch.breaker.paused_until == watch.now + timedelta(seconds=30)


def test_after_the_pause_one_goes_to_see_and_the_others_wait_for_it(
    watch: Watch,
) -> None:
    watch.fail(3)
    watch.later(seconds=30)

    with watch.breaker.watching("GET Slot"):
        assert watch.refuses() is None
        with pytest.raises(EHRUnavailable):
            watch.breaker.check("GET Slot")
    watch.ask()

    assert watch.breaker.paused_until is None


def test_one_that_was_called_off_leaves_the_seeing_to_the_next(watch: Watch) -> None:
    watch.fail(3)
    watch.later(seconds=30)

    with pytest.raises(asyncio.CancelledError), watch.breaker.watching("GET Slot"):
        raise asyncio.CancelledError

    watch.ask()
    watch.ask()


def test_what_was_under_way_when_the_pause_began_does_not_prolong_it(
    watch: Watch,
) -> None:
    with contextlib.suppress(EHRUnavailable), watch.breaker.watching("GET Slot"):
        watch.fail(3)
        raise EHRUnavailable("late")

    assert watch.breaker.paused_until == NOON + timedelta(seconds=30)
    watch.later(seconds=30)
    watch.fail()
    assert watch.breaker.paused_until == watch.now + timedelta(seconds=60)


def test_a_late_answer_ends_the_pause(watch: Watch) -> None:
    with watch.breaker.watching("GET Slot"):
        watch.fail(3)

    watch.ask()

    assert watch.breaker.paused_until is None


def test_what_the_server_wishes_is_kept_and_never_cut_short(watch: Watch) -> None:
    watch.breaker.spare(timedelta(minutes=20))
    watch.breaker.spare(timedelta(minutes=2))

    assert watch.refuses() == timedelta(minutes=20)
    watch.later(minutes=20)
    watch.ask()


def test_after_the_server_s_own_wish_everybody_may_go(watch: Watch) -> None:
    watch.breaker.spare(timedelta(minutes=1))
    watch.later(minutes=1)

    with watch.breaker.watching("GET Slot"):
        watch.ask()


@given(
    most=st.integers(1, 6),
    told=st.lists(st.tuples(st.booleans(), st.integers(0, 400)), max_size=60),
)
def test_it_never_stays_shut_and_never_hammers(
    most: int, told: list[tuple[bool, int]]
) -> None:
    watch, failures, shut_for = Watch(most), 0, 0
    for answers, wait in told:
        watch.later(seconds=wait)
        shut_for += wait
        try:
            watch.ask(None if answers else EHRUnavailable("503"))
        except EHRUnavailable as error:
            if str(error) == "503":
                failures, shut_for = failures + 1, 0
            else:
                assert failures >= most
                assert shut_for < 300
        else:
            failures = 0
