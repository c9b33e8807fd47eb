"""What the EHR said is kept, changes make plans due, and nothing else does."""

from dataclasses import replace
from datetime import timedelta

from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    History,
    Kind,
)
from reminder.model.people import PatientKey
from reminder.model.readings import Reading, Unreadable
from reminder.model.sync_state import SyncState
from reminder.store.store import Store
from tests.store.examples import ADA, MAIN, NOW, START, booking, reading

LATER = NOW + timedelta(minutes=5)
P1 = PatientKey(MAIN, "p1")


async def settle(store: Store) -> None:
    """Everybody's plan is made."""
    people = await store.appointments.people(await store.appointments.to_plan(1000))
    await store.reminders.keep_plans([(person, []) for person in people], now=NOW)
    assert await store.appointments.to_plan(1000) == []


async def due(store: Store) -> set[str]:
    return {key.patient_id for key in await store.appointments.to_plan(1000)}


async def keep(store: Store, *readings: Reading) -> int:
    return await store.appointments.keep(MAIN, readings, seen_at=NOW)


async def test_a_booking_is_given_back_as_it_was_read(store: Store) -> None:
    changed = await keep(store, reading(booking()))

    kept = await store.appointments.booking(booking().key)

    assert changed == 1
    assert kept == replace(booking(), seen_at=NOW)


async def test_a_booking_with_nothing_in_it_is_given_back_as_bare(store: Store) -> None:
    bare = replace(
        booking(),
        end_at=None,
        created_at=None,
        version_id=None,
        place=None,
        practitioner="",
        slot_ids=(),
        join_url=None,
        kind=Kind(),
        instructions="",
    )

    await keep(store, reading(bare))

    assert await store.appointments.booking(bare.key) == replace(bare, seen_at=NOW)


async def test_a_new_booking_makes_the_plan_of_its_patient_due(store: Store) -> None:
    await keep(store, reading(booking()))

    assert await store.appointments.to_plan(10) == [P1]


async def test_the_same_reading_again_only_renews_when_it_was_seen(
    store: Store,
) -> None:
    await keep(store, reading(booking()))
    await settle(store)

    changed = await store.appointments.keep(MAIN, [reading(booking())], seen_at=LATER)

    kept = await store.appointments.booking(booking().key)
    assert kept is not None
    assert (changed, kept.seen_at, await due(store)) == (0, LATER, set())


async def test_what_is_reported_unchanged_only_renews_when_it_was_seen(
    store: Store,
) -> None:
    await keep(store, reading(booking()), reading(booking("a2", "p2")))
    await settle(store)

    changed = await store.appointments.keep(MAIN, [], unchanged={"a1"}, seen_at=LATER)

    seen = [await store.appointments.bookings(one) for one in ("a1", "a2")]
    assert [one[0].seen_at for one in seen] == [LATER, NOW]
    assert (changed, await due(store)) == (0, set())


async def test_a_changed_booking_replaces_the_old_one_and_is_planned_again(
    store: Store,
) -> None:
    await keep(store, reading(booking()), reading(booking("a2", "p2")))
    await settle(store)
    moved = replace(booking(start_at=START + timedelta(days=1)), fingerprint="f2")

    changed = await keep(store, reading(moved, fingerprint="f2"))

    history = History(first_start_at=START, moved_at=NOW, moves=1)
    assert await store.appointments.bookings("a1") == [
        replace(moved, seen_at=NOW, history=history)
    ]
    assert (changed, await due(store)) == (1, {"p1"})


async def test_a_reading_older_than_what_is_kept_changes_nothing(store: Store) -> None:
    cancelled = replace(booking(), status=AppointmentStatus.CANCELLED, fingerprint="f2")
    fresh = reading(cancelled, fingerprint="f2")
    await store.appointments.keep(MAIN, [fresh], seen_at=LATER)

    changed = await keep(store, reading(booking()))
    gone = await store.appointments.mark_gone(MAIN, ["a1"], at=NOW)

    kept = await store.appointments.booking(booking().key)
    assert (changed, gone) == (0, 0)
    assert kept is not None
    assert (kept.status, kept.seen_at) == (AppointmentStatus.CANCELLED, LATER)


