"""A new link for a burned one."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from reminder.messages.links import link_token
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage, MessageKind
from reminder.model.people import Channel
from reminder.model.worklist import WorklistKind
from tests.web.forms import Phone
from tests.web.world import (
    ANA_EMAIL,
    ANA_SMS,
    MAIN,
    NOW,
    START,
    World,
    booking,
    patient,
)

WRONG = {"month": "5", "day": "17", "year": "1985"}
AGREED = {"agree": "yes"}


async def burn(phone: Phone, token: str) -> None:
    await phone.open(token)
    for _ in range(5):
        await phone.born(**WRONG)


async def new_links(world: World) -> list[ClaimedMessage]:
    claimed = await world.store.queue.claim_due(
        channels=tuple(Channel),
        now=world.clock(),
        limit=99,
        lease=START - world.clock(),
        node="one",
    )
    return [one for one in claimed if one.kind is MessageKind.NEW_LINK]


async def test_the_bare_form_sends_nothing(world: World, phone: Phone) -> None:
    await world.given()
    await burn(phone, await world.link())
    before = await world.tables()

    said = await phone.press("Send the link")

    assert "Tick the box if you want a new link" in said
    assert await world.tables() == before


@pytest.mark.parametrize("forged", [{"ticket": ""}, {"ticket": "x"}, {"agree": "on"}])
async def test_a_forged_form_sends_nothing(
    world: World, phone: Phone, forged: dict[str, str]
) -> None:
    await world.given()
    await burn(phone, await world.link())
    before = await world.tables()

    await phone.press("Send the link", **(AGREED | forged))

    assert await world.tables() == before


async def test_it_goes_to_the_contact_on_file_alone(world: World, phone: Phone) -> None:
    await world.given()
    await burn(phone, await world.link(to=ANA_EMAIL, language="es"))

    said = await phone.press("Enviar el enlace", **AGREED)

    (message,) = await new_links(world)
    assert "El enlace nuevo va en camino" in said
    assert "ana.garcia" not in phone.page.text
    assert message.to == ANA_EMAIL
    assert message.language == "es"
    assert message.template == "new-link"


async def test_the_new_link_opens_the_visit(world: World, phone: Phone) -> None:
    await world.given()
    await burn(phone, await world.link())
    await phone.press("Send the link", **AGREED)
    (message,) = await new_links(world)

    await phone.open(link_token(message.message_id, world.ring.derive("link-token")))

    assert "Confirm I am coming" in await phone.born()


async def test_the_same_form_sends_one_however_often_it_comes(
    world: World, phone: Phone
) -> None:
    await world.given()
    await burn(phone, await world.link())
    form = phone.page
    phones = [Phone(phone.client, form) for _ in range(6)]

    said = await asyncio.gather(
        *(one.press("Send the link", **AGREED) for one in phones)
    )

    assert len(await new_links(world)) == 1
    assert sum("We have already sent a new link" in one for one in said) == 5


async def test_after_three_a_human_helps(world: World, phone: Phone) -> None:
    await world.given()
    token = await world.link()
    await burn(phone, token)

    said = []
    for _ in range(5):
        await phone.open(token)
        said.append(await phone.press("Send the link", **AGREED))

    (entry,) = await world.store.worklist.open()
    assert len(await new_links(world)) == 3
    assert ["by phone" in one for one in said] == [False, False, False, True, True]
    assert entry.kind is WorklistKind.LINK_EXHAUSTED


@pytest.mark.parametrize(
    "now",
    [
        pytest.param({"contact_points": (ANA_EMAIL,)}, id="another-number"),
        pytest.param({"contact_points": ()}, id="no-number"),
        pytest.param({"deceased": True}, id="deceased"),
        pytest.param({"birth_date": "2015-04-17"}, id="a-minor"),
    ],
)
async def test_an_address_no_longer_on_file_gets_none(
    world: World, phone: Phone, now: dict[str, Any]
) -> None:
    await world.given()
    await burn(phone, await world.link(to=ANA_SMS))
    await world.given(patients=[patient(**now)])

    said = await phone.press("Send the link", **AGREED)

    (entry,) = await world.store.worklist.open()
    assert await new_links(world) == []
    assert "We can help you by phone" in said
    assert entry.kind is WorklistKind.LINK_EXHAUSTED
    assert entry.details == ("address-not-on-file",)


async def test_an_address_that_said_stop_gets_none(world: World, phone: Phone) -> None:
    await world.given()
    await burn(phone, await world.link(to=ANA_SMS))
    await world.store.preferences.opt_out(ANA_SMS, "stop", at=NOW)

    await phone.press("Send the link", **AGREED)

    assert await new_links(world) == []


async def test_the_new_link_is_about_those_who_have_this_address(
    world: World, phone: Phone
) -> None:
    brother = patient("p2", given="Ben", birth_date="1990-02-03")
    visits = booking(), booking("a2", "p2")
    await world.given(*visits, patients=[patient(), brother])
    await burn(phone, await world.link(to=ANA_SMS))
    elsewhere = replace(brother, contact_points=(ANA_EMAIL,))
    await world.given(*visits, patients=[patient(), elsewhere])

    await phone.press("Send the link", **AGREED)

    (message,) = await new_links(world)
    assert message.appointments == (AppointmentKey(MAIN, "a1", "p1"),)


async def test_a_link_that_works_sends_no_other(world: World, phone: Phone) -> None:
    await world.given()
    token = await world.link()

    said = await phone.send("/new-link", {"link": token, **AGREED})

    assert "What is your date of birth?" in said
    assert await new_links(world) == []
