"""The queue between claim and settlement: leases, crashes, late nodes, new messages."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update

from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage, MessageState, Protection, Recovered
from reminder.model.outcomes import Uncertain
from reminder.model.people import Channel, ContactPoint
from reminder.model.reasons import Reason
from reminder.model.reminders import ReminderState
from reminder.model.settlements import AwaitReport, NextRoute, Sent, TryAgain
from reminder.model.worklist import WorklistKind
from reminder.store.appointments import AppointmentStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.links import LinkStore
from reminder.store.queue import MessageQueue
from reminder.store.statements import table
from reminder.store.tables import ReminderRow
from reminder.store.worklist import Worklist
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    LEASE,
    MINUTE,
    NOON,
    START,
    VISIT,
    claim,
    given,
    given_person,
    given_visit,
    message_row,
    new_link,
    planned,
    reminders,
    send,
    sending,
    settlement,
    states,
)

SIBLING = AppointmentKey("main", "a2", "p2")
LATER = NOON + LEASE
_REMINDER = table(ReminderRow)


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


async def claim_uncertain(
    queue: MessageQueue, now: datetime, node: str = "two"
) -> list[ClaimedMessage]:
    return await queue.claim_uncertain(now=now, limit=50, lease=LEASE, node=node)


async def test_what_is_held_comes_back_whole_when_its_time_is_over(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [before] = await claim(queue)

    await queue.hold([before], until=NOON + MINUTE, now=NOON)
    held = await reminders(database)
    early = await claim(queue)
    [after] = await claim(queue, now=NOON + MINUTE)

    assert held == {"a1/day": "held ehr-unavailable route 0"}
    assert early == []
    assert after.message_id == before.message_id
    assert after.reminders == before.reminders
    assert (after.fence, after.attempt) == (2, 1)


async def test_what_is_held_says_why(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())

    await queue.hold(
        await claim(queue), until=LATER, now=NOON, reason=Reason.QUIET_HOURS
    )

    assert await reminders(database) == {"a1/day": "held quiet-hours route 0"}


async def test_what_is_given_back_is_due_at_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())

    await queue.give_back(await claim(queue), now=NOON)

    assert len(await claim(queue, node="two")) == 1


async def test_a_dropped_reminder_leaves_the_others_in_the_message(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    late = START + timedelta(hours=1)
    dropped_id, _ = await given(
        database,
        ring,
        planned(SIBLING, start_at=late, useful_until=late),
        planned(VISIT),
    )
    [message] = await claim(queue)

    left = await queue.drop(message, {dropped_id: Reason.CANCELLED}, now=NOON)

    assert left is not None
    assert (left.appointments, left.useful_until) == ((VISIT,), START)
    assert await reminders(database) == {
        "a1/day": "in-message route 0",
        "a2/day": "withdrawn cancelled route 0",
    }
    link = await LinkStore(database, ring).link(message.message_id)
    assert link is not None
    assert link.appointments == (VISIT,)
    await queue.give_back([left], now=NOON)
    assert [one.appointments for one in await claim(queue)] == [(VISIT,)]


async def test_a_message_with_nothing_left_is_dropped(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    [reminder_id] = await given(database, ring, planned())
    [message] = await claim(queue)

    left = await queue.drop(message, {reminder_id: Reason.MOVED}, now=NOON)

    assert left is None
    assert await states(database) == ["dropped"]
    assert await reminders(database) == {"a1/day": "withdrawn moved route 0"}


async def test_whoever_a_dropped_reminder_was_for_is_planned_again(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, VISIT.patient, ANA)
    [reminder_id] = await given(database, ring, planned())
    [message] = await claim(queue)
    people = AppointmentStore(database, ring)
    before = await people.to_plan(10)

    await queue.drop(message, {reminder_id: Reason.REPLANNED}, now=NOON)

    assert before == []
    assert await people.to_plan(10) == [VISIT.patient]


async def test_a_message_that_holds_no_reminder_can_be_dropped_whole(
    queue: MessageQueue, database: Database
) -> None:
    await queue.enqueue(new_link(VISIT), now=NOON)
    [message] = await claim(queue)

    assert await queue.drop(message, {}, now=NOON) is None
    assert await states(database) == ["dropped"]


async def test_the_link_of_a_message_tried_before_still_opens_what_was_dropped(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    dropped_id, _ = await given(database, ring, planned(SIBLING), planned(VISIT))
    await send(queue, TryAgain(NOON + MINUTE), Uncertain("ReadTimeout"))
    [message] = await claim(queue, now=NOON + MINUTE)

    await queue.drop(message, {dropped_id: Reason.CANCELLED}, now=NOON)

    link = await LinkStore(database, ring).link(message.message_id)
    assert link is not None
    assert set(link.appointments) == {VISIT, SIBLING}


async def test_marking_as_sending_is_written_down_before_the_call(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [message] = await claim(queue)

    ours = await sending(queue, [message], now=NOON + MINUTE)

    row = await message_row(database, message.message_id)
    assert ours == {message.message_id}
    assert (row.state, row.transport, row.protection) == ("sending", "smtp", "tls")
    assert (row.attempt, row.first_tried_at) == (1, NOON + MINUTE)
    assert row.lease_until == NOON + MINUTE + LEASE


async def test_a_node_that_dies_before_sending_loses_nothing(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [lost] = await claim(queue)

    before = await queue.recover(now=LATER - MINUTE)
    recovered = await queue.recover(now=LATER)
    [found] = await claim(queue, now=LATER, node="two")

    assert before == Recovered(0, 0)
    assert recovered == Recovered(requeued=1, uncertain=0)
    assert (found.message_id, found.fence) == (lost.message_id, 2)


async def test_a_node_that_dies_while_sending_leaves_it_uncertain_never_queued(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await sending(queue, await claim(queue))

    recovered = await queue.recover(now=LATER)

    assert recovered == Recovered(requeued=0, uncertain=1)
    assert await states(database) == ["uncertain"]
    assert await claim(queue, now=LATER + LEASE) == []


async def test_nodes_that_keep_house_at_the_same_time_recover_each_message_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    to = [ContactPoint(Channel.EMAIL, f"p{n}@example.org") for n in range(20)]
    await given(
        database,
        ring,
        *(planned(AppointmentKey("main", one.value, "p"), routes=(one,)) for one in to),
    )
    claimed = await claim(queue)
    await sending(queue, claimed[:12])

    recovered = await asyncio.gather(*(queue.recover(now=LATER) for _ in range(6)))

    assert sum(one.requeued for one in recovered) == 8
    assert sum(one.uncertain for one in recovered) == 12


async def test_an_uncertain_message_is_asked_about_after_a_while(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [lost] = await claim(queue)
    await sending(queue, [lost])
    await queue.recover(now=LATER)

    early = await claim_uncertain(queue, LATER)
    [found] = await claim_uncertain(queue, LATER + 3 * MINUTE)
    twice = await claim_uncertain(queue, LATER + 3 * MINUTE, "three")

    assert (early, twice) == ([], [])
    assert (found.uncertain_tries, found.first_tried_at) == (1, NOON)
    assert [one.key for one in found.reminders] == [one.key for one in lost.reminders]


async def test_a_node_that_dies_while_asking_leaves_it_uncertain(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await sending(queue, await claim(queue))
    await queue.recover(now=LATER)
    asked_at = LATER + 3 * MINUTE
    await claim_uncertain(queue, asked_at)

    recovered = await queue.recover(now=asked_at + LEASE)

    assert recovered == Recovered(0, 0)
    assert await claim(queue, now=asked_at + LEASE) == []
    assert len(await claim_uncertain(queue, asked_at + LEASE, "three")) == 1


async def test_an_uncertain_message_is_sent_again_only_after_it_was_settled(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await sending(queue, await claim(queue))
    await queue.recover(now=LATER)
    asked_at = LATER + 3 * MINUTE
    [message] = await claim_uncertain(queue, asked_at)

    ours = await sending(queue, [message], now=asked_at)
    await queue.settle(
        [settlement(message, TryAgain(asked_at), Uncertain("not-known-there"))],
        now=asked_at,
    )
    [again] = await claim(queue, now=asked_at)

    assert ours == set()
    assert again.message_id == message.message_id
    assert (again.attempt, again.uncertain_tries) == (2, 1)


async def test_asking_in_vain_is_not_counted_as_another_try(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await send(queue, AwaitReport(NOON + MINUTE), Uncertain("ReadTimeout"))
    [asked] = await claim_uncertain(queue, NOON + MINUTE)
    unknown = settlement(asked, AwaitReport(NOON + 2 * MINUTE), Uncertain("unknown"))
    await queue.settle([unknown], now=NOON + MINUTE)

    [again] = await claim_uncertain(queue, NOON + 2 * MINUTE)

    assert (asked.uncertain_tries, again.uncertain_tries) == (1, 1)


async def test_a_late_node_cannot_send_what_went_back_to_the_queue(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [late] = await claim(queue)
    await queue.recover(now=LATER)

    before_another = await sending(queue, [late], now=LATER)
    await claim(queue, now=LATER, node="two")
    after_another = await sending(queue, [late], now=LATER)

    assert (before_another, after_another) == (set(), set())


async def test_a_late_node_writes_nothing_once_another_has_taken_over(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    [reminder_id] = await given(database, ring, planned())
    [late] = await claim(queue)
    await queue.recover(now=LATER)
    [current] = await claim(queue, now=LATER, node="two")
    before = await message_row(database, late.message_id)

    assert await queue.drop(late, {reminder_id: Reason.MOVED}, now=LATER) is None
    await queue.hold([late], until=LATER + LEASE, now=LATER)
    await queue.give_back([late], now=LATER)
    settled = await queue.settle([settlement(late, NextRoute())], now=LATER)

    assert settled == set()
    assert await message_row(database, late.message_id) == before
    assert await reminders(database) == {"a1/day": "in-message route 0"}
    assert await sending(queue, [current], now=LATER) == {current.message_id}


async def test_a_late_node_may_still_say_what_it_was_told_before_anyone_asks(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [late] = await claim(queue)
    await sending(queue, [late])
    await queue.recover(now=LATER)

    settled = await queue.settle([settlement(late, Sent())], now=LATER)

    assert settled == {late.message_id}
    assert await reminders(database) == {"a1/day": "sent route 0"}
    assert await claim_uncertain(queue, LATER + LEASE) == []


async def test_a_late_node_is_silent_once_another_has_asked(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [late] = await claim(queue)
    await sending(queue, [late])
    await queue.recover(now=LATER)
    await claim_uncertain(queue, LATER + LEASE)

    assert await queue.settle([settlement(late, Sent())], now=LATER) == set()
    assert await states(database) == ["uncertain"]


async def test_what_is_no_longer_useful_expires_onto_the_worklist(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    phone = ContactPoint(Channel.SMS, "+12025550102")
    held = planned(SIBLING)
    waits = planned(AppointmentKey("main", "a3", "p3"), routes=(phone,), due_at=LATER)
    still_good = planned(
        AppointmentKey("main", "a4", "p4"), due_at=LATER, useful_until=START + MINUTE
    )
    await given(database, ring, held, waits, still_good)
    await queue.hold(await claim(queue), until=START + MINUTE, now=NOON)

    expired = await queue.expire(now=START)

    assert expired == 2
    assert await reminders(database) == {
        "a2/day": "expired no-longer-useful route 0",
        "a3/day": "expired no-longer-useful route 0",
        "a4/day": "planned route 0",
    }
    entries = await Worklist(database, ring).open()
    assert {(one.kind, one.subject) for one in entries} == {
        (WorklistKind.UNREACHABLE, "main/a2/p2"),
        (WorklistKind.UNREACHABLE, "main/a3/p3"),
    }
    assert await queue.expire(now=START) == 0


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (ReminderState.PLANNED, Reason.SUPERSEDED),
        (ReminderState.IN_MESSAGE, Reason.SUPERSEDED),
        (ReminderState.HELD, Reason.SUPERSEDED),
        (ReminderState.SENT, Reason.SUPERSEDED),
        (ReminderState.ANSWERED, Reason.SUPERSEDED),
        (ReminderState.SKIPPED, Reason.NO_LONGER_USEFUL),
        (ReminderState.WITHDRAWN, Reason.NO_LONGER_USEFUL),
        (ReminderState.EXPIRED, Reason.NO_LONGER_USEFUL),
        (ReminderState.FAILED, Reason.NO_LONGER_USEFUL),
    ],
)
async def test_a_step_gives_way_to_the_next_one_that_goes(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    state: ReminderState,
    reason: Reason,
) -> None:
    """And the visit is no case for a human, unless none goes."""
    _, then = await given(
        database,
        ring,
        planned(useful_until=LATER),
        planned(step_id="hour", due_at=LATER),
    )
    async with database.write() as session:
        change = update(_REMINDER).where(_REMINDER.c.id == then)
        await session.execute(change.values(state=state.value))

    expired = await queue.expire(now=LATER)

    entries = await Worklist(database, ring).open()
    gives_way = reason is Reason.SUPERSEDED
    assert expired == 1
    assert (await reminders(database))["a1/day"] == f"expired {reason} route 0"
    assert [one.subject for one in entries] == ([] if gives_way else ["main/a1/p1"])


async def test_when_every_step_is_over_the_last_one_says_so(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    last = planned(step_id="hour", due_at=LATER)
    await given(database, ring, planned(useful_until=LATER), last)

    await queue.expire(now=START)

    assert await reminders(database) == {
        "a1/day": "expired superseded route 0",
        "a1/hour": "expired no-longer-useful route 0",
    }
    [entry] = await Worklist(database, ring).open()
    assert entry.details == ("no-longer-useful",)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"due_at": NOON - MINUTE}, id="an-earlier-step"),
        pytest.param({"visit": SIBLING, "due_at": LATER}, id="of-another-visit"),
        pytest.param({"start_at": START + LEASE, "due_at": LATER}, id="moved-away"),
        pytest.param({"due_at": START + LEASE}, id="thanks-after-the-visit"),
    ],
)
async def test_a_step_gives_way_to_no_other(
    queue: MessageQueue, database: Database, ring: KeyRing, other: dict[str, Any]
) -> None:
    late = planned(useful_until=LATER)
    another = planned(step_id="other", useful_until=START + 2 * LEASE, **other)
    await given(database, ring, late, another)

    await queue.expire(now=LATER)

    kept = await reminders(database)
    assert kept["a1/day"] == "expired no-longer-useful route 0"


async def test_what_may_have_gone_does_not_expire(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await send(queue, AwaitReport(NOON + MINUTE), Uncertain("ReadTimeout"))

    assert await queue.expire(now=START) == 0
    assert await states(database) == ["uncertain"]


async def test_a_new_link_goes_out_at_once_with_a_link_of_its_own(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given_visit(database)

    message_id = await queue.enqueue(new_link(VISIT), now=NOON)
    [message] = await claim(queue)

    link = await LinkStore(database, ring).link(message_id)
    assert (message.message_id, message.to) == (message_id, ANAS_PHONE)
    assert (message.appointments, message.reminders) == ((VISIT,), ())
    assert link is not None
    assert link.expires_at == START + timedelta(hours=24)


async def test_sixty_requests_at_once_make_no_more_links_than_allowed(
    queue: MessageQueue, database: Database
) -> None:
    await given_visit(database)

    made = await asyncio.gather(
        *(queue.reissue(new_link(VISIT), at_most=3, now=NOON) for _ in range(60))
    )

    assert len([one for one in made if one is not None]) == 3
    assert await queue.counts() == {MessageState.QUEUED: 3}


async def test_the_next_due_instant_is_the_earliest_of_all_queues(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    empty = await queue.next_due_at()
    await given(database, ring, planned(due_at=NOON + 9 * MINUTE))
    with_reminder = await queue.next_due_at()
    await queue.enqueue(new_link(VISIT), now=NOON + 5 * MINUTE)
    with_message = await queue.next_due_at()
    await send(
        queue,
        AwaitReport(NOON + 7 * MINUTE),
        Uncertain("ReadTimeout"),
        now=NOON + 6 * MINUTE,
    )
    with_doubt = await queue.next_due_at()

    assert empty is None
    assert with_reminder == NOON + 9 * MINUTE
    assert with_message == NOON + 5 * MINUTE
    assert with_doubt == NOON + 7 * MINUTE


async def test_counts_say_what_went_by_which_way(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(
        database,
        ring,
        planned(),
        planned(SIBLING, routes=(ContactPoint(Channel.EMAIL, "bo@example.org"),)),
        planned(SIBLING, step_id="hours", routes=(ANAS_PHONE,)),
    )
    await send(queue)
    await queue.enqueue(new_link(to=ANA), now=NOON)

    assert await queue.counts() == {MessageState.SENT: 3, MessageState.QUEUED: 1}
    assert await queue.sent_by() == {
        (Channel.EMAIL, Protection.TLS): 2,
        (Channel.SMS, Protection.PICKUP): 1,
    }
