from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminder.ehr.config import VIRTUAL_SERVICE
from reminder.ehr.reading.appointments import read_appointment
from reminder.ehr.reading.drafts import Draft, Source
from reminder.model.appointments import (
    AppointmentStatus,
    Kind,
    ParticipationStatus,
    Place,
)
from reminder.model.readings import Unreadable
from tests.ehr.pretend import BASE_URL, Resource, fixture

SOURCE = Source("north", BASE_URL, VIRTUAL_SERVICE)
HL7 = "http://terminology.hl7.org/codesystem"
VIRTUAL = {
    "coding": [
        {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "VR"}
    ]
}


def read(name: str = "appointment-booked", /, **changes: object) -> Draft | Unreadable:
    return read_appointment(fixture(name, **changes), SOURCE)


def booking_of(draft: Draft | Unreadable, number: int = 0) -> Any:
    assert isinstance(draft, Draft), draft
    return draft.reading.bookings[number]


def test_a_booked_visit_is_read_whole() -> None:
    draft = read()

    booking = booking_of(draft)
    assert booking.key == ("north", "visit-1", "ana")
    assert booking.status is AppointmentStatus.BOOKED
    assert booking.participation is ParticipationStatus.NEEDS_ACTION
    assert booking.start_at == datetime(2027, 3, 1, 14, tzinfo=UTC)
    assert booking.end_at == datetime(2027, 3, 1, 14, 30, tzinfo=UTC)
    assert booking.created_at == datetime(2027, 1, 15, 19, 3, 11, tzinfo=UTC)
    assert booking.version_id == "1"
    assert booking.slot_ids == ("slot-1",)
    assert booking.place == Place("main", "Main Street Clinic")
    assert isinstance(draft, Draft)
    assert (draft.location_id, draft.practitioner_id) == ("main", "lee")


def test_what_kind_of_visit_it_is_is_read_in_small_letters() -> None:
    kind = booking_of(read("appointment-described")).kind

    assert kind == Kind(
        appointment_types=frozenset({"followup", f"{HL7}/v2-0276|followup"}),
        service_types=frozenset(
            {"183", f"{HL7}/service-type|183", "mental health", "first talk"}
        ),
        service_categories=frozenset({"22", f"{HL7}/service-category|22"}),
        specialties=frozenset(
            {"394587001", "http://snomed.info/sct|394587001", "psychiatry"}
        ),
        practitioner_ids=frozenset({"lee", "Night-Team"}),
        tags=frozenset(
            {
                "spring-recall",
                "https://ehr.example.org/codesystem/programme|spring-recall",
            }
        ),
        security=frozenset({"r", "psy"}),
        telehealth=True,
    )


def test_the_patient_gets_the_instruction_and_never_the_comment() -> None:
    booking = booking_of(read("appointment-described"))

    assert booking.instructions == (
        "Bring your medicines list. Do not eat < 2 hours before;"
        " see https: evil. example. org/x"
    )
    assert "no-show" not in repr(asdict(booking))


@pytest.mark.parametrize(
    ("instruction", "read_as"),
    [
        pytest.param(None, "", id="none"),
        pytest.param("  \n ", "", id="blank"),
        pytest.param("x" * 2000, "x" * 2000, id="long"),
        pytest.param("Do not eat. " * 200, "", id="too-long-is-left-out-whole"),
        pytest.param("\u202eFast\u202c\x07", "Fast", id="controls"),
    ],
)
def test_an_instruction_is_harmless_and_whole_or_not_there(
    instruction: object, read_as: str
) -> None:
    assert booking_of(read(patientInstruction=instruction)).instructions == read_as


@pytest.mark.parametrize(
    ("label", "codes"),
    [
        pytest.param({"code": "R"}, {"r"}, id="without-a-system-it-counts"),
        pytest.param(
            {"system": "http://hl7.org/fhir/v3/Confidentiality", "code": "V"},
            {"v"},
            id="as-stu3-named-it",
        ),
        pytest.param(
            {"system": "urn:oid:2.16.840.1.113883.5.4", "code": "HIV"},
            {"hiv"},
            id="by-its-oid",
        ),
        pytest.param({"system": "https://x.example", "code": "R"}, set(), id="foreign"),
        pytest.param(
            {"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode"},
            set(),
            id="without-a-code",
        ),
    ],
)
def test_which_security_labels_are_read(label: Resource, codes: set[str]) -> None:
    booking = booking_of(read(meta={"security": [label]}))

    assert booking.kind.security == codes


