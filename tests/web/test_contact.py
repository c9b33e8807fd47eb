"""How a patient wants to be told: by which way, in which language, and when."""

from datetime import timedelta
from typing import Any

import pytest

from reminder.model.appointments import AppointmentStatus
from reminder.model.people import Channel, Guardian, Preference
from reminder.model.rulesets import Leads
from tests.web.choices import ANA, CONTACT, choosing, form, ruled
from tests.web.forms import Phone
from tests.web.world import (
    ANA_EMAIL,
    ANA_SMS,
    NOW,
    START,
    World,
    booking,
    patient,
)

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
async def ana(world: World, phone: Phone) -> Phone:
    """Ana's phone, the choices on it."""
    await world.given()
    await choosing(world, phone)
    return phone


@pytest.mark.parametrize(
    ("chosen", "preference"),
    [
        ({"channel": "email"}, Preference(channel=Channel.EMAIL)),
        ({"language": "es"}, Preference(language="es")),
        ({"lead": "120"}, Preference(lead=2 * HOUR)),
        ({"lead": "10080"}, Preference(lead=7 * DAY)),
        (
            {"lead": "1440", "language": "en", "channel": "sms"},
            Preference(channel=Channel.SMS, language="en", lead=DAY),
        ),
    ],
    ids=str,
)
async def test_what_was_chosen_is_kept_and_planned(
    world: World, ana: Phone, chosen: dict[str, str], preference: Preference
) -> None:
    said = await ana.press("Save", **chosen)

    assert "We saved how to reach you" in said
    assert await world.store.preferences.preference(ANA) == preference
    assert world.replanned == [ANA]


@pytest.mark.parametrize(
    "forged",
    [
        {},
        {"channel": "voice"},
        {"channel": "pigeon", "language": "xx", "lead": "1"},
        {"stop-clinic": "no", "stop-pigeon": "yes", "stop-voice": "yes"},
        {"details": "maybe"},
    ],
    ids=str,
)
async def test_what_was_not_offered_changes_nothing(
    world: World, ana: Phone, forged: dict[str, str]
) -> None:
    before = await world.tables()

    said = await ana.press("Save", **forged)

    assert "This is saved already" in said
    assert await world.tables() == before
    assert world.replanned == []


async def test_the_same_form_sent_twice_says_so(world: World, ana: Phone) -> None:
    sent = form(ana).fields | {"channel": "email", "stop-clinic": "yes"}

    first = await ana.send("/contact/keep", sent)
    before = await world.tables()
    again = await ana.send("/contact/keep", sent)

    assert "We stopped what you asked" in first
    assert "This is saved already" in again
    assert await world.tables() == before
    assert world.replanned == [ANA]


async def test_what_was_chosen_before_is_shown(ana: Phone) -> None:
    await ana.press("Save", channel="email", language="es", lead="1440")

    await ana.press(CONTACT)

    fields = form(ana).fields
    assert (fields["channel"], fields["language"]) == ("email", "es")
    assert fields["lead"] == "1440"


async def test_looking_at_the_choices_changes_nothing(
    world: World, phone: Phone
) -> None:
    await world.given()
    before_link = await world.link()
    before = await world.tables()
    await phone.open(before_link)
    await phone.born()

    await phone.press(CONTACT)

    assert await world.tables() == before


@pytest.mark.parametrize(
    ("changes", "channels"),
    [
        ({}, ["", "email", "sms"]),
        ({"contact_points": (ANA_SMS,)}, ["", "sms"]),
        (
            {
                "birth_date": "2019-06-02",
                "guardians": (Guardian("r1", (ANA_EMAIL,)),),
            },
            ["", "email"],
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

    await choosing(world, phone, month=str(int(month)), day=day, year=year)

    choices = form(phone).choices
    stops = [name for name in choices if name.startswith("stop-")]
    assert choices["channel"] == channels
    assert stops == [
        "stop-clinic",
        *(f"stop-{one}" for one in channels if one),
        "stop-everything",
    ]


@pytest.mark.parametrize(
    ("leads", "offered"),
    [
        (Leads(), ["", "120", "1440", "2880", "4320", "10080"]),
        (Leads(DAY, 2 * DAY), ["", "1440", "2880"]),
        (Leads(3 * HOUR, 23 * HOUR), None),
        (Leads(allowed=False), None),
    ],
    ids=["as-usual", "a-day-or-two", "nothing-between", "not-allowed"],
)
async def test_a_lead_is_offered_within_what_the_clinic_allows(
    world: World, phone: Phone, leads: Leads, offered: list[str] | None
) -> None:
    ruled(world, leads=leads)
    await world.given()

    said = await choosing(world, phone)

    assert form(phone).choices.get("lead") == offered
    assert ("instead of the clinic's own times" in said) == (offered is not None)


async def test_what_another_clinic_can_do_is_not_lost_at_one_that_cannot(
    world: World, phone: Phone
) -> None:
    elsewhere = Preference(
        channel=Channel.VOICE,
        language="vi",
        lead=7 * DAY,
        stopped_clinics=frozenset({"hill"}),
    )
    await world.given()
    await world.store.preferences.keep(ANA, elsewhere, now=NOW)
    ruled(world, leads=Leads(longest=DAY))

    said = await choosing(world, phone)
    same = await phone.press("Save")

    assert "This is saved already" in same
    assert "hill" not in said
    assert await world.store.preferences.preference(ANA) == elsewhere


@pytest.mark.parametrize(
    "changes",
    [
        {"status": AppointmentStatus.CANCELLED},
        {"start_at": NOW - HOUR / 2},
        {"status": AppointmentStatus.ARRIVED},
        {"start_at": START},
    ],
    ids=["cancelled", "past", "arrived", "booked"],
)
async def test_the_choices_are_there_however_the_visit_stands(
    world: World, phone: Phone, changes: dict[str, Any]
) -> None:
    await world.given(booking(**changes))

    said = await choosing(world, phone)

    assert "How should our reminders come?" in said
