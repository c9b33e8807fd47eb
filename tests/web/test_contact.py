"""How a patient wants to be reached, and the visit for their own calendar."""

from datetime import timedelta
from typing import Any

import pytest
from icalendar import Calendar

from reminder.model.people import Channel, Guardian, PatientKey, Preference
from tests.web.forms import Phone, read
from tests.web.world import ANA_EMAIL, ANA_SMS, MAIN, START, World, patient

ANA = PatientKey(MAIN, "p1")


@pytest.fixture
async def choosing(world: World, phone: Phone) -> Phone:
    """Ana's phone, the choices on it."""
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    await phone.press("How should we reach you?")
    return phone


@pytest.mark.parametrize(
    ("chosen", "preference"),
    [
        ({}, Preference()),
        ({"channel": "email"}, Preference(channel=Channel.EMAIL)),
        ({"language": "es"}, Preference(language="es")),
        ({"lead": "120"}, Preference(lead=timedelta(hours=2))),
        ({"lead": "10080"}, Preference(lead=timedelta(days=7))),
        ({"channel": "nothing"}, Preference(nothing=True)),
        ({"channel": "voice"}, Preference()),
        ({"channel": "pigeon", "language": "xx", "lead": "1"}, Preference()),
    ],
    ids=str,
)
async def test_what_was_chosen_is_kept_and_planned(
    world: World, choosing: Phone, chosen: dict[str, str], preference: Preference
) -> None:
    said = await choosing.press("Save", **chosen)

    assert "We saved how to reach you" in said
    assert await world.store.preferences.preference(ANA) == preference
    assert world.replanned == [ANA]


async def test_what_was_chosen_before_is_shown(choosing: Phone) -> None:
    await choosing.press("Save", channel="email", language="es", lead="1440")

    await choosing.press("How should we reach you?")

    (form,) = [one for one in read(choosing.page.text).forms if "lead" in one.choices]
    assert (form.fields["channel"], form.fields["language"]) == ("email", "es")
    assert form.fields["lead"] == "1440"


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, ["", "email", "sms", "nothing"]),
        ({"contact_points": (ANA_SMS,)}, ["", "sms", "nothing"]),
        (
            {
                "birth_date": "2019-06-02",
                "guardians": (Guardian("r1", (ANA_EMAIL,)),),
            },
            ["", "email", "nothing"],
        ),
    ],
    ids=["both", "no-mailbox", "a-child-and-her-mother"],
)
async def test_only_channels_that_work_are_offered(
    world: World, phone: Phone, changes: dict[str, Any], channels: list[str]
) -> None:
    her = patient(**changes)
    year, month, day = (her.birth_date or "").split("-")
    await world.given(patients=[her])
    await phone.open(await world.link())
    await phone.born(month=str(int(month)), day=day, year=year)

    await phone.press("How should we reach you?")

    (form,) = [one for one in read(phone.page.text).forms if "lead" in one.choices]
    assert form.choices["channel"] == channels


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
