"""What holds behind a link whatever shows it: order, time, and one act at a time."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from reminder.ehr.errors import EHRUnavailable
from reminder.flows.respond.answers import Turns
from reminder.flows.respond.door import Ask
from reminder.flows.respond.page_states import News, Step, VisitState
from reminder.flows.respond.pages import AskBirthDate, TypedDate, Unknown, Visits
from reminder.flows.respond.waiting import within
from reminder.model.answers import Answer, AnswerState
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Written
from reminder.model.worklist import WorklistKind
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.fakes import FakeEHR
from tests.web.world import MAIN, START, World, booking

KEY = AppointmentKey(MAIN, "a1", "p1")
BORN = TypedDate("4", "17", "1985")


@pytest.fixture
async def world(sqlite_url: str, ring: KeyRing) -> AsyncIterator[World]:
    """A clinic with Ana's visit, on a SQLite database."""
    store = await open_store(sqlite_url, ring)
    made = World(store, ring)
    await made.given()
    yield made
    await store.aclose()


async def opened(world: World) -> Visits:
    page = await world.respond.prove(Ask(await world.link()), BORN)
    assert isinstance(page, Visits)
    return page


def ask(page: Visits, step: Step, **changes: str) -> Ask:
    made = Ask(page.here.token, page.here.tickets[step], page.visits[0].ref)
    return replace(made, **changes)


async def to_cancel(world: World) -> Ask:
    page = await opened(world)
    check = await world.respond.coming.check_cancel(ask(page, Step.SEE))
    return ask(page, Step.SEE, ticket=check.here.tickets[Step.CANCEL])  # type: ignore[union-attr]


class Watching(FakeEHR):
    """An EHR that notes what the store holds when it is asked."""

    world: World
    held: list[Answer]

    async def cancel(
        self,
        key: AppointmentKey,
        *,
        ask: UUID | None = None,
        start_at: datetime | None = None,
    ) -> Written:
        self.held = await self.world.store.answers.latest(key)
        return await super().cancel(key, ask=ask, start_at=start_at)


async def test_an_answer_is_kept_before_the_ehr_is_asked(world: World) -> None:
    watching = Watching(bookings=world.ehr.bookings, taken=world.ehr.taken)
    watching.world, world.ehr = world, watching

    await world.respond.coming.cancel(await to_cancel(world))

    assert [answer.state for answer in watching.held] == [AnswerState.WAITING]


async def test_what_the_clinic_moved_since_the_page_was_made_is_shown_again(
    world: World,
) -> None:
    cancelling = await to_cancel(world)
    await world.given(booking(start_at=START + timedelta(days=3), fingerprint="moved"))

    page = await world.respond.coming.cancel(cancelling)

    assert isinstance(page, Visits)
    assert page.news is News.CHANGED
    assert page.visits[0].start_at == START + timedelta(days=3)
    assert world.ehr.calls == []


async def test_what_the_clinic_moved_meanwhile_is_not_confirmed(world: World) -> None:
    page = await opened(world)
    await world.given(booking(start_at=START + timedelta(days=3), fingerprint="moved"))

    page = await world.respond.coming.confirm(ask(page, Step.CONFIRM))

    assert isinstance(page, Visits)
    assert page.news is News.CHANGED
    assert page.visits[0].state is VisitState.BOOKED


async def test_whoever_dies_while_waiting_leaves_a_write_back(world: World) -> None:
    cancelling = await to_cancel(world)
    world.ehr.silent = True

    waiting = asyncio.create_task(world.respond.coming.cancel(cancelling))
    while "cancel" not in world.ehr.calls:
        await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.gather(waiting, return_exceptions=True)

    world.clock.move_on(seconds=10)
    left = await world.store.write_backs.claim(
        now=world.clock(), limit=9, lease=timedelta(minutes=1)
    )
    assert [one.appointment for one in left] == [KEY]


async def test_a_connection_nobody_configured_is_for_a_human(world: World) -> None:
    cancelling = await to_cancel(world)
    world.connected = "another"

    page = await world.respond.coming.cancel(cancelling)

    (entry,) = await world.store.worklist.open()
    assert isinstance(page, Visits)
    assert page.news is News.REFUSED
    assert entry.kind is WorklistKind.WRITE_BACK_FAILED


async def test_an_undo_at_the_same_moment_is_the_newer_answer(world: World) -> None:
    page = await world.respond.coming.cancel(await to_cancel(world))
    assert isinstance(page, Visits)

    page = await world.respond.coming.undo(ask(page, Step.UNDO))

    assert isinstance(page, Visits)
    assert page.visits[0].state is VisitState.BOOKED
    again = await world.respond.coming.undo(ask(page, Step.UNDO))
    assert isinstance(again, Visits)
    assert again.news is News.RESTORED
    assert world.ehr.calls == ["cancel", "rebook"]


async def test_a_clinic_that_is_gone_from_the_settings_is_an_unknown_link(
    world: World,
) -> None:
    token = await world.link()
    world.clinics = replace(world.clinics, clinics=())

    assert await world.respond.look(Ask(token)) == Unknown()


async def test_pages_and_requests_show_neither_token_nor_ticket(world: World) -> None:
    page = await opened(world)
    asked = ask(page, Step.SEE)

    written = repr(page) + repr(asked)

    assert asked.token not in written
    assert asked.ticket not in written
    assert "Ana" not in written


async def test_a_mismatch_and_a_closed_page_ask_the_same_question(
    world: World,
) -> None:
    token = await world.link()

    closed = await world.respond.visits(Ask(token))
    wrong = await world.respond.prove(Ask(token), replace(BORN, day="18"))

    assert isinstance(closed, AskBirthDate)
    assert isinstance(wrong, AskBirthDate)
    assert (closed.tries_left, wrong.tries_left) == (None, 4)


async def test_nobody_waits_longer_than_the_limit() -> None:
    with pytest.raises(EHRUnavailable) as caught:
        await within(timedelta(milliseconds=10), asyncio.Event().wait())

    assert caught.value.sent


async def test_turns_are_taken_one_by_one_and_forgotten() -> None:
    turns, inside = Turns(), 0

    async def act() -> None:
        nonlocal inside
        async with turns.of("visit"):
            inside += 1
            assert inside == 1
            await asyncio.sleep(0)
            inside -= 1

    await asyncio.gather(*(act() for _ in range(5)))

    assert len(turns._locks) == 0
