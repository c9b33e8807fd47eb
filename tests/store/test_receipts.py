"""A text message of which nothing was heard for a day is neither sent nor delivered."""

from datetime import timedelta

import pytest

from reminder.model.messages import MessageState, Protection
from reminder.model.outcomes import DeliveryEvent, DeliveryState
from reminder.model.people import Channel
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    MINUTE,
    NOON,
    given,
    planned,
    reminders,
    send,
    states,
)

A_DAY_LATER = NOON + timedelta(days=1)


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


async def test_a_text_message_without_a_receipt_is_unknown_after_a_day(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    await send(queue)

    early = await queue.call_unknown(now=A_DAY_LATER - MINUTE)
    late = await queue.call_unknown(now=A_DAY_LATER)
    again = await queue.call_unknown(now=A_DAY_LATER)

    assert (early, late, again) == (0, 1, 0)
    assert await states(database) == ["unknown"]
    assert await reminders(database) == {"a1/day": "sent route 0"}
    assert await queue.sent_by() == {(Channel.SMS, Protection.PICKUP): 1}
    assert await queue.counts() == {MessageState.UNKNOWN: 1}


async def test_an_e_mail_stays_sent(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANA,)))
    await send(queue)

    assert await queue.call_unknown(now=A_DAY_LATER) == 0
    assert await states(database) == ["sent"]


@pytest.mark.parametrize(
    ("state", "becomes", "news"),
    [
        (DeliveryState.SENT, "unknown", False),
        (DeliveryState.DELIVERED, "delivered", True),
        (DeliveryState.FAILED, "failed", True),
    ],
    ids=str,
)
async def test_a_late_receipt_still_moves_it_on(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    state: DeliveryState,
    becomes: str,
    news: bool,
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)
    await queue.call_unknown(now=A_DAY_LATER)

    event = DeliveryEvent(message_id=message.message_id, provider_id="SM1", state=state)
    told = await queue.record_event(event, now=A_DAY_LATER)

    assert (told, await states(database)) == (news, [becomes])


async def test_more_than_a_piece_of_them_is_called_so(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    await send(queue)
    await given(database, ring, planned(step_id="hour", routes=(ANAS_PHONE,)))
    await send(queue)

    assert await queue.call_unknown(now=A_DAY_LATER, piece=1) == 2
