from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.flows.progress import SyncReport
from reminder.model.readings import Unreadable
from tests.flows.world import MAIN, NOW, TOMORROW, House, patient, visit

MINUTE = timedelta(minutes=1)
HOUR = timedelta(hours=1)


def windows(house: House) -> list[str]:
    return [call for call in house.ehr.calls if call.startswith("window")]


async def due(house: House) -> list[str]:
    return [key.patient_id for key in await house.store.appointments.to_plan(10)]


async def booked(house: House) -> list[str]:
    """The appointments Reminder takes for existing, whenever they are."""
    start, end = NOW - timedelta(days=9), NOW + timedelta(days=9)
    return sorted(await house.store.appointments.fingerprints(MAIN, start, end))


async def test_the_first_run_reads_the_horizon_day_by_day_and_who_comes(
    any_house: House,
) -> None:
    house = any_house
    house.ehr.put(visit(), patient(), visit("a2", "p2"), patient("p2"))

    report = await house.sync.run()

    assert windows(house) == [
        "window 01 00:00-02 00:00",
        "window 02 00:00-03 00:00",
        "window 03 00:00-04 00:00",
        "window 04 00:00-05 00:00",
    ]
    assert report == SyncReport(read=2, patients=2)
    people = await house.store.appointments.people(
        await house.store.appointments.to_plan(10)
    )
    assert {person.patient.given for person in people} == {"Ana"}


async def test_what_did_not_change_is_not_planned_again(house: House) -> None:
    await house.read_and_plan(visit(), patient())

    report = await house.sync.run(everything=True)

    assert report == SyncReport(unchanged=1)
    assert await due(house) == []


async def test_between_two_whole_readings_only_what_changed_is_read(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient(), visit("a2", "p2"), patient("p2"))
    house.ehr.calls.clear()
    house.ehr.change(visit().key, start_at=TOMORROW + HOUR)
    house.clock.move_on(minutes=2)

    report = await house.sync.run()

    assert house.ehr.calls == ["changes"]
    assert report == SyncReport(read=1)
    assert await due(house) == ["p1"]


async def test_the_whole_horizon_is_read_again_when_its_time_has_come(
    house: House,
) -> None:
    await house.sync.run()
    house.ehr.calls.clear()

    house.clock.move_on(minutes=29)
    await house.sync.run()
    early = windows(house)
    house.clock.move_on(minutes=1)
    await house.sync.run()

    assert early == []
    assert len(windows(house)) == 4


async def test_where_changes_are_not_told_the_next_day_is_read_every_time(
    house: House,
) -> None:
    house.ehr.incremental = False
    await house.sync.run()
    house.ehr.calls.clear()
    house.ehr.put(visit(), patient())
    house.clock.move_on(minutes=2)

    report = await house.sync.run()

    assert windows(house)[-1] == "window 03 00:00-04 00:00"
    assert len(windows(house)) == 3
    assert report.read == 1


