from datetime import UTC, datetime, timedelta

import pytest

from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import PretendServer, Resource, bundle, fixture, said

START = datetime(2027, 3, 1, 5, tzinfo=UTC)
PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"


def coded(code: str, system: str = PHYSICAL_TYPE) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


async def visit_at(make_ehr: MakeEHR, location: Resource):
    server = PretendServer().on(
        "GET Appointment", said(bundle(fixture("appointment-booked")))
    )
    server.on("GET Location", said(bundle(location)))
    slice_ = await make_ehr(server).window(START, START + timedelta(days=1), {})
    return slice_.readings[0].bookings[0]


@pytest.mark.parametrize(
    ("name", "changes", "telehealth"),
    [
        pytest.param("location-virtual", {}, True, id="by-physical-type"),
        pytest.param("location", {"type": [coded("vi")]}, True, id="by-type"),
        pytest.param("location", {"physicalType": coded("ro")}, False, id="a-room"),
        pytest.param(
            "location",
            {"physicalType": coded("vi", "https://ehr.example.org/vi")},
            False,
            id="a-code-of-another-system",
        ),
        pytest.param("location", {}, False, id="nothing-said"),
    ],
)
async def test_a_visit_at_a_virtual_location_is_remote(
    make_ehr: MakeEHR, name: str, changes: Resource, telehealth: bool
) -> None:
    booking = await visit_at(make_ehr, fixture(name, **changes))

    assert booking.kind.telehealth is telehealth


async def test_a_virtual_location_without_a_name_keeps_the_display(
    make_ehr: MakeEHR,
) -> None:
    nameless = fixture("location-virtual")
    del nameless["name"]

    booking = await visit_at(make_ehr, nameless)

    assert booking.place.name == "Main Street Clinic"
    assert booking.kind.telehealth
