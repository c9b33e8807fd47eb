"""Claims: what is due becomes messages, once, whoever else is claiming."""

import asyncio
from collections import Counter
from datetime import timedelta

import pytest

from reminder.messages.links import link_token
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import MessageKind, MessageState
from reminder.model.people import Channel, ContactPoint
from reminder.model.reasons import Note
from reminder.model.reminders import Reminder, ReminderState
from reminder.model.rulesets import Urgency
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.links import LinkStore
from reminder.store.queue import MessageQueue
from reminder.store.reminders import ReminderStore
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
    message_row,
    new_link,
    planned,
    reminders,
)

SIBLING = AppointmentKey("main", "a2", "p2")
COUSIN = AppointmentKey("main", "a3", "p3")
COUSINS_PHONE = ContactPoint(Channel.SMS, "+12025550109")


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


async def test_a_due_reminder_becomes_a_message_to_its_first_address(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    [reminder_id] = await given(database, ring, planned())

    [message] = await claim(queue)

    assert (message.kind, message.to) == (MessageKind.REMINDER, ANA)
    assert message.appointments == (VISIT,)
    assert [one.reminder_id for one in message.reminders] == [reminder_id]
    assert message.reminders[0].state is ReminderState.IN_MESSAGE
    assert (message.attempt, message.fence) == (1, 1)
    assert message.lease_until == NOON + LEASE
    assert await reminders(database) == {"a1/day": "in-message route 0"}


async def test_what_is_due_for_one_address_goes_together(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = START + timedelta(hours=1)
    await given(
        database,
        ring,
        planned(SIBLING, start_at=later, useful_until=later),
        planned(VISIT),
    )

    [message] = await claim(queue)

    assert message.appointments == (VISIT, SIBLING)
    assert message.useful_until == later


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"clinic_id": "oak"}, id="another-clinic"),
        pytest.param({"template": "preparation"}, id="another-template"),
        pytest.param({"language": "es"}, id="another-language"),
        pytest.param({"routes": (ANAS_PHONE,)}, id="another-address"),
        pytest.param(
            {"routes": (ContactPoint(Channel.VOICE, ANAS_PHONE.value),)},
            id="another-channel",
        ),
    ],
)
async def test_what_differs_goes_apart(
    queue: MessageQueue, database: Database, ring: KeyRing, change: dict[str, object]
) -> None:
    await given(database, ring, planned(), planned(SIBLING, **change))

    claimed = await queue.claim_due(
        channels=Channel, now=NOON, limit=50, lease=LEASE, node="one"
    )

    assert len(claimed) == 2


async def test_one_address_gets_one_message_even_beyond_the_limit(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    family = [planned(AppointmentKey("main", f"a{n}", "p1")) for n in range(12)]
    other = planned(SIBLING, step_id="week", routes=(ANAS_PHONE,), due_at=NOON)
    await given(database, ring, *family, other)

    messages = await claim(queue, limit=3)
    messages += await claim(queue, limit=3)

    assert sorted(len(message.reminders) for message in messages) == [1, 12]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"due_at": NOON + MINUTE}, id="not-due-yet"),
        pytest.param({"useful_until": NOON}, id="no-longer-useful"),
        pytest.param(
            {"routes": (ContactPoint(Channel.VOICE, ANAS_PHONE.value),)},
            id="on-a-channel-we-do-not-have",
        ),
    ],
)
async def test_nothing_else_is_claimed(
    queue: MessageQueue, database: Database, ring: KeyRing, change: dict[str, object]
) -> None:
    await given(database, ring, planned(**change))

    assert await claim(queue) == []


