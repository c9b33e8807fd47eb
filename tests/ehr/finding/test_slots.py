from datetime import UTC, datetime, timedelta

import httpx
import pytest

from reminder.ehr.errors import EHRRefused
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


class Oracle:
    """Takes `service-type` with `schedule.actor`, shows free Slots only."""

    def __init__(self, *free: Resource, own: Resource | None = None) -> None:
        self.free, self.own = free, own
        self.asked: list[httpx.QueryParams] = []

    def server(self, **visit: object) -> PretendServer:
        appointment = fixture("appointment-booked", **visit)
        server = PretendServer().on("GET Slot", self._searched)
        server.on("GET Appointment/visit-1", said(appointment))
        return server.on(
            "GET Slot/slot-1", said(self.own) if self.own else said({}, 404)
        )

    def _searched(self, request: httpx.Request) -> httpx.Response:
        params = request.url.params
        self.asked.append(params)
        if "_id" in params:
            return said(bundle())
        if {"service-type", "schedule.actor"} <= set(params):
            return said(bundle(*self.free))
        return said({}, 400)


SERVICE = [
    {"coding": [{"system": "https://ehr.example.org/codeSet/14249", "code": "Q1"}]}
]


async def test_where_no_schedule_is_taken_its_practitioner_is_asked_for(
    make_ehr: MakeEHR,
) -> None:
    other = slot("other", schedule={"reference": "Schedule/other"})
    oracle = Oracle(slot("right"), other, own=fixture("slot-busy"))

    slots = await found(make_ehr, oracle.server(serviceType=SERVICE), VISIT)

    assert [each.slot_id for each in slots] == ["right"]
    asked = oracle.asked[-1]
    assert asked["service-type"] == "https://ehr.example.org/codeSet/14249|Q1"
    assert asked["schedule.actor"] == "Practitioner/lee"
    assert len(asked.get_list("start")) == 2


async def test_what_was_taken_once_is_asked_at_once_the_next_time(
    make_ehr: MakeEHR,
) -> None:
    oracle = Oracle(slot("right"), own=fixture("slot-busy"))
    ehr = make_ehr(oracle.server(serviceType=SERVICE))
    await ehr.free_slots(VISIT, NOW, NOW + MONTH)
    oracle.asked.clear()

    slots = await ehr.free_slots(VISIT, NOW, NOW + MONTH)

    assert len(slots) == 1
    assert not any("schedule" in each for each in oracle.asked)


async def test_a_visit_of_no_service_has_no_times_to_offer(make_ehr: MakeEHR) -> None:
    oracle = Oracle(slot("right"), own=fixture("slot-busy"))

    with pytest.raises(EHRRefused, match="no service"):
        await found(make_ehr, oracle.server(), VISIT)
