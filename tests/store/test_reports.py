"""Reports of providers: repeated, out of order, too early, or after a crash."""

import asyncio
import itertools
from typing import Any
from uuid import uuid4

import pytest

from reminder.model.answers import WriteBackKind
from reminder.model.messages import ClaimedMessage
from reminder.model.outcomes import (
    Deferred,
    DeliveryEvent,
    DeliveryState,
    Uncertain,
)
from reminder.model.settlements import NextRoute, Sent, TryAgain
from reminder.store.answers import AnswerStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.worklist import Worklist
from reminder.store.write_backs import WriteBackStore
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    LEASE,
    MINUTE,
    NOON,
    START,
    VISIT,
    answer,
    claim,
    given,
    given_person,
    message_row,
    planned,
    reminders,
    revisions,
    send,
    sending,
    settlement,
    states,
    tries,
)

SENT, DELIVERED, FAILED = DeliveryState


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


@pytest.fixture
async def on_its_way(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> ClaimedMessage:
    """A message that was marked as sending; the answer is still out."""
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await claim(queue)
    await sending(queue, [message])
    return message


def event(message: ClaimedMessage, state: DeliveryState, **more: Any) -> DeliveryEvent:
    values = {"provider_id": "SM1"} | more
    return DeliveryEvent(message_id=message.message_id, state=state, **values)


async def told(queue: MessageQueue, *events: DeliveryEvent) -> list[bool]:
    return [await queue.record_event(one, now=NOON) for one in events]


@pytest.mark.parametrize(
    "order",
    [
        pytest.param(order, id="-".join(state.value for state in order))
        for length in (1, 3)
        for order in itertools.permutations(DeliveryState, length)
    ],
)
async def test_reports_only_move_forward_and_the_first_terminal_one_wins(
    queue: MessageQueue,
    database: Database,
    on_its_way: ClaimedMessage,
    order: tuple[DeliveryState, ...],
) -> None:
    await queue.settle([settlement(on_its_way, Sent())], now=NOON)

    await told(queue, *(event(on_its_way, state) for state in order))

    terminal = next((state for state in order if state is not SENT), SENT)
    assert await states(database) == [terminal.value]
    again = terminal is FAILED
    assert await reminders(database) == {
        "a1/day": "planned route 1" if again else "sent route 0"
    }


async def test_a_repeated_report_tells_nothing_new(
    queue: MessageQueue, on_its_way: ClaimedMessage
) -> None:
    await queue.settle([settlement(on_its_way, Sent())], now=NOON)

    news = await told(
        queue,
        event(on_its_way, SENT),
        event(on_its_way, DELIVERED),
        event(on_its_way, DELIVERED),
        event(on_its_way, SENT),
    )

    assert news == [False, True, False, False]


@pytest.mark.parametrize(
    ("state", "reminder"),
    [
        pytest.param(SENT, "sent route 0", id="sent"),
        pytest.param(DELIVERED, "sent route 0", id="delivered"),
        pytest.param(FAILED, "planned route 1", id="failed"),
    ],
)
async def test_a_report_before_the_settlement_stands(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    on_its_way: ClaimedMessage,
    state: DeliveryState,
    reminder: str,
) -> None:
    news = await told(queue, event(on_its_way, state))

    settled = await queue.settle([settlement(on_its_way, Sent())], now=NOON)

    assert news == [True]
    assert settled == {on_its_way.message_id}
    assert await states(database) == [state.value]
    assert await reminders(database) == {"a1/day": reminder}
    assert len(await tries(database)) == 1


async def test_a_report_outweighs_what_the_sending_node_made_of_a_broken_answer(
    queue: MessageQueue, database: Database, on_its_way: ClaimedMessage
) -> None:
    await told(queue, event(on_its_way, SENT))
    broken = settlement(on_its_way, TryAgain(NOON + MINUTE), Deferred("503"))

    await queue.settle([broken], now=NOON)

    assert await states(database) == ["sent"]
    assert await claim(queue, now=START - MINUTE) == []


async def test_a_report_after_a_crash_settles_what_was_uncertain(
    queue: MessageQueue, database: Database, ring: KeyRing, on_its_way: ClaimedMessage
) -> None:
    await queue.recover(now=NOON + LEASE)

    news = await told(queue, event(on_its_way, SENT))

    row = await message_row(database, on_its_way.message_id)
    assert news == [True]
    assert (row.state, row.provider_id) == ("sent", "SM1")
    assert await reminders(database) == {"a1/day": "sent route 0"}
    to_write = await WriteBackStore(database, ring).claim(
        now=NOON, limit=5, lease=LEASE
    )
    assert [one.appointment for one in to_write] == [VISIT]


async def test_a_report_stops_a_second_copy_that_has_not_gone_yet(
    queue: MessageQueue, database: Database, on_its_way: ClaimedMessage
) -> None:
    again = settlement(on_its_way, TryAgain(NOON), Uncertain("not-known-there"))
    await queue.settle([again], now=NOON)
    [second] = await claim(queue, node="two")

    await told(queue, event(on_its_way, DELIVERED))

    assert await sending(queue, [second]) == set()
    assert await states(database) == ["delivered"]


async def test_a_failed_copy_does_not_fail_the_one_that_was_taken_later(
    queue: MessageQueue, database: Database, on_its_way: ClaimedMessage
) -> None:
    await queue.settle([settlement(on_its_way, Sent())], now=NOON)

    news = await told(queue, event(on_its_way, FAILED, provider_id="SM0"))

    assert news == [False]
    assert await states(database) == ["sent"]


async def test_a_failure_reported_for_the_last_address_reaches_a_human(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)

    await queue.record_event(event(message, FAILED, code="30005"), now=NOON + MINUTE)

    [entry] = await Worklist(database, ring).open()
    assert await reminders(database) == {"a1/day": "failed not-delivered route 0"}
    assert entry.details == (
        "not-delivered",
        "2027-03-01T12:00:00+00:00 twilio-sms accepted",
        "2027-03-01T12:01:00+00:00 twilio-sms failed 30005",
    )


async def test_what_was_answered_stays_answered_whatever_is_reported(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await send(queue)
    await AnswerStore(database, ring).record(
        answer(), write_back=WriteBackKind.CONFIRM, now=NOON, first_try_at=NOON
    )

    await told(queue, event(message, FAILED))

    assert await reminders(database) == {"a1/day": "answered route 0"}


async def test_a_report_that_the_person_stopped_us_is_remembered(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, VISIT.patient, ANAS_PHONE)
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)

    await told(queue, event(message, FAILED, code="21610", opted_out=True))

    assert await revisions(database) == {"p1": 2}
    assert await reminders(database) == {"a1/day": "failed address-opted-out route 0"}


async def test_a_report_about_an_unknown_message_changes_nothing(
    queue: MessageQueue, database: Database, on_its_way: ClaimedMessage
) -> None:
    stranger = DeliveryEvent(
        message_id=uuid4(), provider_id="SM9", state=FAILED, opted_out=True
    )

    assert await told(queue, stranger) == [False]
    assert await states(database) == ["sending"]


async def test_of_contradicting_reports_at_once_one_wins(
    queue: MessageQueue, database: Database, ring: KeyRing, on_its_way: ClaimedMessage
) -> None:
    reports = [event(on_its_way, state) for state in (DELIVERED, FAILED)] * 8

    _, *news = await asyncio.gather(
        queue.settle([settlement(on_its_way, Sent())], now=NOON),
        *(queue.record_event(one, now=NOON) for one in reports),
    )

    assert news.count(True) == 1
    won = await states(database)
    assert (won, await reminders(database)) in [
        (["delivered"], {"a1/day": "sent route 0"}),
        (["failed"], {"a1/day": "planned route 1"}),
    ]
    assert len(await tries(database)) == 1


async def test_a_report_about_a_message_never_sent_changes_nothing(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [message] = await claim(queue)

    assert await told(queue, event(message, DELIVERED)) == [False]
    assert await states(database) == ["claimed"]


async def test_a_message_given_up_stays_so(
    queue: MessageQueue, database: Database, on_its_way: ClaimedMessage
) -> None:
    await queue.settle([settlement(on_its_way, NextRoute())], now=NOON)

    assert await told(queue, event(on_its_way, DELIVERED)) == [False]
    assert await reminders(database) == {"a1/day": "planned route 1"}