async def test_what_is_claimed_is_not_claimed_again(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await claim(queue)

    assert await claim(queue, now=NOON + 2 * LEASE, node="two") == []


async def test_the_longest_due_goes_first(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    late, later = NOON - timedelta(hours=2), NOON - timedelta(hours=1)
    await given(
        database,
        ring,
        planned(SIBLING, routes=(ANAS_PHONE,), due_at=later),
        planned(VISIT, due_at=late),
    )

    [message] = await claim(queue, limit=1)

    assert message.appointments == (VISIT,)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_the_most_urgent_goes_first_however_long_others_are_due(
    queue: MessageQueue, database: Database, ring: KeyRing, limit: int
) -> None:
    hours = timedelta(hours=1)
    await given(
        database,
        ring,
        planned(step_id="thanks", urgency=Urgency.LOW, due_at=NOON - 9 * hours),
        planned(
            SIBLING, routes=(ANAS_PHONE,), urgency=Urgency.HIGH, due_at=NOON - hours
        ),
        planned(COUSIN, routes=(COUSINS_PHONE,), due_at=NOON - 3 * hours),
    )

    claimed = await claim(queue, limit=limit)

    first = [one.appointments[0] for one in claimed]
    assert first == [SIBLING, COUSIN, VISIT][:limit]


async def test_what_is_to_go_together_goes_when_the_first_of_it_is_due(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = {"due_at": NOON + timedelta(hours=5), "together": "1 March"}
    await given(
        database,
        ring,
        planned(VISIT, together="1 March"),
        planned(SIBLING, **later),
        planned(COUSIN, **later | {"together": "2 March"}),
        planned(COUSIN, step_id="week", due_at=later["due_at"]),
        planned(COUSIN, step_id="call", **later | {"template": "other"}),
        planned(COUSIN, step_id="text", **later | {"routes": (ANAS_PHONE,)}),
    )

    [message] = await claim(queue)

    assert message.appointments == (VISIT, SIBLING)


async def test_what_is_taken_along_before_its_own_time_says_so(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = {"due_at": NOON + timedelta(hours=5), "together": "1 March"}
    await given(
        database,
        ring,
        planned(VISIT, together="1 March"),
        planned(SIBLING, **later, notes=(Note.QUIET_LATER,)),
        planned(COUSIN, **later),
        planned(COUSIN, step_id="own", **later, notes=(Note.TOGETHER,)),
        planned(COUSIN, step_id="alone", due_at=later["due_at"]),
    )

    [message] = await claim(queue)

    said = {_name(one): one.notes for one in message.reminders}
    assert said == {
        "a1/day": (),
        "a2/day": (Note.QUIET_LATER, Note.TOGETHER),
        "a3/day": (Note.TOGETHER,),
        "a3/own": (Note.TOGETHER,),
    }
    store = ReminderStore(database, ring)
    kept = [one for n in (1, 2, 3) for one in await store.of_appointment(f"a{n}")]
    assert {_name(one): one.notes for one in kept} == said | {"a3/alone": ()}


def _name(reminder: Reminder) -> str:
    return f"{reminder.key.appointment.appointment_id}/{reminder.key.step_id}"


async def test_what_is_to_go_with_nothing_waits_for_its_own_time(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = NOON + timedelta(hours=5)
    await given(database, ring, planned(VISIT), planned(SIBLING, due_at=later))

    [message] = await claim(queue)

    assert message.appointments == (VISIT,)


async def test_what_belongs_to_something_beyond_the_limit_comes_along_with_it(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = NOON + timedelta(hours=5)
    await given(
        database,
        ring,
        planned(VISIT, due_at=NOON - timedelta(hours=1)),
        planned(SIBLING, together="1 March"),
        planned(COUSIN, together="1 March", due_at=later),
    )

    [message] = await claim(queue, limit=1)

    assert message.appointments == (VISIT, SIBLING, COUSIN)


async def test_what_goes_together_waits_until_the_first_of_it_is_due(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    later = {"due_at": NOON + timedelta(hours=5), "together": "1 March"}
    await given(database, ring, planned(VISIT, **later), planned(SIBLING, **later))

    assert await claim(queue) == []


async def test_a_reminder_names_the_message_it_is_in(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())

    [message] = await claim(queue)

    [kept] = await ReminderStore(database, ring).of_appointment("a1")
    assert (kept,) == message.reminders
    assert kept.message_id == message.message_id


async def test_someone_who_waits_for_a_link_goes_before_all_reminders(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(due_at=NOON - timedelta(hours=3)))
    await queue.give_back(await claim(queue), now=NOON - timedelta(hours=2))
    await given(database, ring, planned(SIBLING, due_at=NOON - timedelta(hours=1)))
    await queue.enqueue(new_link(VISIT), now=NOON)

    first, second, third = [(await claim(queue, limit=1))[0] for _ in range(3)]

    assert first.kind is MessageKind.NEW_LINK
    assert [second.appointments, third.appointments] == [(VISIT,), (SIBLING,)]


async def test_where_there_is_room_for_little_only_what_somebody_waits_for_is_taken(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    by_phone = {"routes": (ANAS_PHONE,)}
    await given(database, ring, planned(**by_phone), planned(COUSIN, step_id="week"))
    await queue.give_back(await claim(queue), now=NOON)
    await given(database, ring, planned(SIBLING, **by_phone))
    await queue.enqueue(new_link(), now=NOON)

    scarce = {"urgent_on": [Channel.SMS], "lease": LEASE, "now": NOON, "limit": 50}
    by_sms = await queue.claim_due(channels=[], node="one", **scarce)
    others = await queue.claim_due(channels=[Channel.EMAIL], node="one", **scarce)

    assert [one.kind for one in by_sms] == [MessageKind.NEW_LINK]
    assert [one.to for one in others] == [ANA]


async def test_what_was_given_back_until_later_is_not_taken_before(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await queue.give_back(await claim(queue), now=NOON, until=NOON + MINUTE)

    assert await claim(queue) == []
    assert len(await claim(queue, now=NOON + MINUTE)) == 1


async def test_a_new_message_carries_a_link_that_opens_its_visits(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(), planned(SIBLING))
    [message] = await claim(queue)

    token = link_token(message.message_id, ring.derive("link-token"))
    link = await LinkStore(database, ring).find(token)

    assert link is not None
    assert set(link.appointments) == {VISIT, SIBLING}
    assert link.expires_at == START + timedelta(hours=24)


async def test_the_address_is_sealed(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [message] = await claim(queue)

    row = await message_row(database, message.message_id)

    assert ANA.value.encode() not in row.sealed
    assert ANA.value not in repr(row)


async def test_eight_claimers_take_everything_once_and_each_address_together(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    people = [ContactPoint(Channel.EMAIL, f"p{n}@example.org") for n in range(100)]
    await given(
        database,
        ring,
        *(
            planned(
                AppointmentKey("main", f"a{n}", f"p{n}"),
                routes=(people[n % 100],),
                due_at=NOON - n * MINUTE,
            )
            for n in range(500)
        ),
    )

    async def take(node: str) -> list[tuple[ContactPoint, int]]:
        taken = []
        while messages := await claim(queue, limit=7, node=node):
            taken += [(message.to, len(message.reminders)) for message in messages]
        return taken

    taken = await asyncio.gather(*(take(f"node {n}") for n in range(8)))

    messages = [message for some in taken for message in some]
    assert Counter(to for to, _ in messages) == Counter(people)
    assert {size for _, size in messages} == {5}
    assert await queue.counts() == {MessageState.CLAIMED: 100}


async def test_eight_claimers_at_once_make_one_message_for_one_address(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    # So many that the claimers, all connected, meet in the middle of taking them.
    visits = [AppointmentKey("main", f"a{n}", "p1") for n in range(1500)]
    await given(database, ring, *(planned(visit) for visit in visits))
    await asyncio.gather(*(queue.counts() for _ in range(8)))

    taken = await asyncio.gather(*(claim(queue, node=f"node {n}") for n in range(8)))

    assert sorted(len(messages) for messages in taken) == [0] * 7 + [1]
    assert sum(len(one.reminders) for some in taken for one in some) == 1500


async def test_eight_claimers_take_every_queued_message_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    for n in range(60):
        to = ContactPoint(Channel.EMAIL, f"p{n}@example.org")
        await queue.enqueue(new_link(VISIT, to=to), now=NOON)

    async def take(node: str) -> list[str]:
        taken = []
        while messages := await claim(queue, limit=4, node=node):
            taken += [message.to.value for message in messages]
        return taken

    taken = await asyncio.gather(*(take(f"node {n}") for n in range(8)))

    everyone = [to for some in taken for to in some]
    assert sorted(everyone) == sorted(f"p{n}@example.org" for n in range(60))
