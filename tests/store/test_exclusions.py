"""Exclusions: staff take an appointment out, and the plan follows."""

from datetime import timedelta

import pytest

from reminder.model.appointments import AppointmentKey
from reminder.store.database import Database
from reminder.store.exclusions import ExclusionStore
from reminder.store.keyring import KeyRing
from tests.store.given import ANA, NOON, VISIT, given_person, revisions

GROUP_VISIT = AppointmentKey(VISIT.connection, VISIT.appointment_id, "p2")


@pytest.fixture
async def exclusions(database: Database, ring: KeyRing) -> ExclusionStore:
    await given_person(database, ring, VISIT.patient, ANA)
    await given_person(database, ring, GROUP_VISIT.patient, ANA)
    return ExclusionStore(database)


async def test_nothing_is_out_at_first(exclusions: ExclusionStore) -> None:
    assert await exclusions.all() == {}


async def test_taking_one_booking_out_plans_its_patient_anew_and_nobody_else(
    exclusions: ExclusionStore, database: Database
) -> None:
    assert await exclusions.exclude(VISIT, NOON)

    assert await exclusions.all() == {VISIT: NOON}
    assert await revisions(database) == {"p1": 2, "p2": 1}


async def test_one_that_is_out_already_keeps_its_first_instant(
    exclusions: ExclusionStore,
) -> None:
    await exclusions.exclude(VISIT, NOON)

    assert not await exclusions.exclude(VISIT, NOON + timedelta(hours=1))

    assert await exclusions.all() == {VISIT: NOON}


async def test_one_taken_back_in_is_planned_anew(
    exclusions: ExclusionStore, database: Database
) -> None:
    await exclusions.exclude(VISIT, NOON)
    await exclusions.exclude(GROUP_VISIT, NOON)

    assert await exclusions.include(VISIT)

    assert await exclusions.all() == {GROUP_VISIT: NOON}
    assert await revisions(database) == {"p1": 3, "p2": 2}


async def test_taking_back_in_what_was_never_out_says_so(
    exclusions: ExclusionStore,
) -> None:
    assert not await exclusions.include(VISIT)


async def test_the_last_one_taken_out_comes_first(exclusions: ExclusionStore) -> None:
    await exclusions.exclude(VISIT, NOON)
    await exclusions.exclude(GROUP_VISIT, NOON + timedelta(hours=1))

    assert list(await exclusions.all()) == [GROUP_VISIT, VISIT]
