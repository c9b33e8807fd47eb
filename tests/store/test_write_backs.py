"""Write-backs: claimed once, in the order of asking, safe against dead nodes."""

import asyncio
from dataclasses import replace
from datetime import datetime

import pytest

from reminder.model.answers import (
    AnswerKind,
    AnswerState,
    WriteBack,
    WriteBackKind,
    WriteBackState,
)
from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel
from reminder.model.worklist import WorklistKind
from reminder.store.answers import AnswerStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.worklist import Worklist
from reminder.store.write_backs import WriteBackStore
from tests.store.given import (
    LEASE,
    MINUTE,
    NOON,
    VISIT,
    answer,
    given,
    planned,
    send,
)


@pytest.fixture
def answers(database: Database, ring: KeyRing) -> AnswerStore:
    return AnswerStore(database, ring)


@pytest.fixture
def write_backs(database: Database, ring: KeyRing) -> WriteBackStore:
    return WriteBackStore(database, ring)


async def ask(
    answers: AnswerStore,
    kind: AnswerKind,
    write_back: WriteBackKind,
    at: datetime = NOON,
    visit: AppointmentKey = VISIT,
) -> None:
    asked = answer(kind, at=at, appointment=visit)
    await answers.record(asked, write_back=write_back, now=at, first_try_at=at)


async def confirm(answers: AnswerStore, visit: AppointmentKey = VISIT) -> None:
    await ask(answers, AnswerKind.CONFIRM, WriteBackKind.CONFIRM, visit=visit)


async def claim(
    write_backs: WriteBackStore, now: datetime = NOON, limit: int = 50
) -> list[WriteBack]:
    return await write_backs.claim(now=now, limit=limit, lease=LEASE)


