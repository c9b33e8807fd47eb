"""People are read as the planner sees them, and kept sealed until then."""

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import text

from reminder.model.people import (
    Channel,
    ContactPoint,
    Patient,
    PatientKey,
    Preference,
)
from reminder.model.readings import Unreadable
from reminder.store.errors import CellUnreadable
from reminder.store.store import Store
from tests.store.examples import (
    ADA,
    EMAIL,
    GUARDIAN_SMS,
    MAIN,
    NOW,
    SMS,
    START,
    booking,
    keep_plan,
    planned,
    reading,
    statements,
)
from tests.store.test_appointments import due, keep, settle

LATER = NOW + timedelta(hours=1)


async def keep_patients(store: Store, *patients: Patient) -> int:
    asked = [patient.key.patient_id for patient in patients]
    return await store.appointments.keep_patients(
        MAIN, patients, asked=asked, seen_at=NOW
    )


async def to_read(store: Store, older_than_min: int = 60, limit: int = 10) -> list[str]:
    older_than = NOW - timedelta(minutes=older_than_min)
    return await store.appointments.patients_to_read(
        MAIN, older_than=older_than, limit=limit
    )


async def test_a_patient_is_given_back_as_read(store: Store) -> None:
    changed = await keep_patients(store, ADA)

    [person] = await store.appointments.people([ADA.key])

    assert changed == 1
    assert person.patient == ADA


async def test_a_patient_of_whom_little_is_known_is_given_back_as_read(
    store: Store,
) -> None:
    unknown = Patient(key=PatientKey(MAIN, "p9"), deceased=True, active=False)

    await keep_patients(store, unknown)

    [person] = await store.appointments.people([unknown.key])
    assert person.patient == unknown


async def test_it_is_known_when_the_ehr_last_described_a_patient(store: Store) -> None:
    await keep_patients(store, ADA)

    await store.appointments.keep_patients(MAIN, [ADA], asked=["p1"], seen_at=LATER)

    [person] = await store.appointments.people([ADA.key])
    assert person.seen_at == LATER


async def test_who_was_booked_and_never_read_is_to_be_read_first(store: Store) -> None:
    await keep(store, *(reading(booking(f"a{one}", f"p{one}")) for one in (1, 2)))
    await store.appointments.keep_patients(MAIN, [ADA], asked=["p1"], seen_at=NOW)

    never = await to_read(store)
    long_ago = await to_read(store, older_than_min=-1)

    assert never == ["p2"]
    assert long_ago == ["p2", "p1"]


async def test_who_has_no_booking_ahead_is_not_read_again(store: Store) -> None:
    past = booking("a2", "p2", NOW - timedelta(days=2))
    await keep(store, reading(booking()), reading(past))
    await store.appointments.mark_gone(MAIN, ["a1"], at=NOW)

    assert await to_read(store) == []


async def test_no_more_patients_are_to_read_than_asked_for(store: Store) -> None:
    await keep(store, *(reading(booking(f"a{one}", f"p{one}")) for one in range(5)))

    assert len(await to_read(store, limit=3)) == 3


async def test_the_same_patient_again_makes_no_plan_due(store: Store) -> None:
    await keep_patients(store, ADA)
    await settle(store)

    assert await keep_patients(store, ADA) == 0
    assert await due(store) == set()


@pytest.mark.parametrize(
    "changed",
    [
        replace(ADA, given="Adaeze"),
        replace(ADA, birth_date="1984-02-04"),
        replace(ADA, language="en"),
        replace(ADA, deceased=True),
        replace(ADA, active=False),
        replace(ADA, opted_out=True),
        replace(ADA, contact_points=(SMS,)),
        replace(ADA, contact_points=(SMS, EMAIL)),
        replace(ADA, guardians=()),
    ],
    ids=[
        "given", "birth-date", "language", "deceased", "active", "opted-out",
        "contact-points", "order", "guardians",
    ],
)  # fmt: skip
async def test_a_changed_patient_is_kept_and_planned_again(
    store: Store, changed: Patient
) -> None:
    await keep_patients(store, ADA)
    await settle(store)

    count = await keep_patients(store, changed)

    [person] = await store.appointments.people([ADA.key])
    assert (count, person.patient, await due(store)) == (1, changed, {"p1"})


async def test_who_was_asked_for_and_is_absent_becomes_unreadable_until_read_again(
    store: Store,
) -> None:
    await keep(store, reading(booking()))
    await keep_patients(store, ADA)
    await settle(store)

    changed = await store.appointments.keep_patients(
        MAIN, [], asked=["p1"], seen_at=LATER
    )
    [absent] = await store.appointments.people([ADA.key])
    due_absent, to_read_absent = await due(store), await to_read(store)
    await store.appointments.keep_patients(MAIN, [ADA], asked=["p1"], seen_at=LATER)
    [back] = await store.appointments.people([ADA.key])

    assert (changed, absent.patient, due_absent) == (1, None, {"p1"})
    assert to_read_absent == []
    assert back.patient == ADA


async def test_a_stranger_who_is_absent_is_asked_for_only_once_in_a_while(
    store: Store,
) -> None:
    await keep(store, reading(booking()))
    await settle(store)

    changed = await store.appointments.keep_patients(
        MAIN, [], asked=["p1"], seen_at=NOW
    )

    assert (changed, await to_read(store), await due(store)) == (0, [], set())


