"""Many reports in one transaction say what each by itself would say."""

from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st

from reminder.model.messages import ClaimedMessage
from reminder.model.outcomes import Accepted, DeliveryEvent, DeliveryState, Uncertain
from reminder.model.settlements import AwaitReport, Sent, TryAgain
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from tests.store.given import (
    ANAS_PHONE,
    LEASE,
    NOON,
    claim,
    message_row,
    new_link,
    send,
    sending,
    settlement,
)

SENT, DELIVERED, FAILED = DeliveryState


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


def event(message: ClaimedMessage, state: DeliveryState, **more: str) -> DeliveryEvent:
    values = {"provider_id": "SM1"} | more
    return DeliveryEvent(message_id=message.message_id, state=state, **values)


async def test_hundreds_of_reports_are_kept_at_once(
    queue: MessageQueue, database: Database
) -> None:
    for _ in range(120):
        await queue.enqueue(new_link(), now=NOON)
    claimed = await claim(queue, limit=200)
    await sending(queue, claimed)
    await queue.settle([settlement(one, Sent()) for one in claimed], now=NOON)
    reports = [event(one, state) for one in claimed for state in (SENT, DELIVERED)]

    news = await queue.record_events(reports + reports, now=NOON)

    assert news == [False, True] * 120 + [False, False] * 120
    assert {state.value: n for state, n in (await queue.counts()).items()} == {
        "delivered": 120
    }


async def test_no_reports_are_no_news(queue: MessageQueue) -> None:
    assert await queue.record_events([], now=NOON) == []


async def test_one_about_an_unknown_message_does_not_hinder_the_others(
    queue: MessageQueue,
) -> None:
    await queue.enqueue(new_link(), now=NOON)
    [message] = await send(queue)
    stranger = DeliveryEvent(message_id=uuid4(), provider_id="SM9", state=DELIVERED)
    lost = DeliveryEvent(message_id=uuid4(), provider_id="SM9", state=FAILED)

    reports = [stranger, lost, event(message, DELIVERED)]

    assert await queue.record_events(reports, now=NOON) == [False, False, True]


async def test_the_first_name_a_provider_gives_stays(
    queue: MessageQueue, database: Database
) -> None:
    message = await _standing(queue, "sending")
    reports = [
        event(message, DeliveryState.SENT, provider_id="SM1"),
        event(message, DELIVERED, provider_id="SM2"),
    ]

    assert await queue.record_events(reports, now=NOON) == [True, True]

    row = await message_row(database, message.message_id)
    assert (row.state, row.provider_id) == ("delivered", "SM1")


STANDS = st.sampled_from(["sending", "sent", "uncertain", "again", "failed-once"])
SAID = st.tuples(
    st.integers(0, 2), st.sampled_from(DeliveryState), st.sampled_from(["SM1", "SM2"])
)


@drawn(stands=st.tuples(STANDS, STANDS, STANDS), said=st.lists(SAID, max_size=8))
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=40,
)
async def test_together_they_say_what_each_by_itself_says(
    queue: MessageQueue,
    database: Database,
    stands: tuple[str, str, str],
    said: list[tuple[int, DeliveryState, str]],
) -> None:
    one_by_one = [await _standing(queue, how) for how in stands]
    together = [await _standing(queue, how) for how in stands]
    # Failures are transactions of their own after the receipts of their batch.
    said = sorted(said, key=lambda each: each[1] is FAILED)

    singly = []
    for n, state, name in said:
        told = event(one_by_one[n], state, provider_id=name)
        singly.append(await queue.record_event(told, now=NOON))
    at_once = await queue.record_events(
        [event(together[n], state, provider_id=name) for n, state, name in said],
        now=NOON,
    )

    assert at_once == singly
    for one, other in zip(one_by_one, together, strict=True):
        first, second = [
            await message_row(database, m.message_id) for m in (one, other)
        ]
        assert (first.state, first.provider_id) == (second.state, second.provider_id)


async def _standing(queue: MessageQueue, how: str) -> ClaimedMessage:
    """A message that is being sent, or about which something is known already."""
    message_id = await queue.enqueue(new_link(to=ANAS_PHONE), now=NOON)
    claimed = await claim(queue)
    [message] = [one for one in claimed if one.message_id == message_id]
    await sending(queue, [message])
    then = {
        "sent": (Sent(), Accepted("SM1")),
        "failed-once": (Sent(), Accepted("SM1")),
        "uncertain": (AwaitReport(NOON + LEASE * 99), Uncertain("lost")),
        "again": (TryAgain(NOON + LEASE * 99), Uncertain("not-known-there")),
    }
    if how in then:
        next_, outcome = then[how]
        await queue.settle([settlement(message, next_, outcome)], now=NOON)
    if how == "failed-once":
        failed = DeliveryEvent(
            message_id=message_id, provider_id="SM1", state=FAILED, passing=True
        )
        assert await queue.record_event(failed, now=NOON)
    return message
