"""What a reading asks the store: who is known, and who was not seen since it began."""

from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.appointments import Appointment
from reminder.model.people import PatientKey
from reminder.model.readings import Unreadable
from reminder.store.keyring import KeyRing
from reminder.store.store import Store, open_store
from tests.store.examples import ADA, MAIN, NOW, START, booking, reading, statements

DAY = timedelta(days=1)
LATER = NOW + timedelta(minutes=5)
WEEK = (START, START + 7 * DAY)
BROKEN = Unreadable("Appointment", "a1", "Appointment.start", "missing", "h1")


async def given(store: Store, *bookings: Appointment, connection: str = MAIN) -> None:
    readings = [reading(one) for one in bookings]
    await store.appointments.keep(connection, readings, seen_at=NOW)


async def unseen(store: Store, *patients: str) -> list[str]:
    of = patients or None
    return await store.appointments.unseen(MAIN, *WEEK, since=LATER, patient_ids=of)


async def test_unseen_is_what_nothing_was_heard_of_since(store: Store) -> None:
    await given(store, booking("a1"), booking("a2"), booking("a3"), booking("a4"))
    await store.appointments.keep(
        MAIN, [reading(booking("a1"))], unchanged=["a2"], seen_at=LATER
    )
    await store.appointments.mark_gone(MAIN, ["a3"], at=NOW)

    assert await unseen(store) == ["a4"]


@pytest.mark.parametrize(
    ("start_at", "is_missed"),
    [
        pytest.param(WEEK[0], True, id="at-the-beginning"),
        pytest.param(WEEK[0] - timedelta(seconds=1), False, id="before"),
        pytest.param(WEEK[1], False, id="at-the-end"),
    ],
)
async def test_unseen_is_only_what_starts_in_the_period(
    store: Store, start_at: object, is_missed: bool
) -> None:
    await given(store, booking(start_at=start_at))  # type: ignore[arg-type]

    assert await unseen(store) == (["a1"] if is_missed else [])


async def test_what_was_met_and_could_not_be_read_is_not_unseen(store: Store) -> None:
    await given(store, booking("a1"), booking("a2"))
    await store.appointments.keep(MAIN, [], unreadable=[BROKEN], seen_at=LATER)

    assert await unseen(store) == ["a2"]


async def test_what_could_not_be_read_the_time_before_may_be_unseen(
    store: Store,
) -> None:
    await given(store, booking("a1"))
    await store.appointments.keep(MAIN, [], unreadable=[BROKEN], seen_at=NOW)

    assert await unseen(store) == ["a1"]


async def test_of_a_group_that_is_unseen_there_is_one_id(store: Store) -> None:
    group = [booking(patient_id=one) for one in ("p1", "p2")]
    await store.appointments.keep(MAIN, [reading(*group)], seen_at=NOW)

    assert await unseen(store) == ["a1"]
    assert await store.appointments.count_known(MAIN, *WEEK) == 1


async def test_of_certain_patients_only_theirs_is_unseen(store: Store) -> None:
    await given(store, booking("a1", "p1"), booking("a2", "p2"), booking("a3", "p3"))

    assert await unseen(store, "p1", "p3") == ["a1", "a3"]


async def test_fingerprints_can_be_those_of_certain_patients(store: Store) -> None:
    await given(store, booking("a1", "p1"), booking("a2", "p2"))

    known = store.appointments.fingerprints
    assert await known(MAIN, *WEEK, ["p2", "stranger"]) == {"a2": "f1"}
    assert await known(MAIN, *WEEK, []) == {}


async def test_fingerprints_can_be_those_of_certain_appointments(store: Store) -> None:
    await given(store, booking("a1"), booking("a2"), booking("a3"))
    await store.appointments.mark_gone(MAIN, ["a2"], at=NOW)

    known = await store.appointments.fingerprints_of(MAIN, ["a1", "a2", "stranger"])

    assert known == {"a1": "f1"}


