"""An EHR that can be read in part, and never as a whole, is told of."""

from datetime import timedelta

from structlog.testing import capture_logs

from reminder.ehr.errors import EHRUnavailable
from tests.flows.world import MAIN, NOW, House, patient, visit

DOWN = EHRUnavailable("GET Appointment: 500")
UNREAD = ["ehr-unread main"]


async def never_come_to_an_end(house: House) -> None:
    """All is read at noon; from then on the third day fails."""
    await house.read_and_plan(visit(), patient())
    house.ehr.error, house.ehr.error_in = DOWN, "window 03"


async def after(house: House, **time: int) -> list[str]:
    """What the worklist says after another try; somebody else is booked as well."""
    house.clock.move_on(**time)
    house.ehr.put(
        visit(f"a-{house.clock.now:%d%H%M}", start_at=NOW + timedelta(days=1))
    )
    await house.sync.run()
    return await house.worklist()


async def test_what_was_not_read_to_the_end_for_long_is_told_of_once(
    any_house: House,
) -> None:
    house = any_house
    await never_come_to_an_end(house)

    with capture_logs() as logs:
        early = [await after(house, hours=1), await after(house, hours=1)]
        late = [await after(house, minutes=1), await after(house, hours=1)]

    assert (early, late) == ([[], []], [UNREAD, UNREAD])
    [told] = [line for line in logs if line["event"] == "ehr_unread"]
    assert told == {
        "event": "ehr_unread",
        "log_level": "error",
        "connection": MAIN,
        "since": "2027-03-02T15:00+00:00",
    }
    [entry] = await house.store.worklist.open()
    assert entry.details == ("since 2027-03-02T15:00+00:00",)


async def test_it_goes_when_a_reading_comes_to_its_end_and_may_come_again(
    house: House,
) -> None:
    await never_come_to_an_end(house)
    told = await after(house, hours=3)
    house.ehr.error = None

    over = await after(house, hours=1)
    house.ehr.error = DOWN
    again = [await after(house, hours=1), await after(house, hours=2)]

    assert (told, over) == (UNREAD, [])
    assert again == [[], UNREAD]


async def test_a_process_that_starts_later_takes_the_entry_away_too(
    house: House,
) -> None:
    await never_come_to_an_end(house)
    await after(house, hours=3)
    house.ehr.error = None
    house.clock.move_on(minutes=1)

    await house.syncing().run()

    assert await house.worklist() == []


async def test_who_is_read_as_a_whole_seldom_is_given_time_for_three(
    house: House,
) -> None:
    house.sync = house.syncing(window_every=timedelta(hours=3))
    await never_come_to_an_end(house)

    early = [await after(house, hours=3), await after(house, hours=6)]

    assert early == [[], []]
    assert await after(house, minutes=16) == UNREAD


async def test_what_was_never_read_to_the_end_is_unread_since_it_first_broke_off(
    house: House,
) -> None:
    house.ehr.error, house.ehr.error_in = DOWN, "window 03"

    said = [await after(house, hours=one) for one in (0, 2, 1)]

    assert said == [[], [], UNREAD]


async def test_one_that_is_silent_altogether_is_told_of_once(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.error = DOWN

    assert await after(house, hours=9) == ["ehr-silent main"]
