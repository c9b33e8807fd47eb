"""However readings of one appointment come in, the newest is what is kept."""

import itertools
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.model.appointments import AppointmentStatus
from reminder.model.readings import Reading
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.store.examples import MAIN, NOW, booking

MINUTE = timedelta(minutes=1)
_NAMES = (f"a{number}" for number in itertools.count())


@dataclass(frozen=True)
class Said:
    """What the EHR said of an appointment at an instant; written then, if known."""

    asked: int
    written: int | None = None

    @property
    def asked_at(self) -> datetime:
        return NOW + self.asked * MINUTE

    def reading(self, appointment_id: str) -> Reading:
        print_ = f"{self.asked}-{self.written}"
        written_at = None if self.written is None else NOW + self.written * MINUTE
        shown = replace(booking(appointment_id), fingerprint=print_)
        shown = replace(shown, updated_at=written_at, practitioner=print_)
        return Reading(appointment_id, print_, (shown,))


async def kept_of(store: Store, said: Sequence[Said]) -> str:
    """Which of them is kept after all came in, in this order."""
    appointment_id = next(_NAMES)
    for one in said:
        reading = one.reading(appointment_id)
        await store.appointments.keep(MAIN, [reading], seen_at=one.asked_at)
    [kept] = await store.appointments.bookings(appointment_id)
    return kept.practitioner


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        pytest.param(
            [Said(1, written=5), Said(2, written=4)],
            "1-5",
            id="an-older-state-is-not-taken-though-we-asked-later",
        ),
        pytest.param(
            [Said(1, written=4), Said(2, written=5)], "2-5", id="a-newer-state-is"
        ),
        pytest.param(
            [Said(1, written=4), Said(2, written=4)],
            "2-4",
            id="of-one-age-what-we-asked-for-later",
        ),
        pytest.param(
            [Said(2, written=4), Said(1, written=5)],
            "1-5",
            id="a-newer-state-is-taken-though-we-asked-earlier",
        ),
        pytest.param([Said(1), Said(2)], "2-None", id="without-an-age-the-later"),
        pytest.param(
            [Said(1, written=4), Said(2)],
            "2-None",
            id="an-age-that-is-not-told-any-more",
        ),
        pytest.param(
            [Said(1, written=4), Said(1)], "1-None", id="of-one-instant-what-came-last"
        ),
        pytest.param(
            [Said(2), Said(1)], "2-None", id="the-page-that-was-asked-for-earlier"
        ),
    ],
)
async def test_what_is_kept_of_two(
    store: Store, said: Sequence[Said], kept: str
) -> None:
    assert await kept_of(store, said) == kept


@pytest.mark.parametrize(
    ("minutes", "kept"),
    [
        pytest.param(9, "0-5", id="an-index-that-lags-behind"),
        pytest.param(10, "10-4", id="a-backup-or-another-clock"),
    ],
)
async def test_an_older_state_that_is_still_told_later_is_how_it_is(
    store: Store, minutes: int, kept: str
) -> None:
    said = [Said(0, written=5), Said(minutes, written=4)]

    assert await kept_of(store, said) == kept


HOURS = 60


@pytest.mark.parametrize(
    ("ahead", "now", "kept"),
    [
        pytest.param(Said(20 * HOURS), Said(0), "0-None", id="no-answer-takes-so-long"),
        pytest.param(
            Said(20 * HOURS, 1), Said(0, 1), "0-1", id="nor-one-that-says-when"
        ),
        pytest.param(
            Said(20 * HOURS, 2), Said(0, 1), "0-1", id="nor-one-of-a-later-state"
        ),
        pytest.param(
            Said(HOURS), Said(0), f"{HOURS}-None", id="an-answer-that-took-long"
        ),
    ],
)
async def test_what_was_seen_by_a_clock_since_put_back_does_not_count(
    store: Store, ahead: Said, now: Said, kept: str
) -> None:
    assert await kept_of(store, [ahead, now]) == kept