@pytest.mark.parametrize(
    ("changes", "telehealth"),
    [
        pytest.param({}, False, id="nothing-says-so"),
        pytest.param({"serviceType": [VIRTUAL]}, True, id="service-type"),
        pytest.param({"appointmentType": VIRTUAL}, True, id="appointment-type"),
        pytest.param(
            {"serviceType": [{"coding": [{"code": "VR"}]}]}, False, id="no-system"
        ),
        pytest.param({"serviceType": [{"text": "Video visit"}]}, False, id="a-word"),
    ],
)
def test_a_visit_is_remote_only_where_a_code_says_so(
    changes: Resource, telehealth: bool
) -> None:
    assert booking_of(read(**changes)).kind.telehealth is telehealth


def test_with_a_link_to_join_a_visit_is_remote() -> None:
    assert booking_of(read("appointment-telehealth-contained")).kind.telehealth


def test_codes_beyond_all_measure_are_left_out() -> None:
    long, many = "x" * 201, [{"text": f"t{number}"} for number in range(1000)]

    kind = booking_of(
        read(
            specialty=[{"text": long, "coding": [{"code": "x" * 99, "system": long}]}],
            serviceType=many,
        )
    ).kind

    assert kind.specialties == {"x" * 99}
    assert len(kind.service_types) == 30


@pytest.mark.parametrize(
    ("counts", "status", "participation"),
    [
        pytest.param(True, "accepted", ParticipationStatus.ACCEPTED, id="as-said"),
        pytest.param(
            False, "accepted", ParticipationStatus.NEEDS_ACTION, id="as-booked"
        ),
        pytest.param(
            False, "declined", ParticipationStatus.DECLINED, id="a-no-is-a-no"
        ),
        pytest.param(
            False, "tentative", ParticipationStatus.TENTATIVE, id="so-is-a-perhaps"
        ),
    ],
)
def test_accepted_is_no_answer_where_everybody_is_booked_so(
    counts: bool, status: str, participation: ParticipationStatus
) -> None:
    source = replace(SOURCE, accepted_is_confirmed=counts)
    who = {"actor": {"reference": "Patient/ana"}, "status": status}

    draft = read_appointment(fixture("appointment-booked", participant=[who]), source)

    assert isinstance(draft, Draft)
    assert draft.reading.bookings[0].participation == status
    (booking,) = draft.finished({}, {}).bookings
    assert booking.participation is participation


def test_what_is_read_another_way_has_another_fingerprint() -> None:
    otherwise = replace(SOURCE, accepted_is_confirmed=False)
    resource = fixture("appointment-booked")

    assert SOURCE.fingerprint(resource) != otherwise.fingerprint(resource)
    assert booking_of(
        read_appointment(resource, otherwise)
    ).fingerprint == otherwise.fingerprint(resource)


def test_a_display_name_loses_what_may_be_a_specialty() -> None:
    assert booking_of(read()).practitioner == "Lee"


def test_a_group_visit_is_one_booking_for_each_patient() -> None:
    draft = read("appointment-booked-two-patients")

    assert isinstance(draft, Draft)
    assert [(b.key.patient_id, b.participation) for b in draft.reading.bookings] == [
        ("ana", ParticipationStatus.ACCEPTED),
        ("ben", ParticipationStatus.DECLINED),
    ]


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("appointment-telehealth-contained", "https://video.example.org/join/731"),
        (
            "appointment-telehealth-virtual-service",
            "https://video.example.org/join/842",
        ),
        ("appointment-booked", None),
    ],
)
def test_the_patient_gets_their_own_video_link(name: str, url: str | None) -> None:
    assert booking_of(read(name)).join_url == url


def test_two_video_links_are_none() -> None:
    patient = {"telecom": [{"system": "url", "value": "https://video.example.org/2"}]}
    contained = fixture("appointment-telehealth-contained")["contained"]
    contained.append({"resourceType": "Patient", "id": "other"} | patient)

    booking = booking_of(read("appointment-telehealth-contained", contained=contained))

    assert booking.join_url is None


@pytest.mark.parametrize(
    ("name", "path", "problem"),
    [
        ("start-without-zone", "Appointment.start", "instant-without-zone"),
        ("unknown-field", "Appointment.videoLink", "unknown-field"),
        ("without-status", "Appointment.status", "missing"),
        ("booked-without-start", "Appointment.start", "missing"),
        ("without-patient", "Appointment.participant", "no-patient"),
    ],
)
def test_what_is_malformed_is_named_by_place_and_kind(
    name: str, path: str, problem: str
) -> None:
    resource = fixture(f"appointment-{name}")

    unreadable = read_appointment(resource, SOURCE)

    assert isinstance(unreadable, Unreadable)
    assert (unreadable.path, unreadable.problem) == (path, problem)
    assert unreadable.resource_id == resource["id"]


