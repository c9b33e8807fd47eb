"""Another time: the days, the times, the check, and who gets the Slot."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from reminder.ehr.errors import EHRConflict, EHRRefused, EHRUnavailable
from reminder.model.answers import AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import AppointmentKey
from tests.web.forms import Phone, read
from tests.web.world import MAIN, NOW, START, World, booking, patient, slot

KEY = AppointmentKey(MAIN, "a1", "p1")


def chicago(day: int, hour: int, minute: int = 0) -> datetime:
    """An instant in March 2027; the clocks change on the 14th."""
    return datetime(2027, 3, day, hour + (6 if day < 14 else 5), minute, tzinfo=UTC)


@pytest.fixture
async def opened(world: World, phone: Phone) -> Phone:
    """Ana's phone, her visit on it; nine free times on seven days."""
    await world.given()
    world.free(
        slot("early", chicago(3, 8)),
        slot("noon", chicago(3, 12)),
        slot("evening", chicago(3, 17)),
        slot("after-the-change", chicago(15, 9)),
        *(slot(f"day-{day}", chicago(day, 10)) for day in range(16, 21)),
    )
    await phone.open(await world.link())
    await phone.born()
    return phone


async def test_days_with_openings_are_listed_five_a_page(opened: Phone) -> None:
    said = await opened.press("Choose another time")

    assert "Wednesday, March 3 3 times, from 8:00 AM" in said
    assert "Monday, March 15 1 time, at 9:00 AM" in said
    assert "March 18" in said
    assert "March 19" not in said
    assert "March 19" in await opened.press("Later days")
    assert "March 3 " in await opened.press("Earlier days")


async def test_times_are_parted_by_the_clinics_clock(opened: Phone) -> None:
    await opened.press("Choose another time")

    said = await opened.press("March 3")

    assert "Morning 8:00 AM Afternoon 12:00 PM Evening 5:00 PM Continue" in said


async def test_no_time_chosen_says_so(world: World, opened: Phone) -> None:
    await opened.press("Choose another time")
    await opened.press("March 3")
    before = await world.tables()

    said = await opened.press("Continue")

    assert "Error:" in opened.page.text
    assert "Choose a time" in said
    assert await world.tables() == before


@pytest.mark.parametrize(
    "choice",
    [
        pytest.param("-62135596800.noon", id="the-first-instant"),
        pytest.param("253402300799.noon", id="the-last-instant"),
        pytest.param("9" * 2000 + ".noon", id="too-many-digits"),
        pytest.param("noon", id="no-instant"),
        pytest.param(".", id="nothing"),
    ],
)
async def test_a_time_no_calendar_holds_is_none_chosen(
    opened: Phone, choice: str
) -> None:
    await opened.press("Choose another time")
    await opened.press("March 3")

    said = await opened.press("Continue", slot=choice)

    assert opened.page.status_code == 200
    assert "Choose a time" in said
    assert "Error:" in opened.page.text


async def choose(phone: Phone, day: str, nth: int = 0) -> str:
    await phone.press("Choose another time")
    await phone.press(day)
    form = next(one for one in read(phone.page.text).forms if "slot" in one.choices)
    return await phone.press("Continue", slot=form.choices["slot"][nth])


async def test_both_times_are_shown_before_anything_moves(
    world: World, opened: Phone
) -> None:
    before = await world.tables()

    said = await choose(opened, "March 3", nth=1)

    assert "Wednesday, March 3 12:00 PM" in said
    assert "It was on Tuesday, March 9 at 2:30 PM" in said
    assert await world.tables() == before
    assert "reschedule" not in world.ehr.calls


async def test_a_move_is_written_while_the_patient_waits(
    world: World, opened: Phone
) -> None:
    await choose(opened, "March 3", nth=1)

    said = await opened.press("Move my visit")

    visit = await world.store.appointments.booking(KEY)
    (answer,) = await world.store.answers.latest(KEY)
    assert "Your visit has moved" in said
    assert "Wednesday, March 3 12:00 PM" in said
    assert visit is not None
    assert visit.start_at == chicago(3, 12)
    assert world.ehr.taken == {"noon"}
    assert (answer.kind, answer.state) == (AnswerKind.MOVE, AnswerState.WRITTEN)
    assert world.replanned == [KEY.patient]


async def test_a_move_can_be_undone_and_says_until_when(
    world: World, opened: Phone
) -> None:
    await choose(opened, "March 3", nth=1)

    said = await opened.press("Move my visit")
    after = await opened.press("Undo")

    assert "You can undo this until Wednesday, March 3 at 10:00 AM" in said
    assert "You have your old time back" in after
    assert world.ehr.taken == {"slot-a1"}
    assert "Undo" not in after


async def test_an_undo_of_a_move_comes_too_late_when_the_slot_is_taken(
    world: World, opened: Phone
) -> None:
    await choose(opened, "March 3", nth=1)
    await opened.press("Move my visit")
    world.ehr.taken.add("slot-a1")

    said = await opened.press("Undo")

    assert "Someone else has your old time now" in said
    assert "Wednesday, March 3 12:00 PM" in said
    assert world.ehr.taken == {"slot-a1", "noon"}


async def test_a_double_click_moves_once(world: World, opened: Phone) -> None:
    await choose(opened, "March 3", nth=1)
    second = Phone(opened.client, opened.page)

    said = await asyncio.gather(
        opened.press("Move my visit"), second.press("Move my visit")
    )

    assert world.ehr.calls.count("reschedule") == 1
    assert sum("already moved" in one for one in said) == 1


