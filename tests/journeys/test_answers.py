import asyncio
from datetime import timedelta

import pytest

from reminder.model.worklist import WorklistKind
from reminder.sandbox.faults import Fault, Silence
from reminder.sandbox.forms import read_forms
from tests.journeys.day import BEGINS, BORN, VISIT, Day, link_in, opened, slot

pytestmark = pytest.mark.asyncio(loop_scope="package")

LATER = VISIT + timedelta(days=1)


def patient_status(appointment: dict) -> str:
    return appointment["participant"][0]["status"]


async def test_a_patient_confirms_and_the_ehr_knows(day: Day) -> None:
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.confirm()
        news = ana.news
    await day.app.write_back.run()

    assert news == "confirmed"
    assert patient_status(await day.read("Appointment/visit-ana")) == "accepted"
    (recorded,) = await day.world.ehr.search("Communication?subject=Patient/ana")
    assert recorded["status"] == "completed"
    assert "payload" not in recorded or "Ana" not in str(recorded["payload"])


async def test_a_patient_moves_and_takes_it_back(day: Day) -> None:
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.move()
        moved = ana.news, await day.read("Appointment/visit-ana")
        slots_moved = await _slots(day, "slot-ana", "later")
        await ana.send("/undo")
        undone = ana.news, await day.read("Appointment/visit-ana")
        slots_undone = await _slots(day, "slot-ana", "later")

    assert moved[0] == "moved"
    assert moved[1]["slot"][0]["reference"] == "Slot/later"
    assert slots_moved == ["free", "busy"]
    assert undone[1]["slot"][0]["reference"] == "Slot/slot-ana"
    assert slots_undone == ["busy", "free"]


async def test_a_moved_visit_is_reminded_of_at_its_new_time(day: Day) -> None:
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.move()
    await day.send_due(VISIT - timedelta(hours=24) + timedelta(minutes=1))
    before_new_time = len(day.mails_to("ana"))
    await day.send_due(LATER - timedelta(hours=24) + timedelta(minutes=1))

    # Ana has no mobile: the day's reminder falls back to e-mail. Nothing goes
    # for the old time; for the new one the five days' reminder and the day's.
    assert before_new_time == 2
    assert len(day.mails_to("ana")) == 3


async def test_a_patient_cancels_and_the_slot_is_free(day: Day) -> None:
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.cancel()
        news = ana.news
    await day.send_due(VISIT - timedelta(hours=24))

    cancelled = await day.read("Appointment/visit-ana")
    assert news == "cancelled"
    assert cancelled["status"] == "cancelled"
    assert cancelled["cancelationReason"]
    assert await _slots(day, "slot-ana") == ["free"]
    assert len(day.mails_to("ana")) == 1, "nobody is reminded of a cancelled visit"


async def test_of_eight_patients_after_one_slot_one_wins(day: Day) -> None:
    names = [f"p{n}" for n in range(8)]
    await day.put(slot("wanted", LATER), slot("second", LATER + timedelta(hours=1)))
    links = await day.reminded(*names)

    async def reach_for_it(place: int) -> tuple[str, list[str]]:
        async with opened(links[place], BORN + timedelta(days=place)) as visitor:
            await visitor.send("/days")
            for step in ("/times", "/move"):
                name, value = visitor._form(step).choices[0]
                await visitor.send(step, **{name: value})
            ready.release()
            await go.wait()
            await visitor.send("/move/yes")
            return visitor.news, _offered(visitor._html)

    ready, go = asyncio.Semaphore(0), asyncio.Event()
    reaching = [asyncio.create_task(reach_for_it(place)) for place in range(8)]
    for _ in names:
        await ready.acquire()
    go.set()
    outcomes = await asyncio.gather(*reaching)

    assert [news for news, _ in outcomes].count("moved") == 1
    others = [offered for news, offered in outcomes if news != "moved"]
    assert len(others) == 7
    assert all(others), "the seven are offered other times"
    assert await _slots(day, "wanted") == ["busy"]
    visits = [await day.read(f"Appointment/visit-{name}") for name in names]
    holders = [v for v in visits if v["slot"][0]["reference"] == "Slot/wanted"]
    assert len(holders) == 1


async def test_a_silent_ehr_is_asked_later_and_the_patient_is_told(day: Day) -> None:
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.send("/days")
        for step in ("/times", "/move"):
            name, value = ana._form(step).choices[0]
            await ana.send(step, **{name: value})
        day.world.proxy.faults.add(Fault(silence=Silence.BEFORE))
        await ana.send("/move/yes")
        news = ana.news
    day.world.proxy.faults.clear()
    unmoved = await day.read("Appointment/visit-ana")
    await day.app.write_back.run()
    await day.send_due(day.clock() + timedelta(minutes=2))
    await day.app.write_back.run()
    await day.send_due()

    assert news == "asking"
    assert unmoved["slot"][0]["reference"] == "Slot/slot-ana"
    moved = await day.read("Appointment/visit-ana")
    assert moved["slot"][0]["reference"] == "Slot/later"
    assert len(day.mails_to("ana")) == 2, "the answer came by the link's channel"


