from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from structlog.testing import capture_logs

from reminder.flows.plan import Plan
from reminder.model.appointments import AppointmentStatus, Place
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import PatientKey
from reminder.model.reminders import Person, PlanCounts
from reminder.model.worklist import WorklistEntry
from reminder.store.errors import StoreUnavailable
from tests.flows.world import ELM, MAIN, TOMORROW, House, damage, patient, visit

ELSEWHERE = Place("van", "The van")


async def read(house: House, *resources: object) -> None:
    house.ehr.put(*resources)
    await house.sync.run(everything=True)


def planning(house: House, **changes: object) -> Plan:
    return Plan(
        **{
            "people": house.store.appointments,
            "plans": house.store.reminders,
            "worklist": house.store.worklist,
            "clinics": house.clinics,
            "clock": house.clock,
        }
        | changes
    )


@dataclass
class Notes:
    """The worklist, and what was put on it; or it cannot be reached."""

    house: House
    error: Exception | None = None
    added: list[WorklistEntry] = field(default_factory=list)

    async def add(self, entry: WorklistEntry) -> bool:
        if self.error is not None:
            raise self.error
        self.added.append(entry)
        return await self.house.store.worklist.add(entry)

    async def add_all(self, entries: Sequence[WorklistEntry]) -> None:
        for entry in entries:
            await self.add(entry)


async def test_every_step_of_every_appointment_is_decided(any_house: House) -> None:
    house = any_house
    late = visit("a2", start_at=TOMORROW - timedelta(hours=1))
    await read(house, visit(), late, patient())

    counts = await house.plan.run()

    assert counts == PlanCounts(planned=1, skipped=1)
    assert await house.reminders("a1") == ["day planned"]
    assert await house.reminders("a2") == ["day skipped too-late"]


async def test_planning_stops_when_nobodys_plan_is_due(house: House) -> None:
    await read(house, visit(), patient())
    await house.plan.run()

    again = await house.plan.run()

    assert again == PlanCounts()
    assert await house.store.appointments.to_plan(10) == []


async def test_more_people_than_one_batch_are_all_planned(any_house: House) -> None:
    house = any_house
    people = [patient(f"p{n}") for n in range(501)]
    await read(house, *people, *(visit(f"a{n}", f"p{n}") for n in range(501)))

    done = list[int]()
    counts = await house.plan.run(done.append)

    assert counts.planned == 501
    assert done == [500, 501]
    assert await house.store.appointments.to_plan(10) == []


async def test_who_changes_while_their_plan_is_made_is_planned_again(
    house: House,
) -> None:
    await read(house, visit(), patient())
    appointments, overtaken = house.store.appointments, []

    class Overtaken:
        """The world changes between the look at it and the keeping of the plan."""

        async def to_plan(self, limit: int) -> list[PatientKey]:
            return await appointments.to_plan(limit)

        async def people(
            self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
        ) -> list[Person]:
            people = await appointments.people(keys, told_since=told_since)
            if not overtaken:
                overtaken.append(True)
                house.ehr.change(visit().key, status=AppointmentStatus.CANCELLED)
                await house.sync.run(everything=True)
            return people

    await planning(house, people=Overtaken()).run()

    assert await house.reminders() == ["day skipped cancelled"]
    assert await appointments.to_plan(10) == []


async def test_an_appointment_of_no_clinic_goes_to_the_worklist_once(
    house: House,
) -> None:
    notes = Notes(house)
    plan = planning(house, worklist=notes)
    stray = visit(place=ELSEWHERE, start_at=TOMORROW + timedelta(hours=12))
    await read(house, stray, patient())

    await plan.run()
    house.ehr.put(patient(language="es"))
    house.clock.move_on(days=1, seconds=1)
    await house.sync.run(everything=True)
    await plan.run()

    assert await house.reminders() == ["skipped no-clinic"]
    assert await house.worklist() == ["no-clinic main/a1/p1"]
    [entry] = notes.added
    assert entry.appointment == stray.key


