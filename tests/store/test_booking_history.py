"""What we saw of a booking over time: when it came, moved and changed."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from reminder.model.appointments import Appointment, AppointmentStatus, History
from reminder.store.store import Store
from tests.store.examples import MAIN, NOW, START, booking, reading
from tests.store.test_appointments import due, settle

DAY = timedelta(days=1)
LATER = NOW + timedelta(hours=1)
LATEST = NOW + timedelta(hours=2)


async def look(
    store: Store,
    seen: Appointment,
    *,
    at: datetime = NOW,
    covered_until: datetime | None = None,
) -> History:
    """The EHR describes it so; its history from then on."""
    shown = reading(seen, fingerprint=f"{seen.start_at} {seen.status}")
    await store.appointments.keep(
        MAIN, [shown], seen_at=at, covered_until=covered_until
    )
    kept = await store.appointments.booking(seen.key)
    assert kept is not None
    return kept.history


@pytest.mark.parametrize(
    ("covered_until", "first_seen_at"),
    [
        pytest.param(None, None, id="nobody-had-looked-before"),
        pytest.param(START + DAY, NOW, id="it-was-not-there-the-last-time"),
        pytest.param(START, None, id="it-came-within-the-horizon"),
    ],
)
async def test_a_booking_is_new_only_where_all_had_been_read_before(
    store: Store, covered_until: datetime | None, first_seen_at: datetime | None
) -> None:
    history = await look(store, booking(), covered_until=covered_until)

    assert history == History(first_seen_at=first_seen_at, first_start_at=START)


async def test_a_move_is_counted_and_a_move_back_once_more(store: Store) -> None:
    await look(store, booking(), covered_until=START + DAY)

    moved = await look(store, booking(start_at=START + DAY), at=LATER)
    back = await look(store, booking(), at=LATEST)

    assert (moved.moves, moved.moved_at, moved.first_start_at) == (1, LATER, START)
    assert (back.moves, back.moved_at, back.first_start_at) == (2, LATEST, START)
    assert (back.first_seen_at, back.status_since) == (NOW, None)


async def test_a_status_counts_from_when_it_was_first_seen(store: Store) -> None:
    cancelled = replace(booking(), status=AppointmentStatus.CANCELLED)
    await look(store, booking())

    history = await look(store, cancelled, at=LATER)
    renamed = replace(cancelled, practitioner="Dr. Ito", start_at=START + DAY)
    after = await look(store, renamed, at=LATEST)

    assert (history.status_since, history.moves) == (LATER, 0)
    assert (after.status_since, after.moves) == (LATER, 1)


async def test_what_was_gone_and_comes_back_keeps_its_history(store: Store) -> None:
    await look(store, booking(), covered_until=START + DAY)
    await look(store, booking(start_at=START + DAY), at=LATER)
    await store.appointments.mark_gone(MAIN, ["a1"], at=LATER)

    history = await look(store, booking(start_at=START + DAY), at=LATEST)

    assert history == History(
        first_seen_at=NOW, first_start_at=START, moved_at=LATER, moves=1
    )


async def test_a_row_of_the_version_before_counts_as_first_seen_where_it_stands(
    store: Store,
) -> None:
    await look(store, booking())
    await forget_history(store)
    as_it_stands = await store.appointments.booking(booking().key)

    moved = await look(store, booking(start_at=START + DAY), at=LATER)

    assert as_it_stands is not None
    assert as_it_stands.history == History(first_start_at=START)
    assert moved == History(first_start_at=START, moved_at=LATER, moves=1)


async def test_a_row_of_the_version_before_is_read_once_more(store: Store) -> None:
    """Its cell lacks what is read today, although the EHR says what it said."""
    await store.appointments.keep(MAIN, [reading(booking())], seen_at=NOW)
    await settle(store)
    await forget_history(store)
    known = await store.appointments.fingerprints(MAIN, START, START + DAY)

    again = await store.appointments.keep(MAIN, [reading(booking())], seen_at=LATER)
    await settle(store)
    thrice = await store.appointments.keep(MAIN, [reading(booking())], seen_at=LATEST)

    assert known == {"a1": ""}
    assert await store.appointments.fingerprints(MAIN, START, START + DAY) == {
        "a1": "f1"
    }
    assert (again, thrice, await due(store)) == (1, 0, set())


async def forget_history(store: Store) -> None:
    """Have every row as the version before wrote it."""
    async with store.database.write() as session:
        await session.execute(text("UPDATE appointment SET first_start_at = NULL"))
