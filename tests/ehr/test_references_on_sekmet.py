"""References and merged records as an independent FHIR server holds them."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

from reminder.ehr.ehr import EHR
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Reading, Window
from tests.ehr.keeping import read
from tests.ehr.pretend import Resource, fixture
from tests.servers.sekmet import SEKMET

# Days of their own, which no other test asks for.
DAY = datetime(2031, 6, 1, tzinfo=UTC)
TIMES = {"start": "2031-06-01T14:00:00Z", "end": "2031-06-01T14:30:00Z"}
WINDOW = Window(DAY, DAY + timedelta(days=1))
SYSTEM = "https://ehr.example.org/mrn"


def patient(id_: str, *mrns: str, **more: object) -> Resource:
    identifiers = [{"system": SYSTEM, "value": mrn} for mrn in mrns]
    return fixture("patient-adult", id=id_, identifier=identifiers, **more)


async def test_patients_are_found_by_identifier_and_answered_for(
    sekmet: SEKMET, ehr: EHR
) -> None:
    name = uuid4().hex[:8]
    logical = {
        "type": "Patient",
        "identifier": {"system": SYSTEM, "value": f"{name},A|1"},
    }
    await sekmet.put(
        patient(f"{name}-a", f"{name},A|1"),
        patient(f"{name}-b", f"{name}-B"),
        fixture(
            "appointment-booked",
            id=name,
            participant=[
                {"actor": {"reference": f"Patient/{name}-b"}, "status": "accepted"},
                {"actor": logical, "status": "needs-action"},
            ],
            slot=[],
            **TIMES,
        ),
    )

    found = (await read(ehr, WINDOW)).readings
    written = await ehr.confirm(AppointmentKey("north", name, f"{name}-a"))

    patients = [each.key.patient_id for each in found[name].bookings]
    assert patients == [f"{name}-b", f"{name}-a"]
    assert all(
        each.participation == "accepted" for each in written.readings[0].bookings
    )
    participants = (await sekmet.read("Appointment", name))["participant"]
    assert [each["status"] for each in participants] == ["accepted", "accepted"]


async def test_a_merged_record_has_the_survivors_words(
    sekmet: SEKMET, ehr: EHR
) -> None:
    name = uuid4().hex[:8]
    link = [{"other": {"reference": f"Patient/{name}-new"}, "type": "replaced-by"}]
    await sekmet.put(
        patient(f"{name}-new", f"{name}-M"),
        patient(f"{name}-old", f"{name}-M", link=link, telecom=[]),
    )

    (old,) = (await ehr.patients([f"{name}-old"])).patients

    assert old.survivor_id == f"{name}-new"
    assert old.contact_points != ()
    assert old.active


async def test_a_patient_contained_with_an_identifier_is_read_again_as_theirs(
    sekmet: SEKMET, ehr: EHR
) -> None:
    name = uuid4().hex[:8]
    visit = fixture("appointment-all-contained", id=name, **TIMES)
    visit["contained"][0]["identifier"] = [{"system": SYSTEM, "value": name}]
    await sekmet.put(patient(f"{name}-p", name), visit)

    (reading,) = await ehr.appointments([name])

    assert isinstance(reading, Reading)
    assert [each.key.patient_id for each in reading.bookings] == [f"{name}-p"]
    assert reading.bookings[0].practitioner == "Dr. Kim Lee"
    assert reading.bookings[0].kind.security == {"r"}