async def test_a_crash_before_it_is_on_the_worklist_does_not_lose_it(
    house: House,
) -> None:
    notes = Notes(house, error=StoreUnavailable("SQLITE_FULL"))
    plan = planning(house, worklist=notes)
    await read(house, visit(place=ELSEWHERE), patient())

    with pytest.raises(StoreUnavailable):
        await plan.run()
    notes.error = None
    await plan.run()

    assert await house.worklist() == ["no-clinic main/a1/p1"]


async def test_a_default_clinic_takes_who_belongs_nowhere(house: House) -> None:
    await read(house, visit(place=ELSEWHERE), patient())

    house.directory = ClinicDirectory((ELM,), {MAIN: "elm"})
    await house.plan.run()

    assert await house.reminders() == ["day planned"]
    assert await house.worklist() == []


async def test_one_person_whose_record_is_damaged_does_not_stop_the_others(
    house: House,
) -> None:
    await read(house, visit(), patient(), visit("a2", "p2"), patient("p2"))
    await damage(house, "p1")

    with capture_logs() as logs:
        counts = await house.plan.run()

    assert counts.planned == 1
    assert await house.reminders("a2") == ["day planned"]
    [failed, _] = logs
    assert failed == {
        "event": "damaged_record",
        "log_level": "error",
        "connection": MAIN,
        "cell": failed["cell"],
    }
    assert failed["cell"].startswith("person.sealed of ")


async def test_one_person_nobody_can_plan_for_does_not_stop_the_others(
    house: House,
) -> None:
    await read(house, visit(), patient(), visit("a2", "p2"), patient("p2"))
    appointments = house.store.appointments

    class Impossible:
        """Somebody whose world breaks a promise the planner relies on."""

        async def to_plan(self, limit: int) -> list[PatientKey]:
            return await appointments.to_plan(limit)

        async def people(
            self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
        ) -> list[Person]:
            people = await appointments.people(keys, told_since=told_since)
            return [
                replace(one, appointments=tuple(map(_without_zone, one.appointments)))
                if one.key.patient_id == "p1"
                else one
                for one in people
            ]

    plan = planning(house, people=Impossible())
    with capture_logs() as logs:
        counts = await plan.run()
        await plan.again([PatientKey(MAIN, "p1"), PatientKey(MAIN, "p2")])

    assert counts.planned == 1
    assert [line["event"] for line in logs].count("could_not_plan") == 2
    assert await house.reminders("a2") == ["day planned"]
    assert len(await appointments.to_plan(10)) == 1


def _without_zone(appointment):
    return replace(appointment, start_at=appointment.start_at.replace(tzinfo=None))


async def test_a_database_that_does_not_answer_is_not_asked_for_each_person(
    house: House,
) -> None:
    await read(house, visit(), patient(), visit("a2", "p2"), patient("p2"))
    asked = []

    class Down:
        async def to_plan(self, limit: int) -> list[PatientKey]:
            return await house.store.appointments.to_plan(limit)

        async def people(
            self, keys: Sequence[PatientKey], *, told_since: datetime | None = None
        ) -> list[Person]:
            asked.append(keys)
            raise StoreUnavailable("SQLITE_BUSY")

    with pytest.raises(StoreUnavailable):
        await planning(house, people=Down()).run()

    assert len(asked) == 1


async def test_a_moved_appointment_is_told_at_its_new_time(house: House) -> None:
    await house.read_and_plan(visit(), patient())
    house.ehr.change(visit().key, start_at=TOMORROW + timedelta(hours=3))
    house.clock.move_on(minutes=2)
    await house.sync.run()

    counts = await house.plan.run()

    assert counts == PlanCounts(planned=1, withdrawn=1)
    assert await house.reminders() == ["day withdrawn moved", "day planned"]