async def test_a_sent_message_is_written_as_a_communication(
    write_backs: WriteBackStore, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await send(MessageQueue(database, ring), now=NOON)

    [to_write] = await claim(write_backs)

    assert to_write.kind is WriteBackKind.COMMUNICATION
    assert to_write.sent is not None
    assert to_write.sent.identifier == to_write.write_back_id
    assert (to_write.sent.appointment, to_write.sent.sent_at) == (VISIT, NOON)
    assert (to_write.sent.channel, to_write.sent.template) == (
        Channel.EMAIL,
        "reminder",
    )


async def test_eight_claimers_take_each_once(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    visits = [AppointmentKey("main", f"a{n}", f"p{n}") for n in range(60)]
    for visit in visits:
        await confirm(answers, visit)

    async def take() -> list[AppointmentKey]:
        taken = []
        while some := await claim(write_backs, limit=4):
            taken += [one.appointment for one in some]
        return taken

    taken = await asyncio.gather(*(take() for _ in range(8)))

    assert sorted(key for some in taken for key in some) == sorted(visits)


async def test_what_a_dead_node_held_is_due_again_when_its_lease_is_over(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    await confirm(answers)
    [lost] = await claim(write_backs)

    early = await claim(write_backs, NOON + LEASE - MINUTE)
    due_at = await write_backs.next_due_at()
    [found] = await claim(write_backs, NOON + LEASE)

    assert early == []
    assert due_at == NOON + LEASE
    assert (lost.attempt, found.attempt) == (1, 2)
    assert found.fence > lost.fence


async def test_a_late_node_writes_nothing(
    write_backs: WriteBackStore, answers: AnswerStore, database: Database, ring: KeyRing
) -> None:
    await confirm(answers)
    [late] = await claim(write_backs)
    [current] = await claim(write_backs, NOON + LEASE)

    await write_backs.retry(late, at=NOON, code="503")
    await write_backs.fail(late, "422", now=NOON)
    await write_backs.done(late, now=NOON)

    assert await write_backs.counts() == {WriteBackState.WAITING: 1}
    assert await write_backs.next_due_at() == NOON + 2 * LEASE
    assert await Worklist(database, ring).open() == []
    await write_backs.done(current, now=NOON)
    assert await write_backs.counts() == {WriteBackState.DONE: 1}


async def test_what_a_human_was_asked_for_is_done_and_its_answer_requested(
    write_backs: WriteBackStore, answers: AnswerStore, database: Database, ring: KeyRing
) -> None:
    await ask(answers, AnswerKind.CANCEL, WriteBackKind.CANCEL)
    [asked] = await claim(write_backs)

    await write_backs.requested(asked, now=NOON)
    await write_backs.requested(asked, now=NOON)

    assert await write_backs.counts() == {WriteBackState.DONE: 1}
    assert await answers.counts() == {(AnswerKind.CANCEL, AnswerState.REQUESTED): 1}
    assert await Worklist(database, ring).open() == []


async def test_a_move_says_which_time_and_slots_it_leaves(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    move = answer(
        AnswerKind.MOVE,
        slot_id="new",
        before_slot_ids=("s1", "s2"),
        before_start_at=NOON,
    )
    await answers.record(
        move, write_back=WriteBackKind.MOVE, now=NOON, first_try_at=NOON
    )

    [to_write] = await claim(write_backs)

    assert (to_write.slot_ids, to_write.before_slot_ids) == (("new",), ("s1", "s2"))
    assert to_write.before_start_at == NOON


async def test_a_retry_is_due_when_it_says(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    await confirm(answers)
    [first] = await claim(write_backs)

    await write_backs.retry(first, at=NOON + MINUTE, code="503")

    assert await claim(write_backs) == []
    [second] = await claim(write_backs, NOON + MINUTE)
    assert second == replace(first, attempt=2, fence=2)


async def test_what_is_done_is_written_in_its_answer_too(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    await confirm(answers)
    [to_write] = await claim(write_backs)

    await write_backs.done(to_write, now=NOON)

    assert await answers.counts() == {(AnswerKind.CONFIRM, AnswerState.WRITTEN): 1}
    assert await write_backs.next_due_at() is None


async def test_what_fails_reaches_a_human_and_its_answer(
    write_backs: WriteBackStore, answers: AnswerStore, database: Database, ring: KeyRing
) -> None:
    await confirm(answers)
    [to_write] = await claim(write_backs)

    await write_backs.fail(to_write, "422 processing", now=NOON)

    [entry] = await Worklist(database, ring).open()
    assert (entry.kind, entry.appointment) == (WorklistKind.WRITE_BACK_FAILED, VISIT)
    assert entry.details == (
        "2027-03-01T12:00:00+00:00 confirm 422 processing attempt 1",
    )
    assert await answers.counts() == {(AnswerKind.CONFIRM, AnswerState.FAILED): 1}


async def test_a_failed_answer_can_still_be_called_lost(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    await confirm(answers)
    [to_write] = await claim(write_backs)
    await write_backs.fail(to_write, "409", now=NOON)
    assert to_write.answer_id is not None

    await answers.settle(to_write.answer_id, AnswerState.LOST, now=NOON)

    assert await answers.counts() == {(AnswerKind.CONFIRM, AnswerState.LOST): 1}


async def test_an_ehr_that_takes_no_communication_is_one_entry(
    write_backs: WriteBackStore, database: Database, ring: KeyRing
) -> None:
    sibling = AppointmentKey("main", "a2", "p2")
    await given(database, ring, planned(), planned(sibling))
    await send(MessageQueue(database, ring))

    for to_write in await claim(write_backs):
        await write_backs.fail(to_write, "404", now=NOON)

    [entry] = await Worklist(database, ring).open()
    assert (entry.subject, entry.appointment) == ("main/communication", None)


async def test_a_later_ask_waits_for_the_one_before_it(
    write_backs: WriteBackStore, answers: AnswerStore
) -> None:
    later = NOON + MINUTE
    await ask(answers, AnswerKind.MOVE, WriteBackKind.MOVE, NOON)
    await ask(answers, AnswerKind.UNDO_MOVE, WriteBackKind.MOVE, later)
    other = AppointmentKey("main", "a2", "p2")
    await ask(answers, AnswerKind.CANCEL, WriteBackKind.CANCEL, later, visit=other)

    [first] = await claim(write_backs)
    await write_backs.retry(first, at=later + MINUTE, code="503")
    meanwhile = await claim(write_backs, later)
    [again] = await claim(write_backs, later + MINUTE)
    await write_backs.done(again, now=later)
    [last] = await claim(write_backs, later + MINUTE)

    assert [one.appointment for one in meanwhile] == [other]
    assert again.write_back_id == first.write_back_id
    assert last.answer_id not in (None, first.answer_id)