async def test_what_was_seen_by_a_clock_since_put_back_can_be_seen_again_and_go(
    store: Store,
) -> None:
    ahead = NOW + 20 * HOURS * MINUTE
    await store.appointments.keep(
        MAIN, [Said(0).reading("a1"), Said(0).reading("a2")], seen_at=ahead
    )

    await store.appointments.keep(MAIN, [], unchanged=["a1"], seen_at=NOW)
    await store.appointments.mark_gone(MAIN, ["a2"], at=NOW)

    [seen] = await store.appointments.bookings("a1")
    assert seen.seen_at == NOW
    assert await store.appointments.bookings("a2") == []


async def test_an_older_state_does_not_say_that_the_newer_was_seen(
    store: Store,
) -> None:
    await kept_of(store, [Said(1, written=5)])
    [kept] = await store.appointments.upcoming(None, NOW, 1000)
    [person] = await store.appointments.people([kept])
    appointment_id = person.appointments[0].key.appointment_id
    stale = Said(2, written=4)

    await store.appointments.keep(
        MAIN, [stale.reading(appointment_id)], seen_at=stale.asked_at
    )

    [after] = await store.appointments.bookings(appointment_id)
    assert after.seen_at == NOW + MINUTE


_ALL_AGED = st.builds(Said, st.integers(0, 5), st.integers(0, 3))
_AGELESS = st.builds(Said, st.integers(0, 9))


@given(
    said=st.one_of(
        st.lists(_ALL_AGED, min_size=1, max_size=6, unique=True),
        st.lists(_AGELESS, min_size=1, max_size=6, unique=True),
    ),
    data=st.data(),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
async def test_in_whatever_order_they_come_the_newest_is_kept(
    one_store: Store, said: list[Said], data: st.DataObject
) -> None:
    order = data.draw(st.permutations(said))
    newest = max(said, key=lambda one: (one.written or 0, one.asked))

    kept = await kept_of(one_store, order)

    assert kept == f"{newest.asked}-{newest.written}"


async def test_what_is_gone_does_not_come_back_by_an_earlier_question(
    store: Store,
) -> None:
    early, newer = Said(1, written=9), Said(0, written=4)
    await store.appointments.keep(MAIN, [newer.reading("a1")], seen_at=newer.asked_at)
    await store.appointments.mark_gone(MAIN, ["a1"], at=NOW + 2 * MINUTE)

    await store.appointments.keep(MAIN, [early.reading("a1")], seen_at=early.asked_at)
    still_gone = await store.appointments.bookings("a1")
    late = Said(3, written=4)
    await store.appointments.keep(MAIN, [late.reading("a1")], seen_at=late.asked_at)

    assert still_gone == []
    assert len(await store.appointments.bookings("a1")) == 1


async def test_a_page_asked_for_before_a_read_by_id_does_not_undo_it(
    store: Store,
) -> None:
    """The page may have come later, and was asked for earlier."""
    known = replace(booking(), fingerprint="known")
    cancelled = replace(
        known, status=AppointmentStatus.CANCELLED, fingerprint="cancelled"
    )
    await store.appointments.keep(MAIN, [Reading("a1", "known", (known,))], seen_at=NOW)
    asked_at, read_at = NOW + MINUTE, NOW + 2 * MINUTE

    await store.appointments.keep(
        MAIN, [Reading("a1", "cancelled", (cancelled,))], seen_at=read_at
    )
    await store.appointments.keep(MAIN, [], unchanged=["a1"], seen_at=asked_at)
    await store.appointments.keep(
        MAIN, [Reading("a1", "known", (known,))], seen_at=asked_at
    )

    [kept] = await store.appointments.bookings("a1")
    assert (kept.status, kept.seen_at) == (AppointmentStatus.CANCELLED, read_at)


@pytest.fixture
async def one_store(sqlite_url: str, ring: KeyRing) -> AsyncIterator[Store]:
    """A SQLite store for many examples, each with an appointment of its own."""
    opened = await open_store(sqlite_url, ring)
    yield opened
    await opened.aclose()