async def test_an_answer_lost_after_it_was_written_is_not_written_twice(
    day: Day,
) -> None:
    await day.put(slot("later", LATER))
    (link,) = await day.reminded("ana")

    async with opened(link) as ana:
        await ana.send("/days")
        for step in ("/times", "/move"):
            name, value = ana._form(step).choices[0]
            await ana.send(step, **{name: value})
        day.world.proxy.faults.add(Fault(method="POST", times=1, silence=Silence.AFTER))
        await ana.send("/move/yes")
        news = ana.news
    day.world.proxy.faults.clear()
    await day.send_due(day.clock() + timedelta(minutes=2))
    await day.app.write_back.run()

    assert news == "asking"
    moved = await day.read("Appointment/visit-ana")
    assert moved["slot"][0]["reference"] == "Slot/later"
    assert await _slots(day, "slot-ana", "later") == ["free", "busy"]
    assert not [
        entry
        for entry in await day.app.store.worklist.open()
        if entry.kind is WorklistKind.WRITE_BACK_FAILED
    ]


async def test_a_visit_cancelled_at_the_clinic_is_not_reminded_of(day: Day) -> None:
    await day.reminded("ana")
    before = len(day.mails_to("ana"))

    await day.change("Appointment/visit-ana", status="cancelled")
    await day.send_due(VISIT - timedelta(hours=24))

    assert len(day.mails_to("ana")) == before


async def test_who_died_since_their_record_was_read_is_not_reminded(day: Day) -> None:
    """The visit itself is still booked, and was seen a moment ago."""
    await day.reminded("ana")
    day.clock.advance_to(VISIT - timedelta(hours=24))
    await day.change("Patient/ana", deceasedBoolean=True)
    for sync in day.app.syncs:
        await sync.run(everything=True)

    await day.send_due()

    assert len(day.mails_to("ana")) == 1


async def test_while_the_ehr_is_down_messages_are_held_and_go_when_it_is_back(
    day: Day,
) -> None:
    await day.reminded("ana")
    day.world.proxy.faults.add(Fault(status=500))

    await day.send_due(VISIT - timedelta(hours=24))
    while_down = len(day.mails_to("ana"))
    day.world.proxy.faults.clear()
    await day.send_due(day.clock() + timedelta(minutes=2))

    assert while_down == 1
    assert len(day.mails_to("ana")) == 2


async def test_five_wrong_dates_burn_a_link_and_a_new_one_goes_to_the_contact(
    day: Day,
) -> None:
    (link,) = await day.reminded("ana")

    async with opened(link, BORN + timedelta(days=400)) as stranger:
        for n in range(4):
            await stranger.enter(BORN + timedelta(days=500 + n))
        await stranger.send("/new-link", agree="yes")
    await day.send_due()

    new_link = link_in(day.mails_to("ana")[-1])
    assert new_link != link
    async with opened(new_link) as ana:
        await ana.confirm()
        assert ana.news == "confirmed"


async def test_a_relay_without_tls_gets_nothing_and_the_text_goes_instead(
    day: Day,
) -> None:
    number = "+12125550142"
    from tests.journeys.day import patient, visit

    day.world.mail.faults.starttls = False
    await day.put(
        slot("s", VISIT, "busy"),
        patient("ben", mobile=number),
        visit("v", "ben", at="s"),
    )
    await day.sync()

    await day.send_due(BEGINS + timedelta(minutes=11))
    waiting = [e.kind for e in await day.app.store.worklist.open()]
    for _ in range(30):
        due_at = await day.app.store.queue.next_due_at()
        if due_at is None or due_at > BEGINS + timedelta(hours=6):
            break
        await day.send_due(due_at)

    assert waiting == [WorklistKind.TRANSPORT_UNPROTECTED]
    assert day.mails_to("ben") == []
    assert len(day.texts_to(number)) == 1
    assert "ben" not in day.texts_to(number)[0].lower()


def _offered(html: str) -> list[str]:
    """The times a page offers to move to."""
    return [value for form in read_forms(html) for _, value in form.choices if value]


async def _slots(day: Day, *names: str) -> list[str]:
    return [(await day.read(f"Slot/{name}"))["status"] for name in names]
