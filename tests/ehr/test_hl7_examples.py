"""HL7's own R4 examples (fixtures/fhir/hl7): every one is read as it is meant."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from reminder.ehr.config import VIRTUAL_SERVICE
from reminder.ehr.finding.slots import read_slot
from reminder.ehr.reading.appointments import read_appointment
from reminder.ehr.reading.drafts import Draft, Source
from reminder.ehr.reading.patients import Former, Reader, read_guardian, read_patient
from reminder.ehr.reading.validate import r4_problem
from reminder.model.appointments import Slot
from reminder.model.people import Channel, Patient
from tests.ehr.conftest import NOW
from tests.ehr.pretend import BASE_URL, FIXTURES, Resource

EXAMPLES = sorted((FIXTURES / "hl7").glob("*.json"))
SOURCE = Source("north", BASE_URL, VIRTUAL_SERVICE)
READER = Reader("north", BASE_URL, "US")

APPOINTMENTS: dict[str, tuple[Any, ...] | None] = {
    "2docs": (
        "booked",
        datetime(2013, 12, 9, 9, tzinfo=UTC),
        datetime(2013, 12, 9, 11, tzinfo=UTC),
        ["example"],
        "accepted",
        None,
        "example",
    ),
    "example": (
        "booked",
        datetime(2013, 12, 10, 9, tzinfo=UTC),
        datetime(2013, 12, 10, 11, tzinfo=UTC),
        ["example"],
        "accepted",
        "1",
        "example",
    ),
    # Only proposed, without a start: nobody is expected yet.
    "examplereq": None,
}
# Given name, family name, birth date, whether deceased.
PATIENTS = {
    "animal": ("Kenzi", "", "2010-03-23", False),
    "dicom": ("", "MINT TEST", None, False),
    "example": ("Peter", "Chalmers", "1974-12-25", False),
    "f201": ("Roelof Olaf", "Bor", "1960-03-13", False),
    "genetics-example1": ("Eve", "Everywoman", "1973-05-31", False),
    "glossy": ("Henry", "Levin", "1932-09-24", False),
    "ihe-pcd": ("ALBERT", "BROOKS", None, False),
    "infant-fetal": ("", "", None, False),
    "infant-mom": ("Leia", "Solo", "1995-10-12", False),
    "infant-twin-1": ("Jaina", "Solo", "2017-05-15", False),
    "infant-twin-2": ("Jacen", "Solo", "2017-05-15", False),
    "mom": ("Eve", "Everywoman", "1973-05-31", False),
    "newborn": ("", "", "2017-09-05", False),
    "pat3": ("Simon", "Notsowell", "1982-01-23", True),
    "pat4": ("Sandy", "Notsowell", "1982-08-02", True),
    "proband": ("", "", "1966-04-04", False),
    "xcda": ("Henry", "Levin", "1932-09-24", False),
    "xds": ("John", "Doe", "1956-05-27", False),
}
SLOTS = {"1": "09:00", "example": "09:15", "3": "09:30", "2": "09:45"}
RELATED = {"benedicte": "example", "newborn-mom": "newborn", "peter": None}


def of(resource_type: str) -> dict[str, Resource]:
    resources = (json.loads(path.read_text()) for path in EXAMPLES)
    return {
        each["id"]: each for each in resources if each["resourceType"] == resource_type
    }


def test_each_example_is_expected_to_say_something() -> None:
    assert of("Appointment").keys() == APPOINTMENTS.keys()
    assert of("Patient").keys() == PATIENTS.keys()
    assert of("Slot").keys() == SLOTS.keys()
    assert of("RelatedPerson").keys() == RELATED.keys()
    assert len(EXAMPLES) == 46


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_example_is_r4(path: Any) -> None:
    resource = json.loads(path.read_text())

    assert r4_problem(resource, path.stem.partition("-")[0]) is None


@pytest.mark.parametrize("name", APPOINTMENTS)
def test_appointments(name: str) -> None:
    draft = read_appointment(of("Appointment")[name], SOURCE)

    assert isinstance(draft, Draft)
    bookings, expected = draft.reading.bookings, APPOINTMENTS[name]
    assert draft.reading.repairs == ()
    if expected is None:
        assert bookings == ()
        return
    (booking,) = bookings
    assert (
        booking.status,
        booking.start_at,
        booking.end_at,
        [each.key.patient_id for each in bookings],
        booking.participation,
        draft.location_id,
        draft.practitioner_id,
    ) == expected
    assert booking.practitioner == "Dr Adam Careful"
    assert {"52", "general discussion"} <= booking.kind.service_types


@pytest.mark.parametrize("name", PATIENTS)
def test_patients(name: str) -> None:
    patient = read_patient(of("Patient")[name], READER, now=NOW)

    assert isinstance(patient, Patient)
    assert (
        patient.given,
        patient.family,
        patient.birth_date,
        patient.deceased,
    ) == PATIENTS[name]
    assert patient.active
    assert patient.survivor_id is None


def test_the_one_mobile_number_is_found() -> None:
    patient = read_patient(of("Patient")["f201"], READER, now=NOW)

    assert isinstance(patient, Patient)
    assert [each.channel for each in patient.contact_points] == [Channel.SMS]


@pytest.mark.parametrize("name", SLOTS)
def test_slots(name: str) -> None:
    slot = read_slot(of("Slot")[name], BASE_URL)

    assert isinstance(slot, Slot)
    assert slot.schedule_id == "example"
    assert f"{slot.start_at:%H:%M}" == SLOTS[name]
    assert slot.start_at < slot.end_at


@pytest.mark.parametrize("name", RELATED)
def test_related_persons(name: str) -> None:
    found = read_guardian(of("RelatedPerson")[name], READER, now=NOW)

    patient_id = found[0] if isinstance(found, tuple) else None
    assert patient_id == RELATED[name]
    assert not isinstance(found, Former)
