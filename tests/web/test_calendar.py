"""The visit for the patient's own calendar."""

from icalendar import Calendar

from tests.web.forms import Phone
from tests.web.world import START, World


async def test_the_visit_can_be_put_into_a_calendar(world: World, phone: Phone) -> None:
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    before = await world.tables()

    await phone.press("Add to my calendar")

    (event,) = Calendar.from_ical(phone.page.content).walk("VEVENT")
    assert phone.page.headers["content-type"].startswith("text/calendar")
    assert 'filename="appointment.ics"' in phone.page.headers["content-disposition"]
    assert event["DTSTART"].dt == START
    assert "Ana" not in phone.page.text
    assert await world.tables() == before


async def test_a_calendar_without_a_ticket_is_refused(
    world: World, phone: Phone
) -> None:
    await world.given()
    token = await world.link()

    said = await phone.send("/calendar", {"link": token})

    assert "What is your date of birth?" in said
