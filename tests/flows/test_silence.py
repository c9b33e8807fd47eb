"""An EHR that is silent for long is told of once, and taken back when it answers."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from tests.flows.test_fresh import KEY, fresh
from tests.flows.world import MAIN, NOW, House, patient, visit

DOWN = EHRUnavailable("GET Appointment: 503")
SILENT = ["ehr-silent main"]


async def fall_silent(house: House, error: Exception = DOWN) -> None:
    """It answered at noon, and does not any more."""
    await house.read_and_plan(visit(), patient())
    house.ehr.error = error  # type: ignore[assignment]


async def after(house: House, **time: int) -> list[str]:
    """What the worklist says after another try to read it."""
    house.clock.move_on(**time)
    await house.sync.run()
    return await house.worklist()


@pytest.mark.parametrize(
    "error", [DOWN, EHRRefused("GET Appointment: 403")], ids=["down", "refused"]
)
async def test_past_the_limit_it_is_told_once(
    any_house: House, error: Exception
) -> None:
    house = any_house
    await fall_silent(house, error)

    with capture_logs() as logs:
        at_the_limit = await after(house, hours=2)
        past_it = await after(house, minutes=1)
        later = await after(house, hours=1)

    assert (at_the_limit, past_it, later) == ([], SILENT, SILENT)
    [told] = [line for line in logs if line["event"] == "ehr_silent"]
    assert told == {
        "event": "ehr_silent",
        "log_level": "error",
        "connection": MAIN,
        "since": "2027-03-02T15:00+00:00",
    }
    [entry] = await house.store.worklist.open()
    assert entry.details == ("since 2027-03-02T15:00+00:00",)


async def test_when_it_answers_the_entry_goes(house: House) -> None:
    await fall_silent(house)
    told = await after(house, hours=3)
    house.ehr.error = None

    answered = await after(house, hours=1)
    house.ehr.error = DOWN
    silent_again = [await after(house, hours=1), await after(house, hours=2)]

    assert (told, answered) == (SILENT, [])
    assert silent_again == [[], SILENT]


async def test_a_process_that_starts_later_takes_the_entry_away_too(
    house: House,
) -> None:
    await fall_silent(house)
    await after(house, hours=3)
    house.ehr.error = None
    house.clock.move_on(minutes=1)

    await house.syncing().run()

    assert await house.worklist() == []


async def test_a_process_that_starts_later_knows_since_when(house: House) -> None:
    await fall_silent(house)
    house.clock.move_on(hours=3)

    await house.syncing().run()

    assert await house.worklist() == SILENT


async def test_one_that_never_answered_is_silent_since_it_was_first_asked(
    house: House,
) -> None:
    house.ehr.error = DOWN

    first = await after(house, hours=0)
    early = await after(house, hours=2)
    late = await after(house, hours=1)

    assert (first, early, late) == ([], [], SILENT)


async def test_whoever_else_hears_of_it_ends_the_silence(house: House) -> None:
    """What is read just before it is sent counts as well."""
    await fall_silent(house)
    house.ehr.error_in = "changes"
    house.clock.move_on(minutes=90)
    await fresh(house).read([KEY])

    assert SILENT[0] not in await after(house, minutes=90)
    assert SILENT[0] in await after(house, minutes=31)


async def test_one_that_wishes_to_be_left_alone_for_long_is_silent_all_the_same(
    house: House,
) -> None:
    wish = timedelta(days=1)
    await fall_silent(house, EHRUnavailable("GET Appointment: 429", retry_after=wish))
    await after(house, minutes=1)

    assert await after(house, hours=3) == SILENT
    assert house.clock.now < NOW + wish
