"""What the EHR pushes is read soon, by id, and lost neither by silence nor by death."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from reminder.ehr.errors import EHRError, EHRRefused, EHRUnavailable
from reminder.ehr.wire.pacing import has_time
from reminder.flows.pushed import Pushed, PushReport
from reminder.flows.read_again import ReadAgain
from reminder.model.people import PatientKey
from reminder.model.pushed import SOMETHING, Hint
from reminder.model.readings import Gone, Reading, Unreadable
from reminder.model.sync_state import SyncState
from tests.flows.world import MAIN, NOW, TOMORROW, ClinicEHR, House, patient, visit

HOUR = timedelta(hours=1)
HORIZON = timedelta(days=2)
A1, A2, ANA = (
    Hint("Appointment", "a1"),
    Hint("Appointment", "a2"),
    Hint("Patient", "p1"),
)


@dataclass
class Refusing(ClinicEHR):
    """An EHR that will not show some appointments, nor any list they are in."""

    refused: set[str] = field(default_factory=set)

    async def appointments(
        self, ids: Sequence[str], known: Any = None
    ) -> list[Reading | Unreadable | Gone]:
        if self.refused & {*ids}:
            self.asked.append([*ids])
            raise EHRRefused("GET Appointment: 403")
        return await super().appointments(ids, known)


@dataclass
class Look:
    """The reading of whatever changed, as often as it was asked for."""

    available: bool = True
    times: int = 0

    async def __call__(self) -> bool:
        self.times += 1
        return self.available


def reading(house: House, look: Look | None = None, **changes: Any) -> Pushed:
    reads = ReadAgain(
        MAIN,
        changes.get("ehr", house.ehr),
        bookings=house.store.appointments,
        states=house.store.sync_state,
        clock=house.clock,
        horizon=HORIZON,
        patient_ttl=timedelta(days=1),
    )
    return Pushed(
        MAIN, reads, hints=house.store.pushed, look=look or Look(), clock=house.clock
    )


async def push(house: House, *hints: Hint) -> None:
    await house.store.pushed.add(MAIN, hints, at=house.clock())


async def waiting(house: House, **later: int) -> list[Hint]:
    """What is due some time later; nobody is handed it."""
    now = house.clock() + timedelta(**later)
    due = await house.store.pushed.due(MAIN, now=now, until=now, limit=99)
    return [one.hint for one in due]


async def due(house: House) -> list[str]:
    return [key.patient_id for key in await house.store.appointments.to_plan(10)]


async def test_a_new_appointment_is_read_with_who_comes(any_house: House) -> None:
    house = any_house
    house.ehr.put(visit(), patient())
    await push(house, A1)

    report = await reading(house).run()

    assert report == PushReport(taken=1, read=1, patients=1)
    [person] = await house.store.appointments.people([PatientKey(MAIN, "p1")])
    assert person.patient == patient()
    assert [one.start_at for one in person.appointments] == [TOMORROW]
    assert await due(house) == ["p1"]
    assert await waiting(house, hours=1) == []


async def test_a_change_is_read_and_a_patient_known_already_is_not(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.calls.clear()
    house.ehr.change(visit().key, start_at=TOMORROW + HOUR)
    await push(house, A1)

    report = await reading(house).run()

    assert report == PushReport(taken=1, read=1)
    assert house.ehr.calls == ["appointments"]
    assert await due(house) == ["p1"]


@pytest.mark.parametrize(
    ("last_window_at", "first_seen_at"),
    [(NOW - HOUR, NOW), (None, None), (NOW - HORIZON, None)],
    ids=["within-what-was-read", "nothing-was-read", "beyond-what-was-read"],
)
async def test_what_was_booked_since_everything_was_read_is_new(
    house: House, last_window_at: Any, first_seen_at: Any
) -> None:
    state = SyncState(last_window_at=last_window_at)
    await house.store.sync_state.keep(MAIN, state)
    house.ehr.put(visit(), patient())
    await push(house, A1)

    await reading(house).run()

    [person] = await house.store.appointments.people([PatientKey(MAIN, "p1")])
    assert person.appointments[0].history.first_seen_at == first_seen_at


async def test_what_the_ehr_has_no_more_is_gone(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.delete("a1")
    await push(house, A1, A2)

    report = await reading(house).run()

    assert report == PushReport(taken=2, gone=2)
    assert await house.store.appointments.booking(visit().key) is None
    assert await due(house) == ["p1"]
    assert await waiting(house, hours=1) == []


async def test_what_nobody_can_read_goes_into_quarantine(house: House) -> None:
    house.ehr.broken["a1"] = Unreadable(
        "Appointment", "a1", "Appointment.start", "missing", "f"
    )
    await push(house, A1)

    report = await reading(house).run()

    assert report == PushReport(taken=1, quarantined=1)
    [entry] = await house.store.quarantine.open()
    assert entry.resource_id == "a1"
    assert await waiting(house, hours=1) == []


async def test_a_patient_is_read_again(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.put(patient(deceased=True))
    await push(house, ANA)

    report = await reading(house).run()

    assert report == PushReport(taken=1, patients=1)
    assert await due(house) == ["p1"]
    assert await waiting(house, hours=1) == []


async def test_a_push_that_comes_while_it_is_read_is_read_as_well(
    house: House,
) -> None:
    house.ehr.put(visit(), patient())
    await push(house, A1)

    async def moved() -> None:
        house.ehr.change(visit().key, start_at=TOMORROW + HOUR)
        await push(house, A1)

    house.ehr.meanwhile = moved
    pushed = reading(house)

    reports = [await pushed.run() for _ in range(3)]

    assert [one.taken for one in reports] == [1, 1, 0]
    booking = await house.store.appointments.booking(visit().key)
    assert booking is not None
    assert booking.start_at == TOMORROW + HOUR


async def test_a_silent_ehr_is_asked_again_after_growing_pauses(
    any_house: House,
) -> None:
    house = any_house
    house.ehr.put(visit(), patient())
    house.ehr.error = EHRUnavailable("GET Appointment: ConnectError")
    pushed = reading(house)
    await push(house, A1)
    tries = []

    for minute in range(60):
        asked = len(house.ehr.asked)
        await pushed.run()
        if len(house.ehr.asked) > asked:
            tries.append(minute)
        house.clock.move_on(minutes=1)

    assert tries == [0, 1, 3, 7, 15, 30, 45]


async def test_what_a_silent_ehr_was_asked_is_not_forgotten(house: House) -> None:
    house.ehr.put(visit(), patient())
    house.ehr.error = EHRUnavailable("429", retry_after=timedelta(minutes=3))
    pushed = reading(house)
    await push(house, A1, SOMETHING)
    await pushed.run()
    house.ehr.error = None
    house.clock.move_on(minutes=2)
    too_early = await pushed.run()
    house.clock.move_on(minutes=1)

    report = await pushed.run()

    assert too_early == PushReport()
    assert report == PushReport(taken=2, read=1, patients=1)


async def test_who_dies_while_reading_leaves_it_to_the_next(house: House) -> None:
    class Killed(BaseException):
        """The process ends here."""

    async def die() -> None:
        raise Killed

    house.ehr.put(visit(), patient())
    house.ehr.meanwhile = die
    await push(house, A1)
    with pytest.raises(Killed):
        await reading(house).run()
    house.clock.move_on(minutes=5)

    report = await reading(house).run()

    assert report == PushReport(taken=1, read=1, patients=1)


async def test_one_the_ehr_refuses_does_not_hold_up_the_others(house: House) -> None:
    ehr = Refusing(refused={"a1"})
    ehr.put(visit("a1"), visit("a2"), patient())
    pushed = reading(house, ehr=ehr)
    await push(house, A1, A2)

    report = await pushed.run()

    assert report == PushReport(taken=2, read=1, patients=1)
    assert await pushed.run() == PushReport()
    assert await waiting(house, minutes=14) == []
    assert await waiting(house, minutes=15) == [A1]


async def test_an_ehr_that_refuses_everything_is_not_asked_about_each(
    house: House,
) -> None:
    ids = [f"a{n:02}" for n in range(90)]
    ehr = Refusing(refused={*ids})
    await push(house, *(Hint("Appointment", one) for one in ids))

    await reading(house, ehr=ehr).run()

    assert len(ehr.asked) < 30
    assert await waiting(house, minutes=14) == []
    assert len(await waiting(house, minutes=15)) == 90


async def test_what_was_refused_for_a_week_is_given_up(house: House) -> None:
    ehr = Refusing(refused={"a1"})
    pushed = reading(house, ehr=ehr)
    await push(house, A1)
    house.clock.move_on(days=7, minutes=1)

    with capture_logs() as lines:
        await pushed.run()

    assert [one["event"] for one in lines][1] == "gave_up_pushed"
    assert await waiting(house, days=30) == []


async def test_that_something_changed_makes_us_look_at_once(house: House) -> None:
    look = Look()
    await push(house, SOMETHING)

    report = await reading(house, look).run()

    assert (report.taken, look.times) == (1, 1)
    assert await waiting(house, hours=1) == []


async def test_we_do_not_look_at_every_word_of_a_talkative_ehr(house: House) -> None:
    look = Look()
    pushed = reading(house, look)

    for _ in range(30):
        await push(house, SOMETHING)
        await pushed.run()
        house.clock.move_on(seconds=1)
    house.clock.move_on(seconds=15)
    await pushed.run()

    assert look.times == 3
    assert await waiting(house, hours=1) == []


async def test_a_look_that_failed_is_taken_again(house: House) -> None:
    look = Look(available=False)
    pushed = reading(house, look)
    await push(house, SOMETHING)
    await pushed.run()
    look.available = True
    house.clock.move_on(seconds=15)

    await pushed.run()

    assert look.times == 2
    assert await waiting(house, hours=1) == []


async def test_very_many_are_read_in_parts(house: House) -> None:
    ids = [f"a{n}" for n in range(230)]
    house.ehr.put(*(visit(one) for one in ids), patient())
    await push(house, *(Hint("Appointment", one) for one in ids))
    pushed = reading(house)

    taken = [(await pushed.run()).taken for _ in range(4)]

    assert taken == [100, 100, 30, 0]


@pytest.mark.parametrize(
    "error", [EHRUnavailable("GET Patient: 503"), EHRRefused("GET Patient: 403")]
)
async def test_patients_that_cannot_be_read_are_tried_again(
    house: House, error: EHRError
) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.error, house.ehr.error_in = error, "patients"
    pushed = reading(house)
    await push(house, ANA, A1)
    await pushed.run()
    house.ehr.error = None
    house.ehr.put(replace(patient(), deceased=True))
    house.clock.move_on(minutes=15)

    report = await pushed.run()

    assert report.patients == 1
    assert await waiting(house, hours=1) == []


async def test_a_log_says_how_many_and_not_who(house: House) -> None:
    house.ehr.put(visit(), patient())
    await push(house, A1)

    with capture_logs() as lines:
        await reading(house).run()

    [line] = [one for one in lines if one["event"] == "read_pushed"]
    assert line["read"] == 1
    assert "Ana" not in repr(lines)


async def test_who_waits_for_an_answer_is_served_before(house: House) -> None:
    had_time = []

    async def see() -> None:
        had_time.append(has_time())

    house.ehr.put(visit(), patient())
    house.ehr.meanwhile = see
    await push(house, A1)

    await reading(house).run()

    assert (had_time, has_time()) == ([True], False)


async def test_nothing_due_asks_nobody(house: House) -> None:
    assert await reading(house).run() == PushReport()
    assert house.ehr.calls == []
