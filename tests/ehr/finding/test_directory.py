from collections.abc import AsyncIterator
from datetime import timedelta

import httpx
import pytest

from reminder.ehr.config import EHRConfig
from reminder.ehr.finding.directory import Directory
from reminder.ehr.reading.appointments import read_appointment
from reminder.ehr.reading.drafts import NOBODY, Draft, Source
from reminder.ehr.wire.client import FHIRClient
from reminder.model.appointments import Appointment
from reminder.model.readings import Reading, Unreadable
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.keeping import START, read, visit
from tests.ehr.pretend import (
    BASE_URL,
    PretendServer,
    Resource,
    bundle,
    fixture,
    said,
)

PHYSICAL_TYPE = "http://terminology.hl7.org/CodeSystem/location-physical-type"


def coded(code: str, system: str = PHYSICAL_TYPE) -> Resource:
    return {"coding": [{"system": system, "code": code}]}


async def visit_at(make_ehr: MakeEHR, location: Resource):
    server = PretendServer().on(
        "GET Appointment", said(bundle(fixture("appointment-booked")))
    )
    server.on("GET Location", said(bundle(location)))
    (reading,) = (await read(make_ehr(server))).readings.values()
    return reading.bookings[0]


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


@pytest.fixture
async def server() -> PretendServer:
    return PretendServer()


@pytest.fixture
async def directory(server: PretendServer) -> AsyncIterator[Directory]:
    config = EHRConfig(base_url=BASE_URL, requests_per_s=1000, burst=1000)
    client = FHIRClient(
        config, clock=lambda: NOW, transport=httpx.MockTransport(server)
    )
    yield Directory(client, config, clock=lambda: NOW)
    await client.aclose()


def draft_with(*references: str, name: str = "appointment-booked") -> Draft:
    resource = fixture(name)
    resource["participant"] += [
        {"actor": {"reference": each}, "status": "accepted"} for each in references
    ]
    draft = read_appointment(resource, Source("north", BASE_URL))
    assert isinstance(draft, Draft)
    return draft


async def finished(directory: Directory, draft: Draft) -> Appointment:
    (reading,) = await directory.finished([draft])
    assert isinstance(reading, Reading)
    return reading.bookings[0]


RESTRICTED = {
    "security": [
        {
            "system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality",
            "code": "R",
        }
    ]
}


async def test_labels_of_every_place_and_service_count(
    directory: Directory, server: PretendServer
) -> None:
    server.on(
        "GET Location",
        said(bundle(fixture("location"), fixture("location", id="b", meta=RESTRICTED))),
    )
    server.on(
        "GET HealthcareService", said(bundle(fixture("healthcare-service-restricted")))
    )

    booking = await finished(
        directory, draft_with("Location/b", "HealthcareService/harbor")
    )

    assert booking.kind.security == {"r", "eth"}
    assert booking.place is not None
    assert booking.place.location_id == "main"
    assert server.last("GET HealthcareService").url.params["_id"] == "harbor"


async def test_a_service_that_may_not_be_read_is_asked_for_once(
    directory: Directory, server: PretendServer
) -> None:
    server.on("GET HealthcareService", said({}, 403))

    for _ in range(2):
        booking = await finished(directory, draft_with("HealthcareService/harbor"))

    assert booking.kind.security == set()
    assert server.times("GET HealthcareService") == 1


async def test_a_patient_is_found_by_an_identifier_on_the_way(
    directory: Directory, server: PretendServer
) -> None:
    ana = fixture(
        "patient-adult",
        identifier=[{"system": "https://ehr.example.org/mrn", "value": "MRN-0555"}],
    )
    server.on("GET Patient", said(bundle(ana)))

    booking = await finished(
        directory, draft_with(name="appointment-patient-by-identifier")
    )

    assert booking.key.patient_id == "ana"


async def test_who_cannot_be_found_leaves_the_others_alone(
    directory: Directory,
) -> None:
    sound = draft_with()
    sought = draft_with(name="appointment-patient-by-identifier")

    unreadable, reading = await directory.finished([sought, sound])

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem == NOBODY
    assert isinstance(reading, Reading)


async def test_nobody_is_looked_up_without_need(
    directory: Directory, server: PretendServer
) -> None:
    draft = draft_with()

    assert await directory.located([draft]) == [draft]
    assert server.asked == []


async def test_names_are_looked_up_once(make_ehr: MakeEHR) -> None:
    server = PretendServer()
    server.on("GET Appointment", said(bundle(visit(1), visit(2))))
    server.on("GET Location", said(bundle(fixture("location"))))
    server.on("GET Practitioner", said(bundle(fixture("practitioner"))))
    ehr = make_ehr(server)

    kept = await read(ehr)
    await read(ehr)

    (booking,) = kept.readings["v1"].bookings
    assert booking.place is not None
    assert booking.place.name == "Main Street Clinic"
    assert booking.place.address == "1 Main Street, 2nd floor, Springfield, NY 10001"
    assert booking.practitioner == "Dr. Jordan Lee"
    assert server.times("GET Location") == 1
    assert server.times("GET Practitioner") == 1


async def test_names_are_asked_for_again_some_day(make_ehr: MakeEHR) -> None:
    now = [START]
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    ehr = make_ehr(server, clock=lambda: now[0], names_ttl_h=12)

    await read(ehr)
    now[0] += timedelta(hours=12)
    await read(ehr)

    assert server.times("GET Location") == 2


@pytest.mark.parametrize(
    ("resource_type", "there"),
    [
        ("Location", fixture("location", meta=RESTRICTED)),
        ("HealthcareService", fixture("healthcare-service-restricted", id="main")),
    ],
)
async def test_a_label_that_was_withheld_is_asked_for_another_day(
    make_ehr: MakeEHR, resource_type: str, there: Resource
) -> None:
    now, where = [START], {"reference": f"{resource_type}/main"}
    at = visit(1)
    at["participant"] = [
        {"actor": {"reference": "Patient/ana"}, "status": "accepted"},
        {"actor": where, "status": "accepted"},
    ]
    server = PretendServer().on("GET Appointment", said(bundle(at)))
    server.on(f"GET {resource_type}", said({}, 403))
    ehr = make_ehr(server, clock=lambda: now[0], names_ttl_h=12)

    before = await read(ehr)
    soon = await read(ehr, known=before.fingerprints)
    server.on(f"GET {resource_type}", said(bundle(there)))
    now[0] += timedelta(hours=12)
    after = await read(ehr, known=before.fingerprints)
    again = await read(ehr, known=after.fingerprints)

    (withheld,) = before.readings["v1"].bookings
    (labelled,) = after.readings["v1"].bookings
    assert (withheld.kind.security, bool(labelled.kind.security)) == (set(), True)
    assert withheld.fingerprint == before.fingerprints["v1"]
    assert soon.fingerprints == before.fingerprints
    assert again.unchanged == {"v1"}


async def test_names_that_may_not_be_read_are_done_without(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment", said(bundle(visit(1))))
    server.on("GET Location", said({}, 403)).on("GET Practitioner", said({}, 403))

    (reading,) = (await read(make_ehr(server))).readings.values()

    assert reading.bookings[0].place is not None
    assert reading.bookings[0].place.name == "Main Street Clinic"
