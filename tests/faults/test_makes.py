"""Whole makes of EHR: each read by the plan that suits it, first and again."""

from datetime import timedelta
from typing import Any

import pytest

from reminder.flows.pushed import Pushed
from reminder.flows.read_again import ReadAgain
from reminder.model.pushed import Hint
from reminder.sandbox.fhir_faults.named import FAULTS, named
from tests.faults.clinic import DAY, HORIZON, Clinic, Seen, written

pytestmark = pytest.mark.asyncio(loop_scope="package")

BY_PATIENT = {"search_plan": "by-patient", "page_size": 50}
BY_ROSTER = {
    "search_plan": "by-roster",
    "roster": ("Practitioner/lee",),
    "longest_visit_h": 2,
}
MAKES = [
    pytest.param("epic", BY_PATIENT, id="epic"),
    pytest.param("oracle-health", BY_ROSTER, id="oracle-health"),
    pytest.param("athenahealth", {"search_plan": "by-id"}, id="athenahealth"),
    pytest.param("medplum-router", {}, id="medplum-router"),
    pytest.param("openemr", {}, id="openemr"),
]


def everybody(clinic: Clinic) -> dict[str, Any]:
    """The Group of the clinic's patients."""
    members = [{"entity": {"reference": f"Patient/{one}"}} for one in clinic.patients]
    return {
        "resourceType": "Group",
        "id": clinic.name,
        "type": "person",
        "actual": True,
        "member": members,
    }


async def push(clinic: Clinic, *numbers: int) -> None:
    """The EHR says that these changed, and Reminder reads them."""
    hints = [Hint("Appointment", clinic.id(number)) for number in numbers]
    await clinic.store.pushed.add("main", hints, at=clinic.clock.now)
    reads = ReadAgain(
        "main",
        clinic.ehr,
        bookings=clinic.store.appointments,
        states=clinic.store.sync_state,
        clock=clinic.clock,
        horizon=HORIZON,
        patient_ttl=DAY,
    )

    async def look() -> bool:
        raise AssertionError

    hints_of = clinic.store.pushed
    pushed = Pushed("main", reads, hints=hints_of, look=look, clock=clinic.clock)
    assert (await pushed.run()).taken == len(numbers)


def as_known_there(seen: set[Seen]) -> set[Seen]:
    """The same under the ids the EHR itself has for them."""
    return {
        one._replace(appointment_id=one.appointment_id.partition(".")[0])
        for one in seen
    }


@pytest.mark.parametrize(("make", "config"), MAKES)
async def test_a_make_of_ehr_is_read_whole_and_followed(
    clinic: Clinic, make: str, config: dict[str, Any]
) -> None:
    if config.get("search_plan") == "by-patient":
        await clinic.upstream.put(everybody(clinic))
        config = config | {"patient_group": f"Group/{clinic.name}"}
    by_id = config.get("search_plan") == "by-id"
    await clinic.book(0, 1, 2, 3, 4)
    # From half an hour before midnight to half an hour after.
    late = clinic.slots.start(21)
    await clinic.put(clinic.visit(19, end=written(late)))
    await clinic.configure(**config)
    clinic.wrong(*named(make))

    if by_id:
        await push(clinic, 0, 1, 2, 3, 4, 19)
    first = await clinic.sync()
    known = as_known_there(await clinic.mirror())

    clinic.clock.move_on(minutes=30)
    await clinic.put(clinic.visit(1, day=1), clinic.visit(2, status="cancelled"))
    await clinic.delete(3)
    await clinic.put(clinic.visit(6))
    if by_id:
        await push(clinic, 6)
    again = await clinic.sync()

    assert (first.problem, again.problem) == ("", "")
    assert len(known) == 6
    assert as_known_there(await clinic.mirror()) == clinic.truth()
    assert again.gone == 1


@pytest.mark.parametrize(
    "name",
    [
        pytest.param("date-finds-nothing", id="nothing-is-found"),
        pytest.param("patient-required", id="a-patient-is-required"),
        pytest.param("ids-only", id="only-ids-are-found"),
        pytest.param("roster-required", id="a-roster-is-required"),
    ],
)
async def test_a_plan_the_ehr_no_longer_takes_withdraws_nobody(
    clinic: Clinic, name: str
) -> None:
    await clinic.book(*range(5))
    await clinic.sync()
    clinic.clock.move_on(minutes=30)
    clinic.wrong(FAULTS[name])

    report = await clinic.sync()

    assert report.gone == 0
    assert await clinic.mirror() == clinic.truth()


async def test_a_wait_that_was_asked_for_is_waited_out(clinic: Clinic) -> None:
    await clinic.book(0)
    clinic.wrong(FAULTS["too-many-requests-for-seconds"].limited(times=1))

    first = await clinic.sync_flow.run()
    asked = len(clinic.server.requests)
    clinic.clock.now += timedelta(seconds=89)
    early = await clinic.sync_flow.run()
    meanwhile = len(clinic.server.requests)
    clinic.clock.now += timedelta(seconds=1)
    late = await clinic.sync_flow.run()

    assert (first.available, early.available, late.available) == (False, False, True)
    assert meanwhile == asked
    assert await clinic.mirror() == clinic.truth()


async def test_a_reading_that_broke_off_goes_on_where_it_was(clinic: Clinic) -> None:
    await clinic.book(0, 1)
    clinic.wrong(FAULTS["unavailable"].limited(after=4))
    await clinic.sync()
    clinic.well()
    clinic.clock.move_on(minutes=20)
    before = len(clinic.server.requests)

    report = await clinic.sync()

    asked = list(clinic.server.requests)[before:]
    searches = [path for _, path in asked if path.startswith("/fhir/Appointment?date")]
    assert report.available
    assert len(searches) < 4
    assert await clinic.mirror() == clinic.truth()
