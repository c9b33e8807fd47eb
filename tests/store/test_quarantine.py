"""What could not be read, or only after a repair, until it comes without."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import uuid4

import pytest

from reminder.model.quarantine import QuarantineEntry
from reminder.model.readings import Reading, Unreadable
from reminder.model.sync_state import SyncRun, SyncState
from reminder.store.store import Store
from tests.store.examples import MAIN, NOW, booking, reading

LATER = NOW + timedelta(minutes=5)
LATEST = NOW + timedelta(minutes=10)
NAMELESS = Unreadable("Appointment", None, "Appointment.id", "missing", "h1")
BROKEN = Unreadable("Appointment", "a1", "Appointment.start", "missing", "h2")


def repaired(appointment_id: str = "a1", *, fingerprint: str = "h1") -> Reading:
    """An appointment whose start had no zone."""
    shown = reading(booking(appointment_id), fingerprint=fingerprint)
    paths = ("Appointment.start", "Appointment.end")
    repairs = tuple(
        Unreadable("Appointment", appointment_id, path, "no-zone", fingerprint)
        for path in paths
    )
    return Reading(shown.appointment_id, fingerprint, shown.bookings, repairs)


async def keep(
    store: Store,
    *readings: Reading,
    unchanged: tuple[str, ...] = (),
    unreadable: tuple[Unreadable, ...] = (),
    at: datetime = NOW,
) -> None:
    await store.appointments.keep(
        MAIN, readings, unchanged=unchanged, unreadable=unreadable, seen_at=at
    )


async def entries(store: Store) -> list[str]:
    """Each as 'a1 missing', and whether it could be read after all."""
    return [
        f"{one.resource_id} {one.problem}{' repaired' if one.repaired else ''}"
        for one in await store.quarantine.open()
    ]


async def test_what_had_to_be_put_right_is_in_quarantine_once_and_was_read(
    store: Store,
) -> None:
    await keep(store, repaired())
    await keep(store, repaired(), at=LATER)

    [entry] = await store.quarantine.open()
    assert (entry.path, entry.problem, entry.repaired) == (
        "Appointment.start",
        "no-zone",
        True,
    )
    assert (entry.first_seen_at, entry.last_seen_at) == (NOW, LATER)
    assert await store.appointments.booking(booking().key) is not None


async def test_it_leaves_when_it_comes_without_anything_to_put_right(
    store: Store,
) -> None:
    await keep(store, repaired(), repaired("a2"))

    await keep(store, reading(booking(), fingerprint="h3"), at=LATER)

    assert await entries(store) == ["a2 no-zone repaired"]


async def test_another_state_of_it_takes_the_place_of_the_one_before(
    store: Store,
) -> None:
    await keep(store, repaired())

    await keep(store, repaired(fingerprint="h9"), at=LATER)

    [entry] = await store.quarantine.open()
    assert entry.first_seen_at == LATER


async def test_unchanged_it_is_repaired_still(store: Store) -> None:
    await keep(store, repaired())

    await keep(store, unchanged=("a1",), at=LATER)

    [entry] = await store.quarantine.open()
    assert (entry.repaired, entry.last_seen_at) == (True, LATER)


async def test_back_in_the_state_that_was_put_right_it_is_only_that(
    store: Store,
) -> None:
    await keep(store, repaired())
    await keep(store, unreadable=(BROKEN,), at=LATER)
    meanwhile = await entries(store)

    await keep(store, unchanged=("a1",), at=LATEST)

    assert meanwhile == ["a1 no-zone repaired", "a1 missing"]
    assert await entries(store) == ["a1 no-zone repaired"]


async def test_what_nobody_could_read_and_then_was_put_right_was_read(
    store: Store,
) -> None:
    await keep(store, unreadable=(BROKEN,))

    await keep(store, repaired(fingerprint=BROKEN.fingerprint), at=LATER)

    assert await entries(store) == ["a1 no-zone repaired"]


async def test_what_is_gone_leaves(store: Store) -> None:
    await keep(store, repaired(), unreadable=(BROKEN,))

    await store.appointments.mark_gone(MAIN, ["a1"], at=LATER)

    assert await entries(store) == []


async def test_the_appointments_nobody_could_read_or_knows_are_named(
    store: Store,
) -> None:
    nameless = Unreadable("Appointment", None, "Appointment.id", "missing", "h7")
    patient = Unreadable("Patient", "p1", "Patient.name", "wrong-type", "h8")
    known = Unreadable("Appointment", "a3", "Appointment.start", "missing", "h9")
    await keep(store, repaired("a2"), reading(booking("a3")))
    await keep(store, unreadable=(nameless, patient, BROKEN, known), at=LATER)

    assert await store.appointments.unreadable_ids(MAIN) == ["a1"]
    assert await store.appointments.unreadable_ids("elsewhere") == []


@pytest.mark.parametrize("size", [2500])
async def test_thousands_may_be_put_right_at_once(store: Store, size: int) -> None:
    readings = [repaired(f"a{number}") for number in range(size)]

    await keep(store, *readings)
    await keep(store, unchanged=tuple(f"a{one}" for one in range(1, size)), at=LATER)
    await keep(store, reading(booking("a0"), fingerprint="h3"), at=LATER)

    assert len(await store.quarantine.open()) == size - 1


async def whole_reading(store: Store, *met: Unreadable, at: datetime) -> None:
    """A reading of the whole horizon that met these."""
    run = SyncRun(uuid4(), "plan", at, at, at + timedelta(days=2), {})
    await store.sync_state.begin(MAIN, run)
    await keep(store, unreadable=met, at=at)
    await store.sync_state.keep(MAIN, SyncState(last_window_at=at))
    await store.sync_state.end(MAIN, run.run_id)


@pytest.mark.parametrize("resource_type", ["Appointment", "Patient"])
async def test_what_has_no_id_leaves_with_the_whole_reading_that_did_not_meet_it(
    store: Store, resource_type: str
) -> None:
    """It differs from what it was before: that is one entry, not two."""
    before = Unreadable(resource_type, None, "id", "missing", "h1")
    elsewhere = Unreadable(resource_type, "p1", "id", "missing", "h9")
    await whole_reading(store, before, elsewhere, at=NOW)

    await whole_reading(store, replace(before, fingerprint="h2"), at=LATER)

    assert [one.last_seen_at for one in await nameless(store)] == [LATER]
    await store.sync_state.keep(MAIN, SyncState())
    assert len(await nameless(store)) == 1, "it is not only hidden"
    assert len(await store.quarantine.open()) == 2, "what has an id stays"


async def test_a_whole_reading_that_is_not_over_takes_nothing_away(
    store: Store,
) -> None:
    await keep(store, unreadable=(NAMELESS,))

    await store.sync_state.end(MAIN, uuid4())

    assert len(await nameless(store)) == 1


async def test_what_has_no_id_stays_while_it_is_met(store: Store) -> None:
    await whole_reading(store, NAMELESS, at=NOW)
    await whole_reading(store, NAMELESS, at=LATER)

    [entry] = await nameless(store)
    assert (entry.first_seen_at, entry.last_seen_at) == (NOW, LATER)


async def nameless(store: Store) -> list[QuarantineEntry]:
    return [one for one in await store.quarantine.open() if one.resource_id is None]
