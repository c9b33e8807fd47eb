"""The whole horizon by every search plan, broken off and gone on with."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRUnavailable
from reminder.flows.progress import SyncProgress, SyncReport
from reminder.model.appointments import Appointment, AppointmentKey, Place
from reminder.model.capabilities import SearchPlan
from reminder.model.readings import Unreadable
from tests.flows.test_sync import booked, crowd, due, windows
from tests.flows.world import MAIN, NOW, TOMORROW, House, patient, visit

HOUR = timedelta(hours=1)
DOWN = EHRUnavailable("GET Appointment: ReadTimeout")
NO_START = Unreadable("Appointment", "a9", "Appointment.start", "missing", "f")


async def break_off(house: House, where: str, pages: int = 0) -> None:
    """Begin a whole reading that breaks off in this window, after so many pages."""
    house.ehr.error, house.ehr.error_in = DOWN, where
    house.ehr.pages_before_error = pages
    report = await house.sync.run(everything=True)
    house.ehr.error, house.ehr.error_in = None, ""
    house.ehr.calls.clear()
    assert not report.available


async def test_every_page_is_kept_before_the_next_is_asked_for(house: House) -> None:
    house.ehr.page_size, kept = 2, []
    house.ehr.put(*(visit(name) for name in crowd(5)))

    async def count() -> None:
        kept.append(len(await booked(house)))

    house.ehr.between_pages = count
    await house.sync.run()

    # Two days without anybody are a page each, and so is the one after.
    assert kept == [0, 0, 2, 4, 5, 5]


async def test_what_was_read_before_it_broke_off_is_kept(house: House) -> None:
    house.ehr.page_size = 2
    house.ehr.put(*(visit(name) for name in crowd(5)))

    await break_off(house, "window 03", pages=1)

    assert await booked(house) == ["a00", "a01"]


async def test_a_new_process_goes_on_with_the_first_window_that_was_not_read(
    any_house: House,
) -> None:
    house = any_house
    house.ehr.put(visit(), patient())
    await break_off(house, "window 03")
    house.clock.move_on(hours=23)

    with capture_logs() as logs:
        report = await house.syncing().run()

    assert windows(house) == ["window 03 00:00-04 00:00", "window 04 00:00-05 00:00"]
    assert report == SyncReport(read=1, patients=1)
    assert logs[0] == {
        "event": "sync_goes_on",
        "log_level": "info",
        "connection": MAIN,
        "windows_done": 2,
    }
    state = await house.store.sync_state.state(MAIN)
    assert state.last_window_at == NOW, "all of it was seen since then, no later"
    assert await house.store.sync_state.run(MAIN) is None


@pytest.mark.parametrize(
    ("hours", "plan", "days"),
    [
        pytest.param(24, "plan-1", 2, id="a-day-later"),
        pytest.param(1, "plan-2", 2, id="by-another-plan"),
        pytest.param(1, "plan-1", 1, id="for-another-horizon"),
    ],
)
async def test_what_cannot_be_gone_on_with_begins_anew(
    house: House, hours: int, plan: str, days: int
) -> None:
    await break_off(house, "window 03")
    house.clock.move_on(hours=hours)
    house.ehr.plan_name = plan

    await house.syncing(horizon=timedelta(days=days)).run()

    assert len(windows(house)) == days + 2


async def test_who_moved_to_a_window_that_was_read_before_is_found_by_id(
    house: House,
) -> None:
    """It was read where it was no more, and is no more where it will be read."""
    await house.read_and_plan(visit(), patient())
    house.ehr.incremental = False
    house.clock.move_on(minutes=31)
    await break_off(house, "window 03")
    house.ehr.change(visit().key, start_at=NOW + HOUR)
    house.ehr.asked.clear()
    house.clock.move_on(minutes=1)

    report = await house.syncing().run()

    assert house.ehr.asked == [["a1"]]
    assert report.gone == 0
    [moved] = await house.store.appointments.bookings("a1")
    assert moved.start_at == NOW + HOUR


async def test_what_changed_while_it_was_broken_off_is_read_when_it_goes_on(
    house: House,
) -> None:
    """The first reading of all has no cursor of an earlier one to go by."""
    house.ehr.put(visit(start_at=NOW + HOUR), patient())
    await break_off(house, "window 03")
    house.ehr.change(visit().key, start_at=NOW + 2 * HOUR)
    house.clock.move_on(minutes=1)

    await house.syncing().run()

    [moved] = await house.store.appointments.bookings("a1")
    assert moved.start_at == NOW + 2 * HOUR


async def test_where_the_last_step_fails_only_that_is_done_again(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.delete("a1")
    house.clock.move_on(minutes=31)
    await break_off(house, "appointments")
    untouched = await booked(house)
    house.clock.move_on(minutes=1)

    report = await house.sync.run(everything=True)

    assert untouched == ["a1"]
    assert windows(house) == []
    assert report.gone == 1


async def test_an_appointment_that_is_closed_to_us_keeps_back_no_other(
    house: House,
) -> None:
    names = crowd(5)
    await house.read_and_plan(*(visit(name) for name in names))
    house.ehr.delete(*names)
    house.ehr.closed = {"a02"}
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert (report.available, report.gone) == (True, 4)
    assert await booked(house) == ["a02"]


async def test_where_all_that_are_absent_are_closed_to_us_the_reading_ends(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.delete("a1")
    house.ehr.closed = {"a1"}
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert (report.available, report.gone) == (True, 0)
    assert await booked(house) == ["a1"]
    assert await house.store.sync_state.run(MAIN) is None


async def test_an_exodus_that_is_over_leaves_the_worklist(house: House) -> None:
    names = crowd(60)
    await house.read_and_plan(*(visit(name) for name in names))
    there = dict(house.ehr.bookings)
    house.ehr.delete(*names)
    house.clock.move_on(minutes=31)
    await house.sync.run()
    reported = await house.worklist()
    house.ehr.bookings = there
    house.clock.move_on(minutes=31)

    await house.sync.run()

    assert reported == ["vanished-en-masse main"]
    assert await house.worklist() == []
    assert len(await booked(house)) == 60


async def test_an_answer_that_was_asked_for_earlier_undoes_nothing(
    house: House,
) -> None:
    """While a page is on its way, somebody moves, and that is read by its id."""
    await house.read_and_plan(visit(), patient())
    house.ehr.incremental = False
    house.ehr.change(visit().key, start_at=TOMORROW + HOUR)
    house.clock.move_on(minutes=31)

    async def read_by_id() -> None:
        house.clock.move_on(seconds=5)
        house.ehr.change(visit().key, start_at=TOMORROW + 2 * HOUR)
        moved = house.ehr.reading("a1")
        await house.store.appointments.keep(MAIN, [moved], seen_at=house.clock.now)

    house.ehr.on_the_way = read_by_id
    report = await house.sync.run()

    [kept] = await house.store.appointments.bookings("a1")
    assert report.read == 1
    assert kept.start_at == TOMORROW + 2 * HOUR


def at_oak(appointment_id: str) -> Appointment:
    return visit(appointment_id, place=Place("oak", "Oak Street", "2 Oak Street"))


async def by_roster(house: House) -> None:
    house.ehr.search_plan = SearchPlan.BY_ROSTER
    house.ehr.roster = ("Location/elm", "Location/oak")
    house.ehr.incremental = False
    house.ehr.put(visit("e1"), visit("e2"), at_oak("o1"))
    await house.sync.run()


async def test_by_roster_every_day_is_read_for_each_part_of_it(house: House) -> None:
    await by_roster(house)

    assert windows(house)[:3] == [
        "window 01 00:00-02 00:00 Location/elm",
        "window 01 00:00-02 00:00 Location/oak",
        "window 02 00:00-03 00:00 Location/elm",
    ]
    assert len(windows(house)) == 8
    assert await booked(house) == ["e1", "e2", "o1"]


async def test_by_roster_a_day_counts_only_when_all_its_parts_are_whole(
    house: House,
) -> None:
    await by_roster(house)
    house.ehr.delete("e1")
    house.ehr.asked.clear()
    house.ehr.incomplete = lambda window: window.of == ("Location/oak",)
    house.clock.move_on(minutes=31)
    await house.sync.run()
    early = list(house.ehr.asked)

    house.ehr.incomplete = lambda _: False
    house.clock.move_on(minutes=31)
    report = await house.sync.run()

    assert early == []
    assert (report.gone, await booked(house)) == (1, ["e2", "o1"])


async def test_by_roster_who_changed_places_has_not_vanished(house: House) -> None:
    await by_roster(house)
    house.ehr.asked.clear()
    house.ehr.put(at_oak("e1"))
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert (report.gone, house.ehr.asked) == (0, [])


async def by_patient(house: House) -> None:
    house.ehr.search_plan = SearchPlan.BY_PATIENT
    house.ehr.incremental = False
    people = ["p1", "p2", "p3"]
    house.ehr.put(*(patient(one) for one in people))
    house.ehr.put(*(visit(f"a-{one}", one) for one in people))
    readings = [house.ehr.reading(f"a-{one}") for one in people]
    await house.store.appointments.keep(MAIN, readings, seen_at=NOW)
    house.clock.move_on(minutes=1)
    await house.sync.run()


async def test_by_patient_the_horizon_is_read_for_some_patients_at_a_time(
    house: House,
) -> None:
    await by_patient(house)

    assert windows(house) == [
        "window 01 00:00-05 00:00 Patient/p1 Patient/p2",
        "window 01 00:00-05 00:00 Patient/p3",
    ]


async def test_by_patient_absence_counts_for_those_patients_only(house: House) -> None:
    await by_patient(house)
    house.ehr.delete("a-p1", "a-p3")
    house.ehr.asked.clear()
    house.ehr.incomplete = lambda window: "Patient/p1" in window.of
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert house.ehr.asked == [["a-p3"]]
    assert (report.gone, await booked(house)) == (1, ["a-p1", "a-p2"])


async def test_by_patient_what_is_known_is_not_read_again(house: House) -> None:
    await by_patient(house)
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert (report.read, report.unchanged) == (0, 3)


async def by_id(house: House, *names: str) -> None:
    house.ehr.search_plan = SearchPlan.BY_ID
    house.ehr.put(patient(), *(visit(name) for name in names))
    readings = [house.ehr.reading(name) for name in names]
    await house.store.appointments.keep(MAIN, readings, seen_at=NOW)
    await house.sync.run()
    house.ehr.calls.clear()
    house.ehr.asked.clear()


async def test_by_id_what_is_known_is_read_again_and_nothing_else(
    house: House,
) -> None:
    await by_id(house, "a1", "a2")
    house.ehr.change(visit("a2").key, start_at=TOMORROW + HOUR)

    house.clock.move_on(minutes=29)
    await house.sync.run()
    early = list(house.ehr.calls)
    house.clock.move_on(minutes=2)
    report = await house.sync.run()

    assert early == []
    assert house.ehr.calls == ["appointments"]
    assert (report.read, report.unchanged) == (1, 1)
    assert "p1" in await due(house)
    state = await house.store.sync_state.state(MAIN)
    assert state.last_window_at == house.clock.now


async def test_by_id_what_is_gone_is_asked_for_once_more_and_withdrawn(
    house: House,
) -> None:
    await by_id(house, "a1", "a2")
    house.ehr.delete("a2")
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert house.ehr.asked == [["a1", "a2"], ["a2"]]
    assert (report.gone, await booked(house)) == (1, ["a1"])


async def test_by_id_an_ehr_that_knows_nobody_any_more_withdraws_nobody(
    house: House,
) -> None:
    names = crowd(20)
    await by_id(house, *names)
    house.ehr.delete(*names)
    house.clock.move_on(minutes=31)

    report = await house.sync.run()

    assert report.gone == 0
    assert len(await booked(house)) == 20
    assert await house.worklist() == ["vanished-en-masse main"]


async def test_by_id_a_reading_that_broke_off_goes_on_after_its_last_part(
    any_house: House,
) -> None:
    house, names = any_house, [f"a{number:03}" for number in range(401)]
    await by_id(house, *names)
    house.clock.move_on(minutes=31)

    async def fall_silent() -> None:
        house.ehr.error = DOWN

    house.ehr.meanwhile = fall_silent
    broken_off = await house.sync.run()
    house.ehr.error = None
    house.clock.move_on(minutes=1)
    report = await house.syncing().run()

    assert not broken_off.available
    first, second, third = names[:200], names[200:400], names[400:]
    assert house.ehr.asked == [first, second, second, third]
    assert (report.available, report.unchanged) == (True, 201)


async def test_by_id_what_nobody_could_read_is_asked_for_again(house: House) -> None:
    await by_id(house, "a1")
    await house.store.appointments.keep(MAIN, [], unreadable=[NO_START], seen_at=NOW)
    house.ehr.put(visit("a9"))
    house.clock.move_on(minutes=31)

    await house.sync.run()

    assert await booked(house) == ["a1", "a9"]
    assert await house.store.quarantine.open() == []


async def test_by_id_what_nobody_could_read_and_is_no_more_is_forgotten(
    house: House,
) -> None:
    await by_id(house, "a1")
    await house.store.appointments.keep(MAIN, [], unreadable=[NO_START], seen_at=NOW)
    house.clock.move_on(minutes=31)

    await house.sync.run()

    assert await house.store.quarantine.open() == []


async def test_a_group_is_read_once_for_all_its_patients(house: House) -> None:
    await by_patient(house)
    other = AppointmentKey(MAIN, "a-p1", "p3")
    house.ehr.put(visit("a-p1", "p1"), visit(key=other))
    house.clock.move_on(minutes=31)

    await house.sync.run()

    both = await house.store.appointments.bookings("a-p1")
    assert [one.key.patient_id for one in both] == ["p1", "p3"]


async def test_whoever_asks_hears_how_far_it_is(house: House) -> None:
    house.ehr.put(visit(), patient(), visit("a2", "p2"), patient("p2"))
    heard: list[SyncProgress] = []

    await house.sync.run(tell=heard.append)

    assert heard[0] == SyncProgress(MAIN, 0, 4, 0, 0)
    assert heard[-1] == SyncProgress(MAIN, 4, 4, 2, 2)
    assert [one.windows_done for one in heard] == sorted(
        one.windows_done for one in heard
    )


async def test_the_log_says_how_far_it_is_every_half_a_minute(house: House) -> None:
    async def slowly() -> None:
        house.clock.move_on(seconds=11)

    house.ehr.between_pages = slowly

    with capture_logs() as logs:
        await house.sync.run()

    assert logs == [
        {
            "event": "sync_progress",
            "log_level": "info",
            "connection": MAIN,
            "windows_done": 3,
            "windows": 4,
            "appointments": 0,
            "patients": 0,
        }
    ]