async def test_every_patient_of_a_group_has_a_booking_of_their_own(
    store: Store,
) -> None:
    group = [booking(patient_id=one) for one in ("p1", "p2", "p3")]

    changed = await keep(store, reading(*group))

    bookings = await store.appointments.bookings("a1")
    assert [one.key.patient_id for one in bookings] == ["p1", "p2", "p3"]
    assert (changed, await due(store)) == (3, {"p1", "p2", "p3"})


async def test_who_left_a_group_has_no_booking_any_more(store: Store) -> None:
    await keep(store, reading(booking(), booking(patient_id="p2")))
    await settle(store)

    changed = await keep(store, reading(booking(), fingerprint="f2"))

    bookings = await store.appointments.bookings("a1")
    assert [one.key.patient_id for one in bookings] == ["p1"]
    assert (changed, await due(store)) == (2, {"p1", "p2"})
    [p2] = await store.appointments.people([PatientKey(MAIN, "p2")])
    assert p2.appointments == ()


async def test_what_is_gone_is_nowhere_and_planned_again(store: Store) -> None:
    await keep(store, reading(booking()), reading(booking("a2", "p2")))
    await settle(store)

    changed = await store.appointments.mark_gone(MAIN, ["a1", "unknown"], at=LATER)

    assert (changed, await due(store)) == (1, {"p1"})
    assert await store.appointments.booking(booking().key) is None
    assert await store.appointments.bookings("a1") == []
    known = await store.appointments.fingerprints(MAIN, START, START + timedelta(1))
    assert known == {"a2": "f1"}


async def test_what_was_gone_and_is_read_again_is_back(store: Store) -> None:
    await keep(store, reading(booking()))
    await store.appointments.mark_gone(MAIN, ["a1"], at=NOW)
    await settle(store)

    changed = await keep(store, reading(booking()))

    assert (changed, await due(store)) == (1, {"p1"})
    assert len(await store.appointments.bookings("a1")) == 1


async def test_gone_twice_is_gone_once(store: Store) -> None:
    await keep(store, reading(booking()))
    await store.appointments.mark_gone(MAIN, ["a1"], at=NOW)
    await settle(store)

    assert await store.appointments.mark_gone(MAIN, ["a1"], at=LATER) == 0
    assert await due(store) == set()


async def test_fingerprints_are_those_of_bookings_that_start_in_the_period(
    store: Store,
) -> None:
    starts = {"a1": START, "a2": START + timedelta(days=1), "a3": START - timedelta(1)}
    await keep(store, *(reading(booking(one, "p1", at)) for one, at in starts.items()))

    known = await store.appointments.fingerprints(MAIN, START, START + timedelta(1))
    elsewhere = await store.appointments.fingerprints("x", START, START + timedelta(1))

    assert known == {"a1": "f1"}
    assert elsewhere == {}


async def test_two_connections_may_use_the_same_ids(store: Store) -> None:
    other = replace(booking(), key=AppointmentKey("other", "a1", "p1"))
    await keep(store, reading(booking()))
    await store.appointments.keep("other", [reading(other)], seen_at=NOW)

    everywhere = await store.appointments.bookings("a1")
    here = await store.appointments.bookings("a1", MAIN)

    assert [one.key.connection for one in everywhere] == [MAIN, "other"]
    assert [one.key.connection for one in here] == [MAIN]
    assert await store.appointments.mark_gone("other", ["a1"], at=NOW) == 1
    assert await store.appointments.booking(booking().key) is not None


async def test_thousands_of_readings_are_kept_at_once(store: Store) -> None:
    readings = [reading(booking(f"a{one}", f"p{one % 900}")) for one in range(2500)]

    changed = await keep(store, *readings)
    again = await keep(store, *readings)

    assert (changed, again) == (2500, 0)
    assert len(await due(store)) == 900