async def test_a_reading_of_a_patient_older_than_the_kept_one_changes_nothing(
    store: Store,
) -> None:
    dead = replace(ADA, deceased=True)
    await store.appointments.keep_patients(MAIN, [dead], asked=["p1"], seen_at=LATER)

    assert await keep_patients(store, ADA) == 0

    [person] = await store.appointments.people([ADA.key])
    assert person.patient == dead


async def test_a_patient_read_by_a_clock_since_put_back_is_read_anew(
    store: Store,
) -> None:
    await store.appointments.keep_patients(
        MAIN, [ADA], asked=["p1"], seen_at=NOW + timedelta(hours=20)
    )

    assert await keep_patients(store, replace(ADA, deceased=True)) == 1

    [person] = await store.appointments.people([ADA.key])
    assert (person.patient.deceased, person.seen_at) == (True, NOW)


async def test_an_unreadable_patient_is_in_quarantine_until_readable(
    store: Store,
) -> None:
    bad = Unreadable("Patient", "p1", "Patient.name", "wrong-type", "h1")
    await store.appointments.keep_patients(
        MAIN, [], asked=["p1"], unreadable=[bad], seen_at=NOW
    )
    before = [one.resource_id for one in await store.quarantine.open()]

    await keep_patients(store, ADA)

    assert (before, await store.quarantine.open()) == (["p1"], [])


async def test_a_guardian_leaves_the_quarantine_with_the_child(store: Store) -> None:
    bad = Unreadable("RelatedPerson", "r1", "RelatedPerson.patient", "missing", "h1")
    await store.appointments.keep_patients(
        MAIN, [], asked=["p1"], unreadable=[bad], seen_at=NOW
    )

    await keep_patients(store, ADA)

    assert await store.quarantine.open() == []


async def test_everything_of_a_person_comes_together(store: Store) -> None:
    await keep(store, reading(booking()), reading(booking("a2")))
    await keep_patients(store, ADA)
    [before] = await store.appointments.people([ADA.key])
    await keep_plan(store, before, [planned()], now=NOW)
    await store.preferences.keep(ADA.key, Preference(channel=Channel.SMS), now=NOW)

    [person] = await store.appointments.people([ADA.key])

    assert {one.key.appointment_id for one in person.appointments} == {"a1", "a2"}
    assert person.preference == Preference(channel=Channel.SMS)
    assert [one.key for one in person.kept] == [planned().key]
    assert person.kept[0].routes == planned().routes
    assert person.revision == before.revision + 1


@pytest.mark.parametrize("point", [EMAIL, GUARDIAN_SMS], ids=["own", "guardians"])
async def test_an_address_that_said_stop_is_blocked_for_all_who_share_it(
    store: Store, point: ContactPoint
) -> None:
    sister = replace(ADA, key=PatientKey(MAIN, "p2"), given="Bea")
    stranger = Patient(key=PatientKey(MAIN, "p3"), contact_points=(SMS,))
    await keep_patients(store, ADA, sister, stranger)
    await settle(store)

    await store.preferences.opt_out(point, "STOP", at=NOW)

    keys = [ADA.key, sister.key, stranger.key]
    people = await store.appointments.people(keys)
    assert [one.blocked for one in people] == [{point}, {point}, frozenset()]
    assert await due(store) == {"p1", "p2"}


async def test_an_address_given_up_is_no_longer_found(store: Store) -> None:
    await keep_patients(store, ADA)
    await keep_patients(store, replace(ADA, contact_points=(SMS,)))
    await settle(store)

    await store.preferences.opt_out(EMAIL, "STOP", at=NOW)

    assert await due(store) == set()


async def test_people_come_in_the_order_asked_for_and_strangers_are_left_out(
    store: Store,
) -> None:
    patients = [Patient(key=PatientKey(MAIN, f"p{one}")) for one in range(5)]
    await keep_patients(store, *patients)
    keys = [PatientKey(MAIN, f"p{one}") for one in (3, 7, 1)]

    people = await store.appointments.people(keys)

    assert [one.key.patient_id for one in people] == ["p3", "p1"]


async def test_many_people_take_as_many_statements_as_one(store: Store) -> None:
    patients = [replace(ADA, key=PatientKey(MAIN, f"p{one}")) for one in range(300)]
    await keep_patients(store, *patients)
    await keep(store, *(reading(booking(f"a{one}", f"p{one}")) for one in range(300)))

    with statements() as seen:
        people = await store.appointments.people([one.key for one in patients])

    assert len(people) == 300
    assert all(len(one.appointments) == 1 for one in people)
    assert len(seen) == 9


async def test_a_cell_of_another_row_is_an_error_and_never_a_wrong_name(
    store: Store,
) -> None:
    bea = replace(ADA, key=PatientKey(MAIN, "p2"), given="Bea")
    await keep_patients(store, ADA, bea)
    swap = "UPDATE person SET sealed = (SELECT sealed FROM person WHERE patient_id = "
    async with store.database.write() as session:
        await session.execute(text(swap + "'p2') WHERE patient_id = 'p1'"))

    with pytest.raises(CellUnreadable, match=r"^person\.sealed of "):
        await store.appointments.people([ADA.key])


async def test_a_visit_on_the_clock_change_keeps_its_instant(store: Store) -> None:
    spring = booking(start_at=START.replace(month=3, day=14, hour=7, minute=59))

    await keep(store, reading(spring))

    kept = await store.appointments.booking(spring.key)
    assert kept is not None
    assert kept.start_at == spring.start_at
    assert kept.start_at.utcoffset() == timedelta(0)