async def test_an_old_form_does_not_move_it_again(world: World, opened: Phone) -> None:
    await choose(opened, "March 3", nth=1)
    old = opened.page
    world.clock.move_on(seconds=5)
    await opened.press("Move my visit")
    world.clock.move_on(seconds=5)
    await opened.press("Undo")
    opened.page = old

    said = await opened.press("Move my visit")

    assert "This visit has changed" in said
    assert world.ehr.taken == {"slot-a1"}


async def test_of_eight_after_one_slot_one_wins_and_seven_are_offered_others(
    world: World, phone: Phone
) -> None:
    people = [patient(f"p{n}") for n in range(8)]
    await world.given(*(booking(f"a{n}", f"p{n}") for n in range(8)), patients=people)
    world.free(slot("wanted", chicago(3, 12)), slot("other", chicago(3, 13)))
    phones = []
    for key in list(world.ehr.bookings):
        one = Phone(phone.client)
        await one.open(await world.link(key))
        await one.born()
        await choose(one, "March 3")
        phones.append(one)

    said = await asyncio.gather(*(one.press("Move my visit") for one in phones))

    assert sum("Your visit has moved" in one for one in said) == 1
    lost = [one for one in said if "Someone took 12:00 PM a moment ago" in one]
    assert len(lost) == 7
    assert all("1:00 PM" in one for one in lost)
    assert sorted(one.page.status_code for one in phones) == [200] + [409] * 7
    counts = await world.store.answers.counts()
    assert counts[AnswerKind.MOVE, AnswerState.LOST] == 7


async def test_when_the_visit_changed_and_not_the_slot_nobody_is_blamed(
    world: World, opened: Phone
) -> None:
    await choose(opened, "March 3", nth=1)
    world.ehr.errors["reschedule"] = EHRConflict("Appointment: changed meanwhile")

    said = await opened.press("Move my visit")

    assert "This visit has changed" in said
    assert "Someone took" not in said


async def test_the_last_time_lost_offers_a_call(world: World, phone: Phone) -> None:
    await world.given()
    world.free(slot("only", chicago(3, 12)))
    await phone.open(await world.link())
    await phone.born()
    await choose(phone, "March 3")
    world.ehr.taken.add("only")

    said = await phone.press("Move my visit")

    assert "Someone took 12:00 PM a moment ago" in said
    assert "There are no free times in the next 30 days" in said
    assert "Ask the clinic to call me" in said


async def test_a_time_taken_before_the_check_is_told_there(
    world: World, opened: Phone
) -> None:
    await opened.press("Choose another time")
    await opened.press("March 3")
    form = next(one for one in read(opened.page.text).forms if "slot" in one.choices)
    world.ehr.taken.add("noon")

    said = await opened.press("Continue", slot=form.choices["slot"][1])

    assert "Someone took 12:00 PM a moment ago" in said
    assert "Evening 5:00 PM" in said


async def test_a_silent_ehr_is_asked_again_for_the_move(
    world: World, opened: Phone
) -> None:
    await choose(opened, "March 3", nth=1)
    world.ehr.silent = True
    world.wait_limit = timedelta(milliseconds=50)
    async with world.client() as client:
        phone = Phone(client, opened.page)

        said = await phone.press("Move my visit")

    world.clock.move_on(seconds=5)
    (write_back,) = await world.store.write_backs.claim(
        now=world.clock(), limit=9, lease=timedelta(minutes=1)
    )
    assert "We are asking the clinic" in said
    assert "You asked for Wednesday, March 3 at 12:00 PM" in said
    assert "Tuesday, March 9 2:30 PM" in said
    assert write_back.kind is WriteBackKind.MOVE
    assert write_back.slot_ids == ("noon",)


async def test_an_ehr_that_shows_no_times_offers_to_try_again_and_a_call(
    world: World, opened: Phone
) -> None:
    world.ehr.error = EHRUnavailable("no connection")

    said = await opened.press("Choose another time")

    assert "We cannot see the free times now" in said
    assert "Try again" in said
    assert "Ask the clinic to call me" in said


async def test_an_ehr_without_slots_offers_a_call(world: World, opened: Phone) -> None:
    world.ehr.error = EHRRefused("Slot: not offered")

    said = await opened.press("Choose another time")

    assert "There are no free times in the next 30 days" in said


async def test_times_of_the_next_thirty_days_are_offered_and_none_gone_by(
    world: World, phone: Phone
) -> None:
    await world.given()
    world.free(
        slot("gone", NOW - timedelta(minutes=1)),
        slot("last", NOW + timedelta(days=29, hours=23)),
        slot("too-far", NOW + timedelta(days=30)),
    )
    await phone.open(await world.link())
    await phone.born()

    said = await phone.press("Choose another time")

    assert said.count(" time, at ") == 1
    assert "March 31" in said


async def test_no_move_when_the_visit_has_begun(world: World, opened: Phone) -> None:
    await choose(opened, "March 3", nth=1)
    await world.given(booking(start_at=world.clock(), fingerprint="brought forward"))
    assert world.clock() < START

    said = await opened.press("Move my visit")

    assert "It has begun" in said
    assert "reschedule" not in world.ehr.calls


async def test_no_time_suits_asks_for_a_call(world: World, opened: Phone) -> None:
    await opened.press("Choose another time")

    said = await opened.press("Ask the clinic to call me")

    assert "The clinic will call you" in said
    assert len(await world.store.worklist.open()) == 1