@pytest.mark.parametrize(
    ("since_min", "until_min", "unseen"),
    [
        pytest.param(0, 0, set(), id="seen-just-then"),
        pytest.param(1, 2, {"a1"}, id="not-since"),
        pytest.param(-2, -1, {"a1"}, id="later-than-now"),
    ],
)
async def test_of_certain_appointments_those_not_seen_lately_are_told(
    store: Store, since_min: int, until_min: int, unseen: set[str]
) -> None:
    await given(store, booking("a1"), booking("a2"), booking("other"))
    await store.appointments.mark_gone(MAIN, ["a2"], at=NOW)
    since, until = (NOW + timedelta(minutes=one) for one in (since_min, until_min))

    assert (
        await store.appointments.unseen_of(
            MAIN, ["a1", "a2", "stranger"], since=since, until=until
        )
        == unseen
    )


async def test_known_ids_come_a_page_at_a_time_and_each_once(store: Store) -> None:
    await given(store, *(booking(f"a{one}") for one in range(5)))
    group = [booking("a2", "p2"), booking("a2", "p3")]
    await store.appointments.keep(MAIN, [reading(*group)], seen_at=LATER)
    await given(store, booking("b", start_at=START - DAY))
    await store.appointments.mark_gone(MAIN, ["a3"], at=LATER)

    pages, after = [], ""
    while ids := await store.appointments.known_ids(MAIN, *WEEK, after, 2):
        pages.append(ids)
        after = ids[-1]

    assert pages == [["a0", "a1"], ["a2", "a4"]]


async def test_who_died_or_is_inactive_is_not_asked_for_any_more(store: Store) -> None:
    await given(store, *(booking(f"a{one}", f"p{one}") for one in range(4)))
    patients = [
        replace(ADA, key=PatientKey(MAIN, "p1"), deceased=True),
        replace(ADA, key=PatientKey(MAIN, "p2"), active=False),
        replace(ADA, key=PatientKey(MAIN, "p3")),
    ]
    asked = {"p1", "p2", "p3"}
    await store.appointments.keep_patients(MAIN, patients, asked=asked, seen_at=NOW)

    assert await store.appointments.known_patients(MAIN) == ["p0", "p3"]
    assert await store.appointments.known_patients("elsewhere") == []


async def test_the_ehr_was_last_heard_when_any_appointment_was_seen(
    store: Store,
) -> None:
    before = await store.appointments.last_seen_at(MAIN)
    await given(store, booking("a1"), booking("a2"))
    await store.appointments.keep(MAIN, [], unchanged=["a2"], seen_at=LATER)

    assert before is None
    assert await store.appointments.last_seen_at(MAIN) == LATER
    assert await store.appointments.last_seen_at("elsewhere") is None


async def test_no_question_reads_a_whole_table_of_a_sqlite_file(
    sqlite_url: str, ring: KeyRing
) -> None:
    """PostgreSQL decides by what is in the table."""
    store = await open_store(sqlite_url, ring)
    known = store.appointments
    with statements() as asked:
        await known.fingerprints(MAIN, *WEEK)
        await known.fingerprints(MAIN, *WEEK, ["p1"])
        await known.fingerprints_of(MAIN, ["a1"])
        await known.known_ids(MAIN, *WEEK, "", 10)
        await known.count_known(MAIN, *WEEK)
        await known.unseen(MAIN, *WEEK, since=NOW)
        await known.unseen(MAIN, *WEEK, since=NOW, patient_ids=["p1"])

    plans = [await plan_of(store, one) for one in asked]
    await store.aclose()

    assert len(plans) == 7
    for steps in plans:
        assert not [step for step in steps if step.startswith("SCAN")], steps


async def plan_of(store: Store, statement: str) -> list[str]:
    """What SQLite would do, step by step."""
    async with store.database.read() as session:
        connection = await session.connection()
        values = tuple("" for _ in range(statement.count("?")))
        rows = await connection.exec_driver_sql(
            f"EXPLAIN QUERY PLAN {statement}", values
        )
        return [row.detail for row in rows]
