"""Links: found by their token alone, five tries and no more, as long as the visit."""

import asyncio
from datetime import timedelta
from uuid import uuid4

import pytest

from reminder.messages.links import link_token
from reminder.model.answers import Link, WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel
from reminder.store.answers import AnswerStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.links import LinkStore
from reminder.store.queue import MessageQueue
from tests.store.given import (
    ANAS_PHONE,
    MINUTE,
    NOON,
    START,
    VISIT,
    answer,
    given_visit,
    new_link,
)

SIBLING = AppointmentKey("main", "a2", "p2")
DAY = timedelta(hours=24)


@pytest.fixture
def links(database: Database, ring: KeyRing) -> LinkStore:
    return LinkStore(database, ring)


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


async def test_a_token_opens_its_own_message_and_no_other(
    links: LinkStore, queue: MessageQueue, ring: KeyRing
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)
    await queue.enqueue(new_link(SIBLING), now=NOON)

    found = await links.find(link_token(message_id, ring.derive("link-token")))

    assert found == Link(
        message_id=message_id,
        clinic_id="elm",
        channel=Channel.SMS,
        to=ANAS_PHONE,
        language="en",
        appointments=(VISIT,),
        tries_left=5,
        expires_at=START,
        reissued=1,
    )
    assert await links.find("AAAAAAAAAAAAAAAAAAAAAA") is None


async def test_a_link_works_until_a_day_after_the_last_of_its_visits(
    links: LinkStore, queue: MessageQueue, database: Database
) -> None:
    await given_visit(database, VISIT)
    await given_visit(database, SIBLING, start_at=START + timedelta(hours=3))

    message_id = await queue.enqueue(new_link(VISIT, SIBLING), now=NOON)
    link = await links.link(message_id)

    assert link is not None
    assert link.appointments == (VISIT, SIBLING)
    assert link.expires_at == START + timedelta(hours=3) + DAY


async def test_a_visit_that_moves_takes_its_link_along(
    links: LinkStore, queue: MessageQueue, database: Database
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)
    before = await links.link(message_id)
    await given_visit(database, VISIT, start_at=START + timedelta(days=20))

    after = await links.link(message_id)

    assert before is not None
    assert after is not None
    assert after.expires_at - before.expires_at == timedelta(days=20) + DAY


async def test_sixty_guesses_at_once_get_five_tries(
    links: LinkStore, queue: MessageQueue
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)

    taken = await asyncio.gather(*(links.take_try(message_id) for _ in range(60)))

    link = await links.link(message_id)
    assert taken.count(True) == 5
    assert link is not None
    assert link.tries_left == 0


async def test_a_right_date_gives_its_try_back(
    links: LinkStore, queue: MessageQueue
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)
    for _ in range(5):
        await links.take_try(message_id)

    await links.give_back(message_id)

    tries = [await links.take_try(message_id) for _ in range(2)]
    assert tries == [True, False]


async def test_nothing_is_given_back_that_was_not_taken(
    links: LinkStore, queue: MessageQueue
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)

    await links.give_back(message_id)

    link = await links.link(message_id)
    assert link is not None
    assert link.tries_left == 5


async def test_an_unknown_message_has_no_link_and_no_try(links: LinkStore) -> None:
    assert await links.link(uuid4()) is None
    assert await links.take_try(uuid4()) is False


async def test_new_links_are_counted_for_each_visit(
    links: LinkStore, queue: MessageQueue
) -> None:
    both = await queue.enqueue(new_link(VISIT, SIBLING), now=NOON)
    one = await queue.enqueue(new_link(VISIT), now=NOON + MINUTE)
    other = await queue.enqueue(new_link(AppointmentKey("main", "a3", "p3")), now=NOON)

    reissued = {
        message_id: link.reissued
        for message_id in (both, one, other)
        if (link := await links.link(message_id))
    }

    assert reissued == {both: 2, one: 2, other: 1}


async def test_the_link_an_answer_came_by_is_found(
    links: LinkStore, queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    message_id = await queue.enqueue(new_link(VISIT), now=NOON)
    asked = answer(message_id=message_id)
    await AnswerStore(database, ring).record(
        asked, write_back=WriteBackKind.CONFIRM, now=NOON, first_try_at=NOON
    )

    assert await links.of_answer(asked.answer_id) == await links.link(message_id)
    assert await links.of_answer(uuid4()) is None


class TestFollowing:
    NEW = VISIT._replace(appointment_id="anew")

    async def test_an_answered_link_opens_what_the_visit_was_booked_as(
        self, links: LinkStore, queue: MessageQueue, database: Database, ring: KeyRing
    ) -> None:
        message_id = await queue.enqueue(new_link(VISIT), now=NOON)
        asked = answer(message_id=message_id)
        await AnswerStore(database, ring).record(
            asked, write_back=WriteBackKind.MOVE, now=NOON, first_try_at=NOON
        )

        await links.follow(VISIT, "anew")
        await links.follow(VISIT, "anew")

        link = await links.link(message_id)
        assert link is not None
        assert set(link.appointments) == {VISIT, self.NEW}

    async def test_what_is_still_to_go_and_what_is_of_others_stays_as_it_is(
        self, links: LinkStore, queue: MessageQueue
    ) -> None:
        waiting = await queue.enqueue(new_link(VISIT), now=NOON)
        of_another = await queue.enqueue(new_link(SIBLING), now=NOON)

        await links.follow(VISIT, "anew")

        for message_id, key in ((waiting, VISIT), (of_another, SIBLING)):
            link = await links.link(message_id)
            assert link is not None
            assert link.appointments == (key,)
