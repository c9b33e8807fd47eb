"""Confirm, cancel, and take it back."""

import asyncio
from datetime import timedelta

import pytest

from reminder.ehr.errors import EHRConflict, EHRRefused, EHRUnavailable
from reminder.model.answers import AnswerKind, AnswerState, WriteBackKind
from reminder.model.appointments import (
    AppointmentKey,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.worklist import WorklistKind
from tests.web.forms import Phone
from tests.web.world import MAIN, START, World, booking

KEY = AppointmentKey(MAIN, "a1", "p1")
LEASE = timedelta(minutes=1)


@pytest.fixture
async def opened(world: World, phone: Phone) -> Phone:
    """Ana's phone, her visit on it."""
    await world.given()
    await phone.open(await world.link())
    await phone.born()
    return phone


async def kept(world: World) -> list[tuple[AnswerKind, AnswerState]]:
    answers = await world.store.answers.latest(KEY)
    return [(one.kind, one.state) for one in reversed(answers)]


async def to_write(world: World) -> list[WriteBackKind]:
    some = await world.store.write_backs.claim(now=world.clock(), limit=9, lease=LEASE)
    return [one.kind for one in some]


async def test_confirming_is_kept_at_once_and_written_later(
    world: World, opened: Phone
) -> None:
    said = await opened.press("Confirm")

    assert "You are confirmed" in said
    assert "There is nothing else you need to do." in said
    assert await kept(world) == [(AnswerKind.CONFIRM, AnswerState.WAITING)]
    assert await to_write(world) == [WriteBackKind.CONFIRM]
    assert world.ehr.calls == []


async def test_confirming_again_says_so_and_writes_nothing(
    world: World, opened: Phone
) -> None:
    first = opened.page
    await opened.press("Confirm")
    before = await world.tables()
    opened.page = first

    said = await opened.press("Confirm")

    assert "You are already confirmed" in said
    assert await world.tables() == before


async def test_a_visit_the_clinic_moved_is_not_confirmed_any_more(
    world: World, opened: Phone
) -> None:
    await opened.press("Confirm")
    later = booking(start_at=START + timedelta(hours=1), fingerprint="moved")
    await world.given(later)

    said = await opened.press("How should we reach you?")
    said = await opened.press("Back to your visit")

    assert "Not confirmed yet" in said


async def test_cancelling_asks_first_and_offers_another_time(
    world: World, opened: Phone
) -> None:
    before = await world.tables()

    said = await opened.press("Cancel the visit")

    assert "Do you want to cancel?" in said
    assert "Choose another time instead" in said
    assert await world.tables() == before


async def test_a_cancellation_is_written_while_the_patient_waits(
    world: World, opened: Phone
) -> None:
    await opened.press("Cancel the visit")

    said = await opened.press("Cancel my visit")

    visit = await world.store.appointments.booking(KEY)
    assert "Your visit is cancelled" in said
    assert visit is not None
    assert visit.status is AppointmentStatus.CANCELLED
    assert world.ehr.taken == set()
    assert await kept(world) == [(AnswerKind.CANCEL, AnswerState.WRITTEN)]
    assert world.replanned == [KEY.patient]
    world.clock.move_on(minutes=5)
    assert await to_write(world) == []


async def test_a_confirmation_not_yet_written_is_forgotten_with_the_visit(
    world: World, opened: Phone
) -> None:
    await opened.press("Confirm")
    await opened.press("I cannot come")

    await opened.press("Cancel my visit")

    world.clock.move_on(minutes=5)
    assert await to_write(world) == []
    assert await kept(world) == [
        (AnswerKind.CONFIRM, AnswerState.LOST),
        (AnswerKind.CANCEL, AnswerState.WRITTEN),
    ]


async def test_cancelling_again_says_so(world: World, opened: Phone) -> None:
    await opened.press("Cancel the visit")
    first = opened.page
    await opened.press("Cancel my visit")
    opened.page = first

    assert "Your visit was already cancelled" in await opened.press("Cancel my visit")
    assert world.ehr.calls == ["cancel"]


async def test_a_double_click_cancels_once(world: World, opened: Phone) -> None:
    await opened.press("Cancel the visit")
    second = Phone(opened.client, opened.page)

    said = await asyncio.gather(
        opened.press("Cancel my visit"), second.press("Cancel my visit")
    )

    assert world.ehr.calls == ["cancel"]
    assert sum("already cancelled" in one for one in said) == 1


async def test_a_cancellation_can_be_undone_and_says_until_when(
    world: World, opened: Phone
) -> None:
    await opened.press("Cancel the visit")

    said = await opened.press("Cancel my visit")
    after = await opened.press("Undo")

    visit = await world.store.appointments.booking(KEY)
    assert "You can undo this until Tuesday, March 9 at 12:30 PM" in said
    assert "Your visit is back" in after
    assert visit is not None
    assert visit.status is AppointmentStatus.BOOKED
    assert world.ehr.taken == {"slot-a1"}
    assert [kind for kind, _ in await kept(world)] == [
        AnswerKind.CANCEL,
        AnswerKind.UNDO_CANCEL,
    ]


async def test_an_old_cancel_form_does_not_undo_the_undo(
    world: World, opened: Phone
) -> None:
    await opened.press("Cancel the visit")
    old = opened.page
    world.clock.move_on(seconds=5)
    await opened.press("Cancel my visit")
    world.clock.move_on(seconds=5)
    await opened.press("Undo")
    opened.page = old

    said = await opened.press("Cancel my visit")

    assert "This visit has changed" in said
    assert world.ehr.calls == ["cancel", "rebook"]


async def test_an_undo_is_offered_until_two_hours_before(
    world: World, opened: Phone
) -> None:
    world.clock.now = START - timedelta(hours=2, minutes=5)
    await opened.open(await world.link())
    await opened.born()
    await opened.press("Cancel the visit")
    await opened.press("Cancel my visit")
    in_time = opened.page
    world.clock.move_on(minutes=5)

    said = await opened.press("Undo")
    opened.page = in_time

    assert "This can no longer be undone" in said
    assert world.ehr.calls == ["cancel"]


async def test_an_undo_that_comes_too_late_leaves_the_visit_cancelled(
    world: World, opened: Phone
) -> None:
    await opened.press("Cancel the visit")
    await opened.press("Cancel my visit")
    world.ehr.taken.add("slot-a1")

    said = await opened.press("Undo")

    assert "Someone else has your old time now" in said
    assert "Cancelled" in said
    assert opened.page.status_code == 409


@pytest.mark.parametrize(
    "trouble", [{"silent": True}, {"error": EHRUnavailable("502")}], ids=str
)
async def test_without_an_answer_it_is_asked_again_and_the_page_says_so(
    world: World, opened: Phone, trouble: dict[str, object]
) -> None:
    await opened.press("Cancel the visit")
    world.ehr.silent = bool(trouble.get("silent"))
    world.ehr.error = trouble.get("error")  # type: ignore[assignment]
    check = opened.page
    world.wait_limit = timedelta(milliseconds=50)
    async with world.client() as client:
        phone = Phone(client, check)

        said = await phone.press("Cancel my visit")
        again = await phone.press("Español")

    assert "We are asking the clinic" in said
    assert "Tuesday, March 9 2:30 PM" in said
    assert "En espera de la clínica" in again
    assert "Cancelar" not in again
    assert await kept(world) == [(AnswerKind.CANCEL, AnswerState.WAITING)]
    assert await to_write(world) == []
    world.clock.move_on(seconds=5)
    assert await to_write(world) == [WriteBackKind.CANCEL]


async def test_what_the_ehr_refuses_goes_to_a_human(
    world: World, opened: Phone
) -> None:
    world.ehr.error = EHRRefused("PUT Appointment: 403")
    await opened.press("Cancel the visit")

    said = await opened.press("Cancel my visit")

    (entry,) = await world.store.worklist.open()
    assert "We could not change this online" in said
    assert "555-0199" in said
    assert entry.kind is WorklistKind.WRITE_BACK_FAILED
    assert await kept(world) == [(AnswerKind.CANCEL, AnswerState.FAILED)]
    world.clock.move_on(minutes=5)
    assert await to_write(world) == []


async def test_a_visit_that_changed_meanwhile_is_not_cancelled(
    world: World, opened: Phone
) -> None:
    world.ehr.error = EHRConflict("Appointment: changed meanwhile")
    await opened.press("Cancel the visit")

    said = await opened.press("Cancel my visit")

    assert "This visit has changed" in said
    assert await kept(world) == [(AnswerKind.CANCEL, AnswerState.LOST)]


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"status": AppointmentStatus.CANCELLED}, "Cancelled"),
        ({"participation": ParticipationStatus.DECLINED}, "Cancelled"),
        ({"status": AppointmentStatus.CHECKED_IN}, "Call us about this visit"),
        ({"status": AppointmentStatus.PROPOSED}, "Call us about this visit"),
        ({"participation": ParticipationStatus.ACCEPTED}, "Confirmed"),
    ],
    ids=str,
)
async def test_each_state_has_a_page_that_helps(
    world: World, phone: Phone, changes: dict[str, object], says: str
) -> None:
    await world.given(booking(**changes))
    await phone.open(await world.link())

    said = await phone.born()

    assert says in said
    assert "Confirm I am coming" not in said


async def test_a_call_is_asked_for_once(world: World, phone: Phone) -> None:
    await world.given(booking(status=AppointmentStatus.CANCELLED))
    await phone.open(await world.link())
    await phone.born()

    said = await phone.press("call me")
    again = await phone.press("call me")

    (entry,) = await world.store.worklist.open()
    assert "The clinic will call you" in said
    assert "We already have your request" in again
    assert entry.kind is WorklistKind.CALL_REQUESTED
