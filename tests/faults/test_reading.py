"""Every fault of reading: how many appointments there are with it, and after it.

Whatever an EHR does, none is there twice, none is lost, and none that exists
is withdrawn. What a fault costs beyond that is said in the table.
"""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import Enum, auto
from typing import Any

import pytest

from reminder.flows.sync import SyncReport
from reminder.sandbox.fhir_faults.declaring import FHIRFault
from reminder.sandbox.fhir_faults.named import FAULTS
from tests.faults.clinic import Clinic

pytestmark = pytest.mark.asyncio(loop_scope="package")

DAY = timedelta(days=1)


class Then(Enum):
    """What becomes of a reading while the fault is there."""

    ALL = auto()
    """Everything is read, as if there were no fault."""
    SOME = auto()
    """The run ends well; who is absent is asked for by id."""
    LACKING = auto()
    """The run ends well, but absence means nothing: nobody is asked for."""
    NONE = auto()
    """The run does not come through, and says why."""


@dataclass(frozen=True)
class Case:
    """A fault, the settings it is met with, and what is expected."""

    fault: FHIRFault
    then: Then = Then.ALL
    problem: str = ""
    config: dict[str, Any] = field(default_factory=dict)


def case(
    name: str,
    then: Then = Then.ALL,
    problem: str = "",
    *,
    times: int | None = None,
    after: int = 0,
    marks: Any = (),
    **config: Any,
) -> Any:
    fault = FAULTS[name].limited(times=times, after=after)
    how_often = f"-{times}-times" if times else ""
    later = f"-after-{after}" if after else ""
    return pytest.param(
        Case(fault, then, problem, config), id=f"{name}{how_often}{later}", marks=marks
    )


QUICK = {"read_timeout_s": 0.2, "connect_timeout_s": 0.1}
SMALL = {"max_body_bytes": 200_000}
LATER = [
    case("too-many-requests", Then.NONE, "429"),
    case("too-many-requests", Then.NONE, "429", times=1, after=4),
    case("too-many-requests-for-seconds", Then.NONE, "429"),
    case("too-many-requests-until", Then.NONE, "429"),
    case("unavailable", Then.NONE, "503"),
    case("unavailable", Then.NONE, "503", times=1, after=3),
    case("gateway-timeout", Then.NONE, "504"),
    case("server-error", Then.NONE, "500", times=1, after=4),
    case("token-expired", Then.NONE, "401", after=3),
    case("forbidden", Then.NONE, "403", after=3),
    case("break-the-glass", Then.NONE, "403"),
    case("silence-before", Then.NONE, "Timeout", **QUICK),
    case("silence-after", Then.NONE, "Timeout", after=3, **QUICK),
    case("slow-drip", Then.NONE, "Timeout", after=3, **QUICK),
    case("cut-off", Then.NONE, "Error", after=3),
]
LINKS = [
    case("next-is-itself"),
    case("next-in-a-circle"),
    case("next-elsewhere"),
    case("next-with-another-scheme"),
    case("next-with-another-port"),
    case("next-relative"),
    case("next-from-the-root"),
    case("next-is-empty"),
    case("next-with-a-plus"),
    case("next-to-an-empty-page"),
    case("pages-repeated"),
    case("pages-shifted"),
    case("no-paging-links"),
    case("pages-gone", times=2),
    case("pages-gone"),
    case("pages-not-found", times=1),
    case("pages-bad-request", times=1),
    case("pages-session-expired", times=1),
    case("pages-session-expired"),
    case("count-ignored"),
    case("count-capped", page_size=50),
]
PAGES = [
    case("entry-missing", Then.LACKING),
    case("entry-missing-when-empty"),
    case("entry-null-when-empty"),
    case("entry-empty-when-empty"),
    case("entry-without-resource", Then.LACKING),
    case("outcome-among-entries"),
    case("entries-without-url"),
    case("entries-without-mode"),
    case("entries-twice"),
    case("absolute-references"),
    case("versioned-references"),
    case("references-elsewhere", Then.SOME),
    case("total-too-high", Then.LACKING),
    case("total-too-low"),
    case("no-total"),
    case("no-meta"),
    case("truncated", Then.NONE, "not JSON"),
    case("error-page", Then.NONE, "not JSON"),
    case("outcome-for-success", Then.NONE, "not a Bundle"),
    case("nothing-for-success", Then.NONE, "not JSON"),
    case("wrong-content-type"),
    case("byte-order-mark"),
    case("oversized", Then.NONE, "too large", **SMALL),
    case("compression-bomb", Then.NONE, "too large", **SMALL),
    case("clock-behind"),
]
SEARCHES = [
    case("strictness-ignored"),
    case("search-capped"),
    case("search-cut-short"),
    case("short-urls"),
    case("deleted-is-404"),
    case("statement-missing"),
    case("last-updated-refused"),
]
ALONE = [
    # What would bring up everybody else's appointments as well, or takes them all.
    case("date-ignored"),
    case("date-finds-nothing", Then.SOME),
    case("stale-search", Then.SOME),
]


async def visits_of_two_days(clinic: Clinic) -> None:
    await clinic.book(0, 1, 2, 3, 4)
    await clinic.put(clinic.visit(5, day=1))


async def expect(clinic: Clinic, case: Case, report: SyncReport) -> None:
    """What the run says fits, and nothing is there that never was."""
    assert case.problem in report.problem, report
    assert report.available is (case.then is not Then.NONE), report
    if case.then is Then.ALL:
        assert await clinic.mirror() == clinic.truth()


# What stops a reading stops the first like any other: some of those are enough.
@pytest.mark.parametrize("case", [*LATER[::3], *LINKS, *PAGES, *SEARCHES])
async def test_nothing_is_lost_or_doubled_when_the_first_reading_meets(
    clinic: Clinic, case: Case
) -> None:
    await visits_of_two_days(clinic)
    await clinic.configure(**case.config)
    clinic.wrong(case.fault)

    report = await clinic.sync()
    during = await clinic.mirror()
    clinic.well()
    clinic.clock.move_on(minutes=20)
    recovered = await clinic.sync()

    await expect(clinic, case, report)
    assert during <= clinic.truth()
    assert recovered.available, recovered
    assert await clinic.mirror() == clinic.truth()


@pytest.mark.parametrize("case", [*LATER, *LINKS, *PAGES, *SEARCHES, *ALONE])
async def test_nobody_who_is_booked_is_withdrawn_when_a_later_reading_meets(
    lonely_clinic: Clinic, case: Case
) -> None:
    clinic = lonely_clinic
    await visits_of_two_days(clinic)
    await clinic.configure(**case.config)
    await clinic.sync()
    clinic.clock.move_on(minutes=5)
    await clinic.put(clinic.visit(1, day=1), clinic.visit(2, status="cancelled"))
    await clinic.delete(3)
    await clinic.put(clinic.visit(6))
    clinic.wrong(case.fault)
    clinic.server.requests.clear()

    report = await clinic.sync()
    asked = {path for _, path in clinic.server.requests}
    during = await clinic.mirror()
    clinic.well()
    clinic.clock.move_on(minutes=20)
    recovered = await clinic.sync()

    await expect(clinic, case, report)
    if case.then is Then.LACKING:
        assert not [path for path in asked if "Appointment?_id=" in path]
    there = {seen.appointment_id for seen in during}
    assert there >= {clinic.id(number) for number in (0, 1, 4, 5)}
    assert recovered.available, recovered
    assert await clinic.mirror() == clinic.truth()
