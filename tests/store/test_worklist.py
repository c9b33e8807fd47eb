"""The worklist: one open entry for each thing a human must do."""

import asyncio
from dataclasses import replace
from uuid import uuid4

import pytest

from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.worklist import Worklist
from tests.store.given import MINUTE, NOON, VISIT

CALL = WorklistEntry(
    kind=WorklistKind.CALL_REQUESTED,
    subject="main/a1/p1",
    at=NOON,
    appointment=VISIT,
    message_id=uuid4(),
    clinic_id="elm",
    details=("no time suits me",),
)


@pytest.fixture
def worklist(database: Database, ring: KeyRing) -> Worklist:
    return Worklist(database, ring)


async def test_an_entry_is_kept_whole(worklist: Worklist) -> None:
    bare = WorklistEntry(
        kind=WorklistKind.NO_CLINIC, subject="main/loc9", at=NOON + MINUTE
    )

    added = [await worklist.add(one) for one in (CALL, bare)]

    assert added == [True, True]
    assert await worklist.open() == [CALL, bare]


async def test_the_same_thing_again_renews_its_details(worklist: Worklist) -> None:
    await worklist.add(CALL)

    added = await worklist.add(
        replace(CALL, at=NOON + MINUTE, details=("please call after six",))
    )

    assert added is False
    assert await worklist.open() == [replace(CALL, details=("please call after six",))]


async def test_another_kind_or_subject_is_another_entry(worklist: Worklist) -> None:
    others = [
        CALL,
        replace(CALL, kind=WorklistKind.UNREACHABLE),
        replace(CALL, subject="main/a2/p2"),
    ]

    assert [await worklist.add(one) for one in others] == [True, True, True]


async def test_the_same_thing_at_the_same_moment_is_one_entry(
    worklist: Worklist,
) -> None:
    added = await asyncio.gather(*(worklist.add(CALL) for _ in range(20)))

    assert added.count(True) == 1
    assert len(await worklist.open()) == 1


async def test_no_more_is_shown_than_asked_for(worklist: Worklist) -> None:
    for n in range(3):
        await worklist.add(replace(CALL, subject=f"main/a{n}/p", at=NOON - n * MINUTE))

    assert [one.subject for one in await worklist.open(limit=2)] == [
        "main/a2/p",
        "main/a1/p",
    ]


async def test_what_is_resolved_leaves_the_list(worklist: Worklist) -> None:
    other = replace(CALL, subject="main/a2/p2")
    await worklist.add_all([CALL, other])

    resolved = await worklist.resolve(CALL.kind, CALL.subject, NOON + MINUTE)
    again = await worklist.resolve(CALL.kind, CALL.subject, NOON + MINUTE)

    assert (resolved, again) == (True, False)
    assert await worklist.open() == [other]


async def test_what_comes_back_is_a_new_entry(worklist: Worklist) -> None:
    await worklist.add(CALL)
    await worklist.resolve(CALL.kind, CALL.subject, NOON + MINUTE)

    again = replace(CALL, at=NOON + 2 * MINUTE)

    assert await worklist.add(again) is True
    assert await worklist.open() == [again]


async def test_only_the_kind_that_is_over_is_resolved(worklist: Worklist) -> None:
    silent = WorklistEntry(kind=WorklistKind.EHR_SILENT, subject="main", at=NOON)
    ignores = replace(silent, kind=WorklistKind.EHR_IGNORES)
    await worklist.add_all([silent, ignores])

    await worklist.resolve(WorklistKind.EHR_SILENT, "main", NOON + MINUTE)

    assert await worklist.open() == [ignores]


async def test_what_was_seen_again_meanwhile_stays(worklist: Worklist) -> None:
    await worklist.add(CALL)
    await worklist.add(replace(CALL, at=NOON + 2 * MINUTE))

    resolved = await worklist.resolve(CALL.kind, CALL.subject, NOON + MINUTE)

    assert resolved is False
    assert len(await worklist.open()) == 1
