"""What an EHR tells of changes goes wrong: sooner or later all is known, and once."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from reminder.sandbox.fhir_faults.declaring import FHIRFault, spoils_pages
from reminder.sandbox.fhir_faults.exchange import Asked, Resource
from reminder.sandbox.fhir_faults.named import FAULTS
from tests.faults.clinic import Clinic

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.fixture
def teller(lonely_clinic: Clinic) -> Clinic:
    """A clinic whose EHR says what changed since when, by the clinic's own clock."""
    lonely_clinic.tells_changes = True
    lonely_clinic.well()
    return lonely_clinic


def fault(name: str, **limits: Any) -> Any:
    return pytest.param(FAULTS[name].limited(**limits), id=name)


async def everything_known(clinic: Clinic) -> None:
    await clinic.book(0, 1, 2, 3, 4)
    await clinic.sync()
    clinic.clock.move_on(minutes=6)
    await clinic.sync_flow.run()


@pytest.mark.parametrize(
    "fault",
    [
        fault("strictness-ignored"),
        fault("count-capped"),
        fault("next-relative"),
        fault("next-with-another-port"),
        fault("entries-twice"),
        fault("entries-without-mode"),
        fault("outcome-among-entries"),
        fault("no-total"),
        fault("clock-behind"),
        fault("last-updated-ignored"),
        fault("no-meta"),
    ],
)
async def test_a_change_is_heard_of_within_minutes_although(
    teller: Clinic, fault: FHIRFault
) -> None:
    await everything_known(teller)
    teller.wrong(fault)
    await teller.sync_flow.run()

    teller.clock.move_on(minutes=2)
    await teller.put(teller.visit(1, day=1), teller.visit(2, status="cancelled"))
    await teller.put(teller.visit(6))
    teller.clock.move_on(minutes=2)
    report = await teller.sync_flow.run()
    teller.clock.move_on(minutes=2)
    await teller.sync_flow.run()

    assert report.available
    # A visit that left the next day is looked for with the whole horizon.
    later = {seen for seen in teller.truth() if seen.appointment_id == teller.id(1)}
    assert await teller.mirror() >= teller.truth() - later
    teller.clock.move_on(minutes=30)
    await teller.sync_flow.run()
    assert await teller.mirror() == teller.truth()


@pytest.mark.parametrize(
    "fault",
    [
        fault("too-many-requests", times=1),
        fault("unavailable", times=1, after=1),
        fault("truncated", times=1),
        fault("pages-gone", times=3),
        fault("error-page", times=1),
        fault("last-updated-refused", times=1),
        fault("next-elsewhere", times=1),
        fault("next-is-itself", times=1),
        fault("stale-search", times=3),
    ],
)
async def test_no_change_is_passed_over_when_it_is_told_badly_once(
    teller: Clinic, fault: FHIRFault
) -> None:
    await everything_known(teller)
    await teller.put(teller.visit(1, day=1), teller.visit(2, status="cancelled"))
    await teller.put(teller.visit(6))
    teller.clock.move_on(minutes=2)
    teller.wrong(fault)

    await teller.sync_flow.run()
    during = await teller.mirror()
    for _ in range(3):
        teller.clock.move_on(minutes=16)
        await teller.sync_flow.run()

    assert len(during) in (5, 6)
    assert await teller.mirror() == teller.truth()


async def test_a_change_that_the_index_does_not_have_yet_is_found_a_little_later(
    teller: Clinic,
) -> None:
    @spoils_pages
    def index_behind(page: Resource, asked: Asked) -> None:
        """A search does not find what changed within the last minute."""
        page.pop("total", None)
        page["entry"] = [
            entry
            for entry in page["entry"]
            if _changed_at(entry["resource"]) <= teller.clock.now - timedelta(minutes=1)
        ]

    await everything_known(teller)
    teller.wrong(index_behind)
    await teller.put(teller.visit(1, status="cancelled"), teller.visit(6))
    teller.clock.now += timedelta(seconds=30)
    await teller.sync_flow.run()
    early = await teller.mirror()

    teller.clock.move_on(minutes=2)
    await teller.sync_flow.run()

    assert len(early) == 5
    assert await teller.mirror() == teller.truth()


def _changed_at(resource: Resource) -> datetime:
    return datetime.fromisoformat(resource["meta"]["lastUpdated"])
