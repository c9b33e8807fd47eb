"""What follows a visit booked anew: somebody ends the old one where we could not."""

from dataclasses import replace

import pytest

from reminder.flows.written import Asked, Follow
from reminder.model.answers import AnswerState, WriteBackKind
from reminder.model.appointments import (
    Appointment,
    AppointmentStatus,
    ParticipationStatus,
)
from reminder.model.readings import Reading, Written
from tests.flows.world import MAIN, House, patient, visit

OLD = visit(fingerprint="old")
NEW = visit("anew", fingerprint="anew")


async def booked_anew(house: House, *old: Appointment) -> AnswerState:
    """The EHR says that OLD was booked anew, and that the old one is like this."""
    await house.read_and_plan(OLD, patient(), patient("p2"))
    store = house.store
    follow = Follow(
        store.appointments, store.links, store.worklist, house.plan.again, house.clock
    )
    readings = (Reading("a1", "changed", old), Reading("anew", "anew", (NEW,)))
    asked = Asked(kind=WriteBackKind.MOVE, key=OLD.key)
    return await follow.up(asked, Written(readings, "anew"))


@pytest.mark.parametrize(
    "status", ["booked", "pending", "arrived", "checked-in", "fulfilled"]
)
async def test_an_old_booking_that_stands_is_for_a_human(
    house: House, status: str
) -> None:
    old = replace(OLD, status=AppointmentStatus(status), fingerprint="changed")

    state = await booked_anew(house, old)

    assert state is AnswerState.WRITTEN
    assert await house.worklist() == [
        f"write-back-failed {MAIN}/a1/p1/move/old-booking"
    ]


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
async def test_an_old_booking_that_is_off_is_for_nobody(
    house: House, status: str
) -> None:
    old = replace(OLD, status=AppointmentStatus(status), fingerprint="changed")

    await booked_anew(house, old)

    assert await house.worklist() == []


async def test_a_group_that_comes_without_this_patient_is_for_nobody(
    house: House,
) -> None:
    declined = ParticipationStatus.DECLINED
    old = replace(OLD, participation=declined, fingerprint="changed")
    other = visit(patient_id="p2", fingerprint="changed")

    await booked_anew(house, old, other)

    assert await house.worklist() == []