async def test_a_patient_is_read_again_when_a_day_has_passed(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.put(patient(deceased=True))

    house.clock.move_on(hours=23)
    await house.sync.run()
    early = await due(house)
    house.clock.move_on(hours=2)
    await house.sync.run()

    assert early == []
    assert await due(house) == ["p1"]


async def test_who_vanished_is_asked_for_by_id_and_only_then_gone(
    any_house: House,
) -> None:
    house = any_house
    await house.read_and_plan(visit(), patient(), visit("a2", "p2"), patient("p2"))
    house.ehr.delete("a1")
    house.ehr.asked.clear()
    house.clock.move_on(minutes=2)

    report = await house.sync.run(everything=True)

    assert house.ehr.asked == [["a1"]]
    assert report.gone == 1
    assert await booked(house) == ["a2"]
    assert await due(house) == ["p1"]


async def test_who_is_out_of_the_horizon_now_is_found_by_id_and_kept(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.incremental = False
    house.ehr.change(visit().key, start_at=NOW + timedelta(days=8))
    house.clock.move_on(minutes=2)

    report = await house.sync.run(everything=True)

    assert report.gone == 0
    assert await booked(house) == ["a1"]
    [appointment] = await house.store.appointments.bookings("a1")
    assert appointment.start_at == NOW + timedelta(days=8)


async def test_who_is_unreadable_now_is_quarantined_and_not_gone(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.broken["a1"] = Unreadable("Appointment", "a1", "start", "missing", "f")
    house.clock.move_on(minutes=2)

    report = await house.sync.run(everything=True)

    assert (report.gone, report.quarantined > 0) == (0, True)
    assert await booked(house) == ["a1"]
    [entry] = await house.store.quarantine.open()
    assert (entry.resource_id, entry.problem) == ("a1", "missing")


async def test_an_incomplete_reading_withdraws_nobody(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.delete("a1")
    house.ehr.asked.clear()
    house.ehr.incomplete = lambda _: True
    house.clock.move_on(minutes=2)

    report = await house.sync.run(everything=True)

    assert report.gone == 0
    assert house.ehr.asked == []
    assert await booked(house) == ["a1"]


def crowd(size: int) -> list[str]:
    return [f"a{number:02}" for number in range(size)]


@pytest.mark.parametrize(
    ("known", "vanished", "is_believed"),
    [
        pytest.param(12, 9, True, id="few"),
        pytest.param(60, 12, True, id="a-fifth"),
        pytest.param(60, 13, False, id="more-than-a-fifth"),
        pytest.param(300, 51, False, id="more-than-fifty"),
        pytest.param(1100, 55, True, id="a-twentieth"),
        pytest.param(1100, 56, False, id="more-than-a-twentieth"),
    ],
)
async def test_where_many_vanish_at_once_nothing_is_withdrawn(
    house: House, known: int, vanished: int, is_believed: bool
) -> None:
    await house.read_and_plan(*(visit(name) for name in crowd(known)))
    house.ehr.delete(*crowd(vanished))
    house.ehr.asked.clear()
    house.clock.move_on(minutes=2)

    with capture_logs() as logs:
        report = await house.sync.run(everything=True)

    assert report.gone == (vanished if is_believed else 0)
    assert bool(house.ehr.asked) is is_believed
    if is_believed:
        assert await house.worklist() == []
        return
    assert len(await booked(house)) == known
    [line] = logs
    assert (line["event"], line["n"]) == ("vanished_en_masse", vanished)
    [entry] = await house.store.worklist.open()
    assert (entry.kind, entry.subject) == ("vanished-en-masse", MAIN)
    assert entry.details == (f"{vanished} of {known}",)


async def test_a_whole_day_that_moves_to_the_next_has_not_vanished(
    house: House,
) -> None:
    names = crowd(60)
    await house.read_and_plan(*(visit(name) for name in names))
    house.ehr.incremental = False
    for name in names:
        house.ehr.change(visit(name).key, start_at=TOMORROW + timedelta(days=1))
    house.ehr.asked.clear()
    house.clock.move_on(minutes=2)

    report = await house.sync.run(everything=True)

    assert report == SyncReport(read=60)
    assert house.ehr.asked == []
    assert await house.worklist() == []


@pytest.mark.parametrize(
    ("error", "event", "waits_s"),
    [
        pytest.param(
            EHRUnavailable("GET Appointment: 503", retry_after=timedelta(seconds=90)),
            "ehr_unavailable",
            90,
            id="as-long-as-it-asks-for",
        ),
        pytest.param(
            EHRUnavailable("GET Appointment: ConnectTimeout"),
            "ehr_unavailable",
            60,
            id="a-minute-at-first",
        ),
        pytest.param(
            EHRRefused("GET Appointment: 403 forbidden"),
            "ehr_refused",
            60,
            id="refused-is-tried-again-too",
        ),
    ],
)
async def test_an_ehr_that_does_not_answer_is_left_alone_for_a_while(
    house: House, error: Exception, event: str, waits_s: int
) -> None:
    house.ehr.put(visit(), patient())
    house.ehr.error = error

    with capture_logs() as logs:
        first = await house.sync.run()
        house.clock.move_on(seconds=waits_s - 1)
        second = await house.sync.run()
    asked_early = len(house.ehr.calls)
    house.ehr.error = None
    house.clock.move_on(seconds=1)
    third = await house.sync.run()

    assert (first.available, second.available) == (False, False)
    assert asked_early == 1
    assert logs == [
        {
            "event": event,
            "log_level": "warning",
            "connection": MAIN,
            "error": str(error),
            "again_in_s": waits_s,
        }
    ]
    assert third == SyncReport(read=1, patients=1)


async def test_the_wait_doubles_up_to_a_quarter_of_an_hour_and_starts_over(
    house: House,
) -> None:
    house.ehr.error = EHRUnavailable("GET Appointment: 503")
    waits = []
    for _ in range(6):
        with capture_logs() as logs:
            await house.sync.run()
        waits.append(logs[0]["again_in_s"])
        house.clock.move_on(seconds=waits[-1])
    house.ehr.error = None
    with capture_logs() as logs:
        await house.sync.run()
    back = [line["event"] for line in logs]
    house.ehr.error = EHRUnavailable("GET Appointment: 503")
    with capture_logs() as logs:
        await house.sync.run()

    assert waits == [60, 120, 240, 480, 900, 900]
    assert back == ["ehr_answers_again"]
    assert logs[0]["again_in_s"] == 60


async def test_a_reading_that_breaks_off_is_taken_up_where_nothing_is_lost(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    before = await house.store.sync_state.state(MAIN)
    house.ehr.change(visit().key, start_at=TOMORROW + HOUR)
    house.clock.move_on(minutes=31)

    house.ehr.error = EHRUnavailable("GET Appointment: ReadTimeout")
    house.ehr.error_in = "window 03"
    report = await house.sync.run()
    after = await house.store.sync_state.state(MAIN)
    house.ehr.error = None
    house.clock.move_on(minutes=1)
    again = await house.sync.run()

    assert report.available is False
    assert after == replace(before, cursor="2")
    assert await booked(house) == ["a1"]
    assert again.available
    assert await due(house) == ["p1"]


async def test_by_hand_an_ehr_is_asked_although_it_is_left_alone(
    house: House,
) -> None:
    house.ehr.error = EHRUnavailable("GET Appointment: 503")
    await house.sync.run()
    house.ehr.error = None

    report = await house.sync.run(everything=True)

    assert report.available


async def test_the_state_says_when_everything_was_heard(house: House) -> None:
    await house.sync.run()
    house.clock.move_on(minutes=2)

    await house.sync.run()

    state = await house.store.sync_state.state(MAIN)
    assert (state.last_window_at, state.last_sync_at) == (NOW, NOW + 2 * MINUTE)


async def test_a_booking_that_comes_back_is_there_again(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.delete("a1")
    house.clock.move_on(minutes=2)
    await house.sync.run(everything=True)
    gone = await booked(house)
    house.clock.move_on(minutes=2)

    await house.read_and_plan(replace(visit(), created_at=NOW))

    assert gone == []
    assert await booked(house) == ["a1"]
    assert await house.reminders() == ["day planned"]
