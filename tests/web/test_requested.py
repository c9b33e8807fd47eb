"""What a patient reads where the EHR lets nobody write: the clinic will confirm it."""

from dataclasses import replace

import pytest

from reminder.flows.respond.moving import chosen
from reminder.model.answers import AnswerState
from reminder.model.appointments import AppointmentKey, AppointmentStatus
from reminder.model.worklist import WorklistKind
from tests.web.forms import Phone
from tests.web.world import HOUR, MAIN, START, World, slot

KEY = AppointmentKey(MAIN, "a1", "p1")


@pytest.fixture
async def opened(world: World, phone: Phone) -> Phone:
    """Ana's phone, her visit on it, at a clinic whose EHR can only be read."""
    await world.given()
    world.ehr.requested = ""
    await phone.open(await world.link())
    await phone.born()
    return phone


async def cancelled(phone: Phone) -> str:
    await phone.press("Cancel the visit")
    return await phone.press("Cancel my visit")


async def states(world: World) -> list[AnswerState]:
    return [one.state for one in await world.store.answers.latest(KEY)]


async def test_a_cancellation_is_passed_on_and_the_visit_stays(
    world: World, opened: Phone
) -> None:
    said = await cancelled(opened)

    assert "We passed it on to the clinic" in said
    assert "Your clinic will confirm this." in said
    assert "You asked to cancel this visit." in said
    assert "Undo" not in said
    assert "Your visit is cancelled" not in said
    assert await states(world) == [AnswerState.REQUESTED]
    [entry] = await world.store.worklist.open()
    assert entry.kind is WorklistKind.CHANGE_REQUESTED
    assert world.ehr.bookings[KEY].status is AppointmentStatus.BOOKED


async def test_looking_again_it_is_still_waited_for(
    world: World, opened: Phone
) -> None:
    await cancelled(opened)

    await opened.open(await world.link())
    said = await opened.born()

    assert "Waiting for the clinic" in said
    assert "Cancel the visit" not in said
    assert "Choose another time" not in said
    assert "Call us" in said


async def test_asking_again_makes_no_second_request(
    world: World, opened: Phone
) -> None:
    await opened.press("Cancel the visit")
    before = opened.page
    await opened.press("Cancel my visit")
    opened.page = before

    said = await opened.press("Cancel my visit")

    assert "We passed it on to the clinic" in said
    assert len(await states(world)) == 1
    assert len(await world.store.worklist.open()) == 1


async def test_what_the_clinic_did_is_what_the_page_shows(
    world: World, opened: Phone
) -> None:
    await cancelled(opened)
    visit = replace(world.ehr.bookings[KEY], status=AppointmentStatus.CANCELLED)
    await world.given(replace(visit, fingerprint="cancelled", version_id="2"))

    await opened.open(await world.link())
    said = await opened.born()

    assert "Waiting for the clinic" not in said
    assert "Cancelled" in said


async def test_in_spanish_it_is_said_as_well(world: World, phone: Phone) -> None:
    await world.given()
    world.ehr.requested = ""
    await phone.open(await world.link(language="es"))
    await phone.born()

    await phone.press("Cancelar la cita")
    said = await phone.press("Cancelar mi cita")

    assert "El centro de salud lo confirmará." in said


async def test_a_visit_booked_anew_takes_the_old_ones_place(
    world: World, opened: Phone
) -> None:
    world.ehr.requested, world.ehr.rebooks = None, True
    later = slot("later", START + HOUR)
    world.free(later)

    await opened.press("Choose another time")
    await opened.press("March 9")
    await opened.press("Continue", slot=chosen(later))
    said = await opened.press("Move my visit")

    assert "Your visit has moved" in said
    assert "3:30" in said
    assert said.count("Choose another time") == 1
    assert "Undo" not in said
