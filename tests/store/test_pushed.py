"""What the EHR pushed: kept until it was read, and never lost between two pushes."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import update

from reminder.model.people import PatientKey
from reminder.model.pushed import SOMETHING, DueHint, Hint
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.pushed import PushedStore
from reminder.store.statements import table
from reminder.store.tables import PersonRow
from tests.store.given import ANA as MAIL
from tests.store.given import MINUTE, NOON, given_person

A1, A2 = Hint("Appointment", "a1"), Hint("Appointment", "a2")
ANA = Hint("Patient", "p1")
LATER = NOON + 5 * MINUTE


@pytest.fixture
def pushed(database: Database) -> PushedStore:
    return PushedStore(database)


async def due(
    pushed: PushedStore, *, minutes: float = 0, limit: int = 10
) -> list[DueHint]:
    now = NOON + timedelta(minutes=minutes)
    return await pushed.due("main", now=now, until=now + 5 * MINUTE, limit=limit)


async def names(pushed: PushedStore, **when: float) -> list[Hint]:
    return [one.hint for one in await due(pushed, **when)]


async def test_what_was_pushed_is_due_at_once_the_oldest_first(
    pushed: PushedStore,
) -> None:
    await pushed.add("main", [A2], at=NOON - MINUTE)

    kept = await pushed.add("main", [A1, SOMETHING, A1], at=NOON)

    assert kept == 2
    assert await names(pushed) == [A2, SOMETHING, A1]


async def test_of_very_many_only_so_many_are_handed_out(pushed: PushedStore) -> None:
    await pushed.add("main", [Hint("Appointment", f"a{n}") for n in range(5)], at=NOON)

    sizes = [len(await due(pushed, limit=3)) for _ in range(3)]

    assert sizes == [3, 2, 0]


async def test_connections_do_not_mix(pushed: PushedStore) -> None:
    await pushed.add("main", [A1], at=NOON)
    await pushed.add("other", [A1, A2], at=NOON)

    [mine] = await due(pushed)
    await pushed.done("main", [mine])

    assert await names(pushed, minutes=10) == []
    theirs = await pushed.due("other", now=NOON, until=LATER, limit=10)
    assert [one.hint for one in theirs] == [A1, A2]


async def test_what_was_read_is_done(pushed: PushedStore) -> None:
    await pushed.add("main", [A1, A2], at=NOON)

    await pushed.done("main", await due(pushed, limit=1))

    assert await names(pushed, minutes=10) == [A2]


async def test_a_node_that_died_while_reading_loses_nothing(
    pushed: PushedStore,
) -> None:
    await pushed.add("main", [A1], at=NOON)
    await due(pushed)

    assert await names(pushed, minutes=4) == []
    assert await names(pushed, minutes=5) == [A1]


@pytest.mark.parametrize(
    "at",
    [NOON + MINUTE, NOON, NOON - MINUTE],
    ids=["later", "at-the-same-instant", "by-a-clock-that-is-behind"],
)
async def test_what_is_pushed_again_while_it_is_read_is_read_again(
    pushed: PushedStore, at: object
) -> None:
    await pushed.add("main", [A1], at=NOON)
    being_read = await due(pushed)
    await pushed.add("main", [A1], at=at)  # type: ignore[arg-type]

    await pushed.done("main", being_read)
    await pushed.again("main", being_read, at=NOON + 60 * MINUTE)

    assert await names(pushed, minutes=1) == [A1]


async def test_what_another_node_was_handed_meanwhile_is_not_ours_to_end(
    pushed: PushedStore,
) -> None:
    await pushed.add("main", [A1], at=NOON)
    slow = await due(pushed)
    await due(pushed, minutes=6)

    await pushed.done("main", slow)

    assert await names(pushed, minutes=12) == [A1]


async def test_what_could_not_be_read_waits_and_comes_again(
    pushed: PushedStore,
) -> None:
    await pushed.add("main", [A1], at=NOON)

    await pushed.again("main", await due(pushed), at=NOON + 15 * MINUTE)

    assert await names(pushed, minutes=14) == []
    assert await names(pushed, minutes=15) == [A1]


async def test_patients_are_read_again_only_if_we_know_them(
    pushed: PushedStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PatientKey("main", "p1"), MAIL)

    kept = await pushed.add("main", [ANA, Hint("Patient", "stranger")], at=NOON)

    assert kept == 1
    assert await names(pushed) == [ANA]


async def test_the_words_of_a_survivor_are_those_of_whom_it_replaced(
    pushed: PushedStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PatientKey("main", "p1"), MAIL)
    await given_person(database, ring, PatientKey("other", "p2"), MAIL)
    async with database.write() as session:
        merge = update(table(PersonRow)).values(survivor_id="new")
        await session.execute(merge)

    kept = await pushed.add("main", [Hint("Patient", "new")], at=NOON)

    assert kept == 1
    assert await names(pushed) == [ANA]


async def test_nothing_is_kept_of_nothing(pushed: PushedStore) -> None:
    assert await pushed.add("main", [], at=NOON) == 0
    await pushed.done("main", [])
    assert await names(pushed) == []


async def test_many_nodes_never_read_the_same_at_once(pushed: PushedStore) -> None:
    hints = {Hint("Appointment", f"a{n}") for n in range(60)}
    await pushed.add("main", hints, at=NOON)

    handed = await asyncio.gather(*(due(pushed, limit=20) for _ in range(8)))

    taken = [one.hint for some in handed for one in some]
    assert len(taken) == len(set(taken)) <= 60
    left = [one.hint for one in await due(pushed, limit=60)]
    assert {*taken, *left} == hints


async def test_pushes_of_the_same_at_the_same_moment_do_not_block_each_other(
    pushed: PushedStore,
) -> None:
    hints = [Hint("Appointment", f"a{n}") for n in range(40)]

    await asyncio.gather(
        *(pushed.add("main", hints[:: 1 if n % 2 else -1], at=NOON) for n in range(8))
    )

    assert len(await due(pushed, limit=100)) == 40
