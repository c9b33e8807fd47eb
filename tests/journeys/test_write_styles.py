"""What a patient meets where the EHR lets nobody write, and where it books anew."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from reminder.model.worklist import WorklistKind
from reminder.sandbox.world import World
from tests.journeys.day import VISIT, Day, Hands, opened, running_day, slot

pytestmark = pytest.mark.asyncio(loop_scope="package")

LATER = VISIT + timedelta(days=1)


@pytest_asyncio.fixture(loop_scope="package")
async def asking(
    world: World, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Day]:
    """A day at a clinic whose EHR can only be read."""
    monkeypatch.setenv("REMINDER_WORK__ANSWER_LIMIT_S", "1")
    style = dict.fromkeys(("confirm_by", "cancel_by", "move_by"), "request")
    async with running_day(world, hands, tmp_path, **style) as running:
        yield running


@pytest_asyncio.fixture(loop_scope="package")
async def rebooking(
    world: World, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Day]:
    """A day at a clinic whose EHR moves by booking anew."""
    monkeypatch.setenv("REMINDER_WORK__ANSWER_LIMIT_S", "5")
    async with running_day(world, hands, tmp_path, move_by="rebook") as running:
        yield running


async def entries(day: Day) -> list[tuple[WorklistKind, tuple[str, ...]]]:
    found = await day.app.store.worklist.open()
    return [(one.kind, one.details) for one in found]


async def after_a_while(day: Day) -> None:
    """Reminder reads the EHR again, and looks what became of its requests."""
    day.clock.advance_to(day.clock() + timedelta(minutes=2))
    await day.sync()
    await day.app.write_back.run()
    await day.send_due()


async def test_a_cancellation_is_for_the_clinic_to_enter(asking: Day) -> None:
    day = asking
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.cancel()
        news = ana.news
        page = ana.page
    before = await entries(day)
    untouched = (await day.read("Appointment/visit-ana"))["status"]
    await day.change("Appointment/visit-ana", status="cancelled")
    await after_a_while(day)

    assert news == "requested"
    assert "Your clinic will confirm this" in page
    assert untouched == "booked"
    assert before == [(WorklistKind.CHANGE_REQUESTED, ("cancel",))]
    assert await entries(day) == []
    assert "We have cancelled your visit" in day.mails_to("ana")[-1]
    async with opened(link) as ana:
        assert "Cancelled" in ana.page


async def test_a_patient_who_asked_for_another_time_sees_what_they_asked_for(
    asking: Day,
) -> None:
    day = asking
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.move()
        news = ana.news
    async with opened(link) as ana:
        looked_again = ana.page
    before = await entries(day)
    await day.change(
        "Appointment/visit-ana",
        start=LATER.isoformat(),
        end=(LATER + timedelta(minutes=30)).isoformat(),
        slot=[{"reference": "Slot/later"}],
    )
    await after_a_while(day)

    assert news == "requested"
    assert "You asked for" in looked_again
    assert "Waiting for the clinic" in looked_again
    assert before == [
        (WorklistKind.CHANGE_REQUESTED, ("move", LATER.isoformat())),
    ]
    assert await entries(day) == []
    assert "We have moved your visit" in day.mails_to("ana")[-1]


async def test_nobody_is_reminded_of_a_visit_they_asked_to_cancel(asking: Day) -> None:
    day = asking
    (link,) = await day.reminded("ana")
    async with opened(link) as ana:
        await ana.cancel()

    await day.send_due(VISIT - timedelta(hours=23))

    assert len(day.mails_to("ana")) == 1


async def test_a_confirmation_is_for_nobody_to_enter(asking: Day) -> None:
    day = asking
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.confirm()
    await day.app.write_back.run()

    async with opened(link) as ana:
        assert "Confirmed" in ana.page
    assert await entries(day) == []


async def test_a_visit_booked_anew_is_one_visit_to_its_patient(rebooking: Day) -> None:
    day = rebooking
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.move()
        news, page = ana.news, ana.page
    old = await day.read("Appointment/visit-ana")
    found = await day.world.ehr.search("Appointment?patient=Patient/ana")
    live = [one for one in found if one["status"] == "booked"]
    async with opened(link) as ana:
        looked_again = ana.page
    await after_a_while(day)

    assert news == "moved"
    assert old["status"] == "cancelled"
    assert [one["slot"] for one in live] == [[{"reference": "Slot/later"}]]
    for each in (page, looked_again):
        assert each.count('<section class="visit') == 1
        assert "March 9" in each
    assert len(day.mails_to("ana")) == 1


async def test_a_visit_booked_anew_can_be_cancelled_by_the_same_link(
    rebooking: Day,
) -> None:
    day = rebooking
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")
    async with opened(link) as ana:
        await ana.move()

    async with opened(link) as ana:
        await ana.cancel()
        news = ana.news

    found = await day.world.ehr.search("Appointment?patient=Patient/ana")
    slots = [(await day.read(f"Slot/{one}"))["status"] for one in ("slot-ana", "later")]
    assert news == "cancelled"
    assert {one["status"] for one in found} == {"cancelled"}
    assert slots == ["free", "free"]


async def test_a_visit_booked_anew_is_reminded_of_at_its_new_time(
    rebooking: Day,
) -> None:
    day = rebooking
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")
    async with opened(link) as ana:
        await ana.move()

    await day.send_due(VISIT - timedelta(hours=24) + timedelta(minutes=1))
    before_new_time = len(day.mails_to("ana"))
    await day.send_due(LATER - timedelta(hours=24) + timedelta(minutes=1))

    # For the new time the five days' reminder and the day's, as after any move.
    assert before_new_time == 2
    assert len(day.mails_to("ana")) == 3