def actor(**reference: object) -> Resource:
    return {"participant": [{"actor": reference, "status": "accepted"}]}


@pytest.mark.parametrize(
    ("changes", "path", "problem"),
    [
        pytest.param({"status": "rescheduled"}, "status", "unknown-code", id="status"),
        pytest.param({"status": {"a": 1}}, "status", "wrong-type", id="object"),
        pytest.param({"start": 1803988800}, "start", "not-an-instant", id="epoch"),
        pytest.param({"start": "2027-03-01"}, "start", "invalid", id="date"),
        pytest.param({"participant": {}}, "participant", "wrong-type", id="no-list"),
        pytest.param(
            actor(reference="urn:uuid:7"), "participant", "no-patient", id="unknown-urn"
        ),
        pytest.param(
            actor(reference="https://other.example.org/Patient/ana"),
            "participant[0].actor",
            "foreign-reference",
            id="patient-elsewhere",
        ),
        pytest.param(
            actor(identifier={"value": "7"}, type="Patient"),
            "participant[0].actor",
            "logical-reference",
            id="logical",
        ),
        pytest.param(
            {"contained": [{"resourceType": "Patient", "id": "p"}]}
            | actor(reference="#p"),
            "participant[0].actor",
            "contained-reference",
            id="contained-patient",
        ),
        pytest.param(
            {
                "participant": [
                    {"actor": {"reference": "Patient/ana"}, "status": "confirmed"}
                ]
            },
            "participant[0].status",
            "unknown-code",
            id="participation",
        ),
        pytest.param(
            {"contained": [{"resourceType": "EffectEvidenceSynthesis"}]},
            "contained",
            "unknown-resource-type",
            id="contained-type",
        ),
        pytest.param({"comment": "\ud800"}, "comment", "not-unicode", id="surrogate"),
        pytest.param({"id": "a/b"}, "id", "not-a-fhir-id", id="id"),
        pytest.param({"id": None}, "id", "missing", id="no-id"),
    ],
)
def test_each_fault_has_its_own_words(
    changes: Resource, path: str, problem: str
) -> None:
    unreadable = read(**changes)

    assert isinstance(unreadable, Unreadable)
    assert (unreadable.path, unreadable.problem) == (f"Appointment.{path}", problem)


@pytest.mark.parametrize("resource_id", ["e" * 88, "a_b~c.d-e"])
def test_ids_beyond_the_standard_are_read(resource_id: str) -> None:
    assert booking_of(read(id=resource_id)).key.appointment_id == resource_id


def test_what_the_clinic_cancelled_and_emptied_has_nobody_left() -> None:
    draft = read("appointment-cancelled-scrubbed")

    assert isinstance(draft, Draft)
    assert draft.reading.appointment_id == "visit-5"
    assert draft.reading.bookings == ()


def test_the_fingerprint_follows_content_and_not_its_order() -> None:
    resource = fixture("appointment-booked")
    turned = dict(reversed(resource.items()))
    changed = resource | {"status": "cancelled"}

    same, other = (read_appointment(each, SOURCE) for each in (turned, changed))

    assert booking_of(same).fingerprint == booking_of(read()).fingerprint
    assert booking_of(other).fingerprint != booking_of(read()).fingerprint
    assert booking_of(same).fingerprint.startswith("3-")


def test_nothing_of_an_unreadable_resource_is_told() -> None:
    resource = fixture("appointment-unknown-field", comment="Canary Island", start=7)
    resource["Canary Island\n"] = "Canary Island"

    assert "Canary" not in repr(read_appointment(resource, SOURCE))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=10), inner, max_size=3)
    ),
    max_leaves=8,
)


def places(value: object, path: tuple = ()) -> list[tuple]:
    """Every place in a resource where something else could stand."""
    inside = value.items() if isinstance(value, dict) else ()
    inside = enumerate(value) if isinstance(value, list) else inside
    below = [place for key, each in inside for place in places(each, (*path, key))]
    return [path, *below] if path else below


PLACES = [
    (name, place)
    for name in ("appointment-telehealth-contained", "appointment-described")
    for place in places(fixture(name))
]


@given(st.sampled_from(PLACES), JSON)
def test_no_json_makes_the_reader_fall(where: tuple, value: object) -> None:
    name, place = where
    resource = fixture(name)
    holder: Any = resource
    for key in place[:-1]:
        holder = holder[key]
    holder[place[-1]] = value

    read = read_appointment(resource, SOURCE)

    assert isinstance(read, Draft | Unreadable)
