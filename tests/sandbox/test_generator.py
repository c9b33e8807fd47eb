import subprocess
import sys
from collections import Counter
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any

import phonenumbers
import pytest

from reminder.ehr.reading.appointments import read_appointment
from reminder.ehr.reading.drafts import Draft, Source
from reminder.ehr.reading.patients import Reader, read_guardian, read_patient
from reminder.model.people import Channel, Patient
from reminder.model.readings import Unreadable
from reminder.sandbox.clinics import CLINICS, NO_REMINDERS_URL
from reminder.sandbox.diary import business_days
from reminder.sandbox.generator import Practice, generate

SPRING = date(2027, 3, 1)
SOURCE = Source("sandbox", "http://ehr.example.org/fhir")
READER = Reader("sandbox", "http://ehr.example.org/fhir", "US", NO_REMINDERS_URL)
NOON = datetime.fromisoformat("2027-03-01T17:00:00Z")


@pytest.fixture(scope="module")
def practice() -> Practice:
    return generate(SPRING)


def booked(practice: Practice) -> list[dict[str, Any]]:
    return [
        visit
        for visit in practice.of_type("Appointment")
        if visit["status"] == "booked"
    ]


def start_of(resource: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(resource["start"])


def patient_of(practice: Practice, visit_id: str) -> Patient:
    visits = {visit["id"]: visit for visit in practice.of_type("Appointment")}
    patients = {one["id"]: one for one in practice.of_type("Patient")}
    reference = visits[visit_id]["participant"][0]["actor"]["reference"]
    patient = read_patient(
        patients[reference.removeprefix("Patient/")], READER, now=NOON
    )
    assert isinstance(patient, Patient)
    return patient


def test_the_same_day_and_seed_make_the_same_clinics_in_any_process() -> None:
    program = (
        "import datetime, hashlib; from reminder.sandbox.generator import generate;"
        "practice = generate(datetime.date(2027, 3, 1));"
        "print(hashlib.sha256(repr(practice).encode()).hexdigest())"
    )

    digests = {
        subprocess.run(  # noqa: S603
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }

    assert len(digests) == 1


def test_another_seed_makes_other_people(practice: Practice) -> None:
    assert generate(SPRING, seed=2).resources != practice.resources


@pytest.mark.parametrize(
    "first_day",
    [
        pytest.param(SPRING, id="before-the-clocks-go-forward"),
        pytest.param(date(2026, 10, 26), id="before-the-clocks-go-back"),
        pytest.param(date(2026, 11, 23), id="over-thanksgiving"),
        pytest.param(date(2026, 12, 21), id="over-christmas-and-new-year"),
    ],
)
def test_three_hundred_readable_bookings_in_the_first_fortnight(
    first_day: date,
) -> None:
    practice = generate(first_day)

    readable = [
        visit
        for visit in booked(practice)
        if isinstance(read_appointment(visit, SOURCE), Draft)
        and first_day <= start_of(visit).date() < first_day + timedelta(days=14)
    ]

    assert len(readable) >= 300


def test_visits_lie_on_both_sides_of_the_clock_change(practice: Practice) -> None:
    offsets = {
        start_of(visit).astimezone(CLINICS[0].zone).utcoffset()
        for visit in booked(practice)
    }

    assert offsets == {timedelta(hours=-5), timedelta(hours=-4)}


def test_slots_are_free_on_every_open_day_of_thirty(practice: Practice) -> None:
    free = {
        start_of(slot).astimezone(CLINICS[0].zone).date()
        for slot in practice.of_type("Slot")
        if slot["status"] == "free"
    }

    assert free == set(business_days(SPRING, 30))


def test_nobody_is_seen_outside_opening_hours(practice: Practice) -> None:
    zones = {clinic.clinic_id: clinic.zone for clinic in CLINICS}

    for slot in practice.of_type("Slot"):
        clinic_id = slot["schedule"]["reference"].split("/")[1].split("-")[0]
        start = start_of(slot).astimezone(zones[clinic_id])
        assert 9 <= start.hour < 17, slot["id"]
        assert start.weekday() < 5, slot["id"]


def test_no_slot_is_booked_twice_and_every_booked_slot_is_busy(
    practice: Practice,
) -> None:
    slots = {slot["id"]: slot for slot in practice.of_type("Slot")}
    taken = [
        visit["slot"][0]["reference"].removeprefix("Slot/")
        for visit in booked(practice)
    ]

    assert len(taken) == len(set(taken))
    assert {slots[slot_id]["status"] for slot_id in taken} == {"busy"}
    assert {
        slots[visit["slot"][0]["reference"].removeprefix("Slot/")]["start"]
        == visit["start"]
        for visit in booked(practice)
    } == {True}


def test_every_visit_was_made_before_the_first_day(practice: Practice) -> None:
    made = [
        datetime.fromisoformat(visit["created"]).date()
        for visit in practice.of_type("Appointment")
    ]

    assert max(made) < SPRING


def test_both_clinics_and_both_languages_are_busy(practice: Practice) -> None:
    places = Counter(
        visit["participant"][-1]["actor"]["reference"] for visit in booked(practice)
    )
    languages = Counter(
        patient["communication"][0]["language"]["coding"][0]["code"]
        for patient in practice.of_type("Patient")
    )

    assert min(places[f"Location/{clinic.location_id}"] for clinic in CLINICS) > 100
    assert languages["en"] > 200
    assert languages["es"] > 50


def test_every_status_a_reminder_must_not_be_sent_for_is_there(
    practice: Practice,
) -> None:
    statuses = {visit["status"] for visit in practice.of_type("Appointment")}

    assert statuses >= {"cancelled", "noshow", "entered-in-error", "proposed"}


@pytest.mark.parametrize(
    ("kind", "channels"),
    [
        pytest.param("ordinary", {Channel.SMS, Channel.EMAIL}, id="both"),
        pytest.param("email-only", {Channel.EMAIL}, id="e-mail-only"),
        pytest.param("mobile-only", {Channel.SMS}, id="mobile-only"),
        pytest.param("unreachable", set(), id="neither"),
        pytest.param("no-number", set(), id="words-instead-of-a-number"),
        pytest.param("bad-number", {Channel.EMAIL}, id="no-area-code"),
        pytest.param("impossible-number", {Channel.EMAIL}, id="too-many-digits"),
        pytest.param("old-number", {Channel.EMAIL}, id="a-number-of-old"),
        pytest.param("home-phone", set(), id="a-landline"),
        pytest.param("sms-system", {Channel.SMS}, id="system-sms"),
    ],
)
def test_people_are_reachable_as_their_part_says(
    practice: Practice, kind: str, channels: set[Channel]
) -> None:
    for visit_id in practice.notable[kind]:
        patient = patient_of(practice, visit_id)
        assert {point.channel for point in patient.contact_points} == channels


def test_numbers_are_fictitious_and_each_belongs_to_one_person(
    practice: Practice,
) -> None:
    adults = [
        patient_of(practice, visit_id) for visit_id in practice.notable["ordinary"]
    ]
    numbers = [
        point.value
        for patient in adults
        for point in patient.contact_points
        if point.channel is Channel.SMS
    ]

    assert len(numbers) == len(set(numbers)) == len(adults)
    for number in numbers:
        assert phonenumbers.is_valid_number(phonenumbers.parse(number))
        assert number[-7:-2] == "55501"


def test_addresses_are_of_example_org(practice: Practice) -> None:
    resources = [*practice.of_type("Patient"), *practice.of_type("RelatedPerson")]
    addresses = [
        point["value"]
        for point in chain.from_iterable(one.get("telecom", []) for one in resources)
        if point["system"] == "email"
    ]

    assert addresses
    assert {address.partition("@")[2] for address in addresses} == {"example.org"}


def test_children_have_a_guardian_with_an_address_or_nobody(
    practice: Practice,
) -> None:
    guardians = dict(
        found
        for resource in practice.of_type("RelatedPerson")
        if isinstance(found := read_guardian(resource, READER, now=NOON), tuple)
    )

    def told(kind: str) -> list[bool]:
        return [
            bool(guardian and guardian.contact_points)
            for visit_id in practice.notable[kind]
            for guardian in [
                guardians.get(patient_of(practice, visit_id).key.patient_id)
            ]
        ]

    assert set(told("child")) == {True}
    assert set(told("child-alone")) == {False}
    assert set(told("child-silent-guardian")) == {False}
    for kind in ("child", "child-alone", "child-silent-guardian", "siblings"):
        born = patient_of(practice, practice.notable[kind][0]).birth_date
        assert born is not None
        assert SPRING.year - date.fromisoformat(born).year < 18


def test_two_children_share_one_phone_and_one_hour(practice: Practice) -> None:
    visits = {visit["id"]: visit for visit in practice.of_type("Appointment")}
    first, second = (visits[visit_id] for visit_id in practice.notable["siblings"])
    children = [
        patient_of(practice, visit_id).key.patient_id
        for visit_id in practice.notable["siblings"]
    ]
    guardians = [
        found[1].contact_points
        for resource in practice.of_type("RelatedPerson")
        if isinstance(found := read_guardian(resource, READER, now=NOON), tuple)
        and found[0] in children
    ]

    assert first["start"] == second["start"]
    assert first["slot"] != second["slot"]
    assert len(guardians) == 2
    assert guardians[0] == guardians[1] != ()


def test_the_dead_and_those_who_opted_out_are_marked(practice: Practice) -> None:
    for kind in ("deceased", "died-on"):
        assert patient_of(practice, practice.notable[kind][0]).deceased
    for visit_id in practice.notable["opted-out"]:
        assert patient_of(practice, visit_id).opted_out


def test_a_telehealth_visit_carries_the_patients_link_and_not_the_hosts(
    practice: Practice,
) -> None:
    visits = {visit["id"]: visit for visit in practice.of_type("Appointment")}

    for visit_id in practice.notable["telehealth"]:
        draft = read_appointment(visits[visit_id], SOURCE)
        assert isinstance(draft, Draft)
        join_url = draft.reading.bookings[0].join_url
        assert join_url is not None
        assert join_url.startswith("https://video.example.org/join/")
        assert "host" not in join_url


def test_awkward_names_are_in_the_book(practice: Practice) -> None:
    patients = {one["id"]: one for one in practice.of_type("Patient")}
    names = [
        patients[patient_of(practice, visit_id).key.patient_id]["name"][0]["given"][0]
        for visit_id in practice.notable["awkward"]
    ]

    for sign in ("<script>", "\r\n", "=?utf-8?", "\u202e", "{{", "https://"):
        assert any(sign in name for name in names), sign
    assert max(map(len, names)) > 200


def test_each_malformed_visit_is_unreadable_for_a_reason_of_its_own(
    practice: Practice,
) -> None:
    read = [read_appointment(one.resource, SOURCE) for one in practice.malformed]

    assert all(isinstance(one, Unreadable) for one in read)
    problems = {(one.path, one.problem) for one in read if isinstance(one, Unreadable)}
    assert len(problems) == 5


def test_a_first_day_on_which_nobody_works_is_refused() -> None:
    with pytest.raises(ValueError, match="closed on 2027-03-06"):
        generate(date(2027, 3, 6))
