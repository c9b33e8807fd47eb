"""Answers: each ask is kept once, with what must be written for it."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.answers import (
    Answer,
    AnswerKind,
    AnswerState,
    WriteBackKind,
    WriteBackState,
)
from reminder.model.appointments import AppointmentKey
from reminder.store.answers import AnswerStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.write_backs import WriteBackStore
from tests.store.given import (
    LEASE,
    MINUTE,
    NOON,
    START,
    VISIT,
    answer,
    given,
    planned,
    reminders,
    send,
)

MOVE = answer(
    AnswerKind.MOVE,
    slot_id="s9",
    slot_start_at=START + timedelta(days=7),
    before_slot_ids=("s1", "s2"),
    before_start_at=START,
)


@pytest.fixture
def answers(database: Database, ring: KeyRing) -> AnswerStore:
    return AnswerStore(database, ring)


@pytest.fixture
def write_backs(database: Database, ring: KeyRing) -> WriteBackStore:
    return WriteBackStore(database, ring)


async def record(
    answers: AnswerStore,
    asked: Answer,
    write_back: WriteBackKind = WriteBackKind.CONFIRM,
) -> Answer:
    return await answers.record(
        asked, write_back=write_back, now=NOON, first_try_at=NOON + MINUTE
    )


async def test_an_answer_is_kept_whole_with_what_is_to_be_written(
    answers: AnswerStore, write_backs: WriteBackStore
) -> None:
    kept = await record(answers, MOVE, WriteBackKind.MOVE)

    early = await write_backs.claim(now=NOON, limit=5, lease=LEASE)
    [to_write] = await write_backs.claim(now=NOON + MINUTE, limit=5, lease=LEASE)

    assert kept == MOVE
    assert await answers.latest(VISIT) == [MOVE]
    assert early == []
    assert (to_write.kind, to_write.slot_ids) == (WriteBackKind.MOVE, ("s9",))
    assert to_write.slot_start_at == MOVE.slot_start_at
    assert (to_write.answer_id, to_write.attempt) == (MOVE.answer_id, 1)


async def test_a_cancelled_visit_is_booked_again_in_the_slots_it_had(
    answers: AnswerStore, write_backs: WriteBackStore
) -> None:
    undo = answer(AnswerKind.UNDO_CANCEL, before_slot_ids=("s1", "s2"))

    await record(answers, undo, WriteBackKind.REBOOK)

    [to_write] = await write_backs.claim(now=START, limit=5, lease=LEASE)
    assert to_write.slot_ids == ("s1", "s2")


async def test_the_same_post_sent_thirty_times_at_once_is_one_answer(
    answers: AnswerStore, write_backs: WriteBackStore
) -> None:
    asked = [answer() for _ in range(30)]

    kept = await asyncio.gather(*(record(answers, one) for one in asked))

    assert len({one.answer_id for one in kept}) == 1
    assert await answers.counts() == {(AnswerKind.CONFIRM, AnswerState.WAITING): 1}
    assert await write_backs.counts() == {WriteBackState.WAITING: 1}


async def test_another_ask_is_another_answer(answers: AnswerStore) -> None:
    first = await record(answers, MOVE, WriteBackKind.MOVE)
    other_slot = answer(AnswerKind.MOVE, slot_id="s10", at=NOON + MINUTE)
    second = await record(answers, other_slot, WriteBackKind.MOVE)
    other_visit = answer(appointment=AppointmentKey("main", "a2", "p2"))
    await record(answers, other_visit)

    assert await answers.latest(VISIT) == [second, first]


async def test_what_was_settled_can_be_asked_again(answers: AnswerStore) -> None:
    first = await record(answers, answer())
    await answers.settle(first.answer_id, AnswerState.WRITTEN, now=NOON)

    second = await record(answers, answer(at=NOON + MINUTE))

    assert second.answer_id != first.answer_id
    assert [one.state for one in await answers.latest(VISIT)] == [
        AnswerState.WAITING,
        AnswerState.WRITTEN,
    ]


@pytest.mark.parametrize(
    ("state", "write_back"),
    [
        pytest.param(AnswerState.WRITTEN, WriteBackState.DONE, id="written"),
        pytest.param(AnswerState.REQUESTED, WriteBackState.DONE, id="requested"),
        pytest.param(AnswerState.LOST, WriteBackState.FAILED, id="lost"),
        pytest.param(AnswerState.FAILED, WriteBackState.FAILED, id="failed"),
        pytest.param(AnswerState.WAITING, WriteBackState.WAITING, id="no-news"),
    ],
)
async def test_settling_closes_what_waited_to_be_written(
    answers: AnswerStore,
    write_backs: WriteBackStore,
    state: AnswerState,
    write_back: WriteBackState,
) -> None:
    kept = await record(answers, answer())

    await answers.settle(kept.answer_id, state, now=NOON)

    assert await answers.latest(VISIT) == [replace(kept, state=state)]
    assert await write_backs.counts() == {write_back: 1}


async def test_what_humans_were_asked_for_is_found_until_it_has_an_end(
    answers: AnswerStore,
) -> None:
    cancel = await record(answers, answer(AnswerKind.CANCEL), WriteBackKind.CANCEL)
    confirm = await record(answers, answer(at=NOON + MINUTE))
    for each in (cancel, confirm):
        await answers.settle(each.answer_id, AnswerState.REQUESTED, now=NOON)

    found = await answers.requested(limit=9)
    await answers.settle(cancel.answer_id, AnswerState.WRITTEN, now=NOON)

    assert found == [replace(cancel, state=AnswerState.REQUESTED)]
    assert await answers.requested(limit=9) == []


async def test_what_humans_were_asked_for_is_found_page_by_page(
    answers: AnswerStore,
) -> None:
    visits = [VISIT._replace(appointment_id=f"a{number}") for number in range(5)]
    # Two at the same instant: neither is passed over, nor shown twice.
    minutes = (0, 1, 1, 1, 2)
    for visit, minute in zip(visits, minutes, strict=True):
        asked = answer(AnswerKind.CANCEL, appointment=visit, at=NOON + minute * MINUTE)
        kept = await record(answers, asked, WriteBackKind.CANCEL)
        await answers.settle(kept.answer_id, AnswerState.REQUESTED, now=NOON)

    found = await answers.requested(limit=2)
    while page := await answers.requested(after=found[-1], limit=2):
        found += page

    assert sorted(one.appointment for one in found) == visits
    assert [one.at for one in found] == [NOON + minute * MINUTE for minute in minutes]


async def test_what_was_written_is_never_called_lost(answers: AnswerStore) -> None:
    kept = await record(answers, answer())
    await answers.settle(kept.answer_id, AnswerState.WRITTEN, now=NOON)

    await answers.settle(kept.answer_id, AnswerState.LOST, now=NOON)

    assert [one.state for one in await answers.latest(VISIT)] == [AnswerState.WRITTEN]


async def test_an_answer_answers_the_reminders_already_sent_for_its_visit(
    answers: AnswerStore, database: Database, ring: KeyRing
) -> None:
    sibling = AppointmentKey("main", "a2", "p2")
    later = planned(VISIT, step_id="hours", due_at=NOON + MINUTE)
    await given(database, ring, planned(VISIT), planned(sibling), later)
    await send(MessageQueue(database, ring))

    await record(answers, answer())

    assert await reminders(database) == {
        "a1/day": "answered route 0",
        "a1/hours": "planned route 0",
        "a2/day": "sent route 0",
    }