async def test_an_unreadable_entry_is_in_quarantine_until_it_is_readable(
    store: Store,
) -> None:
    bad = Unreadable("Appointment", "a1", "Appointment.start", "missing", "h1")
    nameless = Unreadable("Appointment", None, "Appointment.id", "missing", "h2")
    await store.appointments.keep(MAIN, [], unreadable=[bad, nameless], seen_at=NOW)
    await store.appointments.keep(MAIN, [], unreadable=[bad], seen_at=LATER)

    before = await store.quarantine.open()
    await keep(store, reading(booking()))
    after = await store.quarantine.open()

    assert [
        (one.resource_id, one.path, one.problem, one.first_seen_at, one.last_seen_at)
        for one in before
    ] == [
        (None, "Appointment.id", "missing", NOW, NOW),
        ("a1", "Appointment.start", "missing", NOW, LATER),
    ]
    assert [one.resource_id for one in after] == [None]


async def test_a_resource_unreadable_in_another_way_is_in_quarantine_once(
    store: Store,
) -> None:
    first = Unreadable("Appointment", "a1", "Appointment.start", "missing", "h1")
    then = Unreadable("Appointment", "a1", "Appointment.status", "unknown-code", "h2")
    await store.appointments.keep(MAIN, [], unreadable=[first], seen_at=NOW)

    await store.appointments.keep(MAIN, [], unreadable=[then], seen_at=LATER)

    assert [one.path for one in await store.quarantine.open()] == ["Appointment.status"]


async def test_a_resource_restored_to_a_state_we_know_leaves_the_quarantine(
    store: Store,
) -> None:
    bad = Unreadable("Appointment", "a1", "Appointment.start", "missing", "h1")
    await store.appointments.keep(MAIN, [], unreadable=[bad], seen_at=NOW)

    await store.appointments.keep(MAIN, [], unchanged=["a1"], seen_at=LATER)

    assert await store.quarantine.open() == []


async def test_an_unreadable_appointment_the_whole_horizon_lacks_is_not_shown(
    store: Store,
) -> None:
    entries = [
        Unreadable("Appointment", "a1", "Appointment.start", "missing", "h1"),
        Unreadable("Appointment", "a2", "Appointment.start", "missing", "h2"),
        Unreadable("Patient", "p1", "Patient.name", "wrong-type", "h3"),
    ]
    await store.appointments.keep(MAIN, [], unreadable=entries, seen_at=NOW)

    await store.appointments.keep(MAIN, [], unreadable=entries[:1], seen_at=LATER)
    await store.sync_state.keep(MAIN, SyncState(last_window_at=LATER))

    assert [one.resource_id for one in await store.quarantine.open()] == ["a1", "p1"]


async def test_other_rules_plan_everybody_again_and_the_same_rules_nobody(
    store: Store,
) -> None:
    await keep(store, reading(booking()), reading(booking("a2", "p2")))
    first = await store.appointments.replan_all_if_changed("rules-1")
    await settle(store)

    same = await store.appointments.replan_all_if_changed("rules-1")
    nobody = await due(store)
    other = await store.appointments.replan_all_if_changed("rules-2")

    assert (first, same, other) == (True, False, True)
    assert (nobody, await due(store)) == (set(), {"p1", "p2"})


async def test_no_more_people_are_to_plan_than_asked_for(store: Store) -> None:
    await keep(store, *(reading(booking(f"a{one}", f"p{one}")) for one in range(5)))

    first = await store.appointments.to_plan(2)

    assert len(first) == 2
    assert await store.appointments.to_plan(2) == first


async def test_a_booking_of_somebody_unknown_makes_them_known_but_not_read(
    store: Store,
) -> None:
    await keep(store, reading(booking()))

    [person] = await store.appointments.people([P1])

    assert person.patient is None
    assert [one.key for one in person.appointments] == [booking().key]
    assert ADA.key == person.key
