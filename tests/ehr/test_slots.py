from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder.model.appointments import Appointment, AppointmentKey, AppointmentStatus
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.pretend import PretendServer, Resource, bundle, fixture, said

START = datetime(2027, 3, 1, 14, tzinfo=UTC)
MONTH = timedelta(days=30)
VISIT = Appointment(
    key=AppointmentKey("north", "visit-1", "ana"),
    status=AppointmentStatus.BOOKED,
    start_at=START,
    end_at=START + timedelta(minutes=30),
    slot_ids=("slot-1",),
)


def slot(slot_id: str, hour: int = 15, **changes: object) -> Resource:
    times = {"start": f"2027-03-02T{hour}:00:00Z", "end": f"2027-03-02T{hour}:30:00Z"}
    return fixture("slot-busy", id=slot_id, **({"status": "free"} | times | changes))


def server_of(*free: Resource) -> PretendServer:
    """Knows the visit's own Slot by its id, and else says these whatever is asked."""

    def answer(request: httpx.Request) -> httpx.Response:
        own = "_id" in request.url.params
        return said(bundle(fixture("slot-busy")) if own else bundle(*free))

    return PretendServer().on("GET Slot", answer)


async def found(make_ehr: MakeEHR, server: PretendServer, visit: Appointment) -> list:
    return await make_ehr(server).free_slots(visit, NOW, NOW + MONTH)


async def test_free_times_come_in_order(make_ehr: MakeEHR) -> None:
    server = server_of(slot("late", 17), slot("early", 14), slot("noon", 16))

    slots = await found(make_ehr, server, VISIT)

    assert [each.slot_id for each in slots] == ["early", "noon", "late"]
    asked = server.last("GET Slot").url.params
    assert asked["schedule"] == "Schedule/lee-main"
    assert asked["status"] == "free"
    assert asked.get_list("start") == [
        "ge2027-02-20T15:00:00Z",
        "lt2027-03-22T15:00:00Z",
    ]


@pytest.mark.parametrize(
    "wrong",
    [
        pytest.param(slot("x", status="busy"), id="busy"),
        pytest.param(slot("x", status="busy-tentative"), id="held"),
        pytest.param(slot("x", schedule={"reference": "Schedule/other"}), id="other"),
        pytest.param(slot("x", end="2027-03-02T15:20:00Z"), id="too-short"),
        pytest.param(slot("x", start="2027-02-20T14:59:00Z"), id="too-early"),
        pytest.param(
            slot("x", start="2027-04-20T15:00:00Z", end="2027-04-20T15:30:00Z"),
            id="too-late",
        ),
        pytest.param(slot("slot-1"), id="its-own"),
        pytest.param(slot("x", start="2027-03-02"), id="malformed"),
        pytest.param(slot("x", schedule={"display": "Lee"}), id="no-schedule"),
        pytest.param(slot("a/b"), id="id"),
    ],
)
async def test_what_does_not_fit_is_not_offered(
    make_ehr: MakeEHR, wrong: Resource
) -> None:
    slots = await found(make_ehr, server_of(slot("right"), wrong), VISIT)

    assert [each.slot_id for each in slots] == ["right"]


async def test_a_slot_on_two_pages_is_offered_once(make_ehr: MakeEHR) -> None:
    assert len(await found(make_ehr, server_of(slot("a"), slot("a")), VISIT)) == 1


async def test_a_visit_of_unknown_length_fits_everywhere(make_ehr: MakeEHR) -> None:
    visit = Appointment(
        key=VISIT.key, status=VISIT.status, start_at=START, slot_ids=("slot-1",)
    )
    short = slot("short", end="2027-03-02T15:05:00Z")

    assert len(await found(make_ehr, server_of(short), visit)) == 1


async def test_without_a_slot_nobody_knows_the_schedule(make_ehr: MakeEHR) -> None:
    visit = Appointment(key=VISIT.key, status=VISIT.status, start_at=START)
    server = server_of(slot("a"))

    assert await found(make_ehr, server, visit) == []
    assert server.asked == []
