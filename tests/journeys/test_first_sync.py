"""The first reading of an EHR that does much of what it should not: nobody twice."""

from datetime import timedelta

import pytest

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.named import FAULTS
from tests.journeys.day import BEGINS, BORN, VISIT, Day, patient, slot, visit

pytestmark = pytest.mark.asyncio(loop_scope="package")

NAMES = ("ana", "ben", "cleo", "dov", "eve", "fay", "gus")
BAD_HABITS = (
    "count-capped",
    "entries-twice",
    "next-with-another-port",
    "total-too-low",
    "outcome-among-entries",
    "byte-order-mark",
)


def booked(place: int, name: str) -> list[Resource]:
    """A visit of their own for each, in their own Slot."""
    at = VISIT + place * timedelta(minutes=30)
    return [
        slot(f"slot-{name}", at, "busy"),
        patient(name, born=BORN + timedelta(days=place)),
        visit(f"visit-{name}", name, at, at=f"slot-{name}"),
    ]


async def test_whoever_is_booked_is_reminded_once_by_the_first_reading_of_a_bad_ehr(
    day: Day,
) -> None:
    for place, name in enumerate(NAMES):
        await day.put(*booked(place, name))
    ehr = day.world.proxy
    ehr.misbehave(*(FAULTS[name] for name in BAD_HABITS))
    ehr.misbehave(FAULTS["unavailable"].limited(times=1, after=14))

    try:
        broken_off = [await one.run(everything=True) for one in day.app.syncs]
        await day.app.plan.run()
        await day.send_due(BEGINS + timedelta(minutes=2))
        await day.sync()
        await day.send_due(BEGINS + timedelta(minutes=11))
        await day.send_due(BEGINS + timedelta(minutes=21))
    finally:
        day.world.be_well()

    assert [report.available for report in broken_off] == [False]
    assert {name: len(day.mails_to(name)) for name in NAMES} == dict.fromkeys(NAMES, 1)
