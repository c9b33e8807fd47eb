"""An EHR that ignores the period it is asked for is told of, and read all the same."""

from datetime import timedelta

from structlog.testing import capture_logs

from tests.flows.test_sync import booked
from tests.flows.world import MAIN, NOW, House, visit

IGNORES = ["ehr-ignores main"]


async def test_more_from_outside_than_from_inside_is_told_and_sifted(
    house: House,
) -> None:
    house.ehr.ignores_date = True
    house.ehr.put(visit(), visit("a2"), visit("a3", start_at=NOW + timedelta(days=30)))

    with capture_logs() as logs:
        report = await house.sync.run()

    assert await house.worklist() == IGNORES
    assert (report.read, await booked(house)) == (2, ["a1", "a2"])
    assert logs == [
        {
            "event": "ehr_ignores",
            "log_level": "error",
            "connection": MAIN,
            "what": "date",
        }
    ]
    [entry] = await house.store.worklist.open()
    assert entry.details == ("date",)


async def test_it_is_told_once_and_goes_when_the_ehr_is_well(house: House) -> None:
    house.ehr.ignores_date = True
    house.ehr.put(visit())
    for _ in range(2):
        await house.sync.run(everything=True)
        house.clock.move_on(minutes=31)
    told = await house.worklist()
    house.ehr.ignores_date = False

    await house.sync.run()

    assert told == IGNORES
    assert await house.worklist() == []


async def test_a_reading_that_met_nobody_says_nothing(house: House) -> None:
    house.ehr.ignores_date = True
    house.ehr.put(visit())
    await house.sync.run()
    house.ehr.bookings.clear()
    house.clock.move_on(minutes=31)

    await house.sync.run()

    assert await house.worklist() == IGNORES
