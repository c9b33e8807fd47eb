"""An EHR that does not tell us of all is told of, until it does."""

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRUnavailable
from tests.flows.world import MAIN, NOW, House, patient, visit

INCOMPLETE = ["ehr-incomplete main"]


async def test_windows_that_are_not_whole_are_told_of_and_the_rest_is_read(
    any_house: House,
) -> None:
    house = any_house
    house.ehr.put(visit(), patient())
    house.ehr.incomplete = lambda window: window.start <= NOW

    with capture_logs() as logs:
        report = await house.sync.run()

    assert report.read == 1
    assert logs == [
        {
            "event": "ehr_incomplete",
            "log_level": "error",
            "connection": MAIN,
            "n": 2,
        }
    ]
    [entry] = await house.store.worklist.open()
    assert (entry.kind, entry.subject) == ("ehr-incomplete", MAIN)
    assert entry.details == ("2 of 4",)


@pytest.mark.parametrize("goes_on_by", ["the same", "another"])
async def test_what_was_read_before_it_broke_off_counts_too(
    house: House, goes_on_by: str
) -> None:
    house.ehr.incomplete = lambda window: window.start <= NOW
    house.ehr.error, house.ehr.error_in = EHRUnavailable("GET: 503"), "window 03"
    await house.sync.run()
    house.ehr.error, house.ehr.incomplete = None, lambda _: False
    house.clock.move_on(minutes=1)

    await (house.sync if goes_on_by == "the same" else house.syncing()).run()

    assert await house.worklist() == INCOMPLETE


async def test_it_goes_with_a_whole_reading_that_is_well(house: House) -> None:
    house.ehr.incomplete = lambda _: True
    await house.sync.run()
    house.clock.move_on(minutes=5)
    house.ehr.incomplete = lambda _: False
    await house.sync.run()
    early = await house.worklist()
    house.clock.move_on(minutes=26)

    await house.sync.run()

    assert early == INCOMPLETE
    assert await house.worklist() == []
