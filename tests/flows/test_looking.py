"""To look for what changed waits for nothing that may take hours."""

import asyncio

import pytest

from reminder.ehr.errors import EHRUnavailable
from tests.flows.test_sync import windows
from tests.flows.world import House, patient, visit


async def test_a_look_reads_what_changed(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.put(visit("a2"))
    house.ehr.calls.clear()
    house.clock.move_on(minutes=1)

    assert await house.sync.look()
    assert house.ehr.calls == ["changes"]


async def test_a_look_does_not_wait_for_a_reading_that_is_under_way(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    begun, end = asyncio.Event(), asyncio.Event()

    async def take_hours() -> None:
        begun.set()
        await end.wait()

    house.ehr.on_the_way = take_hours
    reading = asyncio.create_task(house.sync.run(everything=True))
    await begun.wait()
    looked = await house.sync.look()
    still_reading = not reading.done()
    end.set()
    await reading

    assert (looked, still_reading) == (False, True)
    assert await house.sync.look()


@pytest.mark.parametrize("was_read", [False, True])
async def test_a_look_does_not_begin_to_read_everything(
    house: House, was_read: bool
) -> None:
    if was_read:
        await house.sync.run()
        house.clock.move_on(minutes=30)
    house.ehr.calls.clear()

    assert not await house.sync.look()
    assert windows(house) == []


async def test_a_look_at_an_ehr_that_does_not_answer_failed(house: House) -> None:
    await house.sync.run()
    house.ehr.error = EHRUnavailable("GET Appointment: 503")

    assert not await house.sync.look()
