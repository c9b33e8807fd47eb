"""An appointment's patients, in every form in which a server may refer to them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from reminder.ehr.config import VIRTUAL_SERVICE
from reminder.ehr.reading.appointments import read_appointment, read_entry, start_of
from reminder.ehr.reading.bearers import Bearer
from reminder.ehr.reading.drafts import (
    NO_ANSWER,
    NOBODY,
    SEVERAL,
    Draft,
    Hits,
    Source,
)
from reminder.ehr.reading.entries import Entry
from reminder.ehr.reading.participants import Identifier
from reminder.ehr.reading.references import Target
from reminder.model.appointments import Appointment, ParticipationStatus, Place
from reminder.model.readings import Unreadable
from tests.ehr.pretend import BASE_URL, Resource, fixture

SOURCE = Source("north", BASE_URL, VIRTUAL_SERVICE)
IN_NEW_YORK = replace(SOURCE, site_zone=ZoneInfo("America/New_York"))
MRN = Identifier("https://ehr.example.org/mrn", "MRN-0555")
LOGICAL = {"identifier": {"system": MRN.system, "value": MRN.value}}


def borne(by: Mapping[Identifier, set[str] | None]) -> Hits:
    """Who bears these, as one of whom nothing else is known."""
    return {
        each: None if ids is None else dict.fromkeys(ids, Bearer())
        for each, ids in by.items()
    }


def draft_of(name: str, /, **changes: object) -> Draft:
    draft = read_appointment(fixture(name, **changes), SOURCE)
    assert isinstance(draft, Draft), draft
    return draft


def visit_with(*actors: Resource, status: str = "booked", **changes: object) -> Draft:
    participants = [{"actor": each, "status": "accepted"} for each in actors]
    return draft_of(
        "appointment-booked", participant=participants, status=status, **changes
    )


def bookings(draft: Draft | Unreadable) -> tuple[Appointment, ...]:
    assert isinstance(draft, Draft), draft
    return draft.reading.bookings


@pytest.mark.parametrize(
    ("name", "place", "practitioner", "participation"),
    [
        pytest.param(
            "appointment-patient-by-identifier",
            Place("", "Main Street Clinic"),
            "Lee",
            ParticipationStatus.NEEDS_ACTION,
            id="logical",
        ),
        pytest.param(
            "appointment-all-contained",
            Place("", "Quiet House"),
            "Dr. Kim Lee",
            ParticipationStatus.TENTATIVE,
            id="contained",
        ),
    ],
)
def test_a_patient_with_an_identifier_is_found_by_it(
    name: str, place: Place, practitioner: str, participation: ParticipationStatus
) -> None:
    draft = draft_of(name)

    (booking,) = bookings(draft.located(borne({MRN: {"ana"}})))

    assert draft.reading.bookings == ()
    assert [each.identifiers for each in draft.sought] == [(MRN,)]
    assert booking.key == ("north", draft.reading.appointment_id, "ana")
    assert (booking.place, booking.practitioner) == (place, practitioner)
    assert booking.participation is participation
    assert booking.fingerprint == draft.reading.fingerprint


def test_who_was_found_has_their_own_participant() -> None:
    draft = visit_with({"display": "Lee"}, {"type": "Patient"} | LOGICAL)

    located = draft.located(borne({MRN: {"ana"}}))

    assert isinstance(located, Draft)
    assert located.participants == {"ana": 1}
    assert located.sought == ()
    assert draft_of("appointment-booked-two-patients").participants == {
        "ana": 1,
        "ben": 2,
    }


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        pytest.param(set(), NOBODY, id="nobody"),
        pytest.param({"ana", "ben"}, SEVERAL, id="two"),
        pytest.param(None, NO_ANSWER, id="no-answer"),
    ],
)
def test_only_one_hit_is_a_patient(found: set[str] | None, problem: str) -> None:
    unreadable = visit_with({"type": "Patient"} | LOGICAL).located(borne({MRN: found}))

    assert isinstance(unreadable, Unreadable)
    assert unreadable.path == "Appointment.participant[0].actor"
    assert unreadable.problem == problem
    assert unreadable.resource_id == "visit-1"


def test_two_identifiers_must_mean_the_same_patient() -> None:
    draft = draft_of("appointment-all-contained")
    other = Identifier("https://ehr.example.org/ssn", "000")
    sought = replace(draft.sought[0], identifiers=(MRN, other))
    twice = replace(draft, sought=(sought,))

    assert len(bookings(twice.located(borne({MRN: {"ana"}, other: {"ana"}})))) == 1
    assert len(bookings(twice.located(borne({MRN: {"ana"}, other: set()})))) == 1
    unclear = twice.located(borne({MRN: {"ana"}, other: {"ben"}}))
    assert isinstance(unclear, Unreadable)
    assert unclear.problem == SEVERAL


@pytest.mark.parametrize(
    ("actor", "flagged"),
    [
        pytest.param({"type": "Patient"} | LOGICAL, NOBODY, id="a-patient"),
        pytest.param(LOGICAL, None, id="perhaps-no-patient"),
        pytest.param(
            {"reference": "https://other.example.org/fhir/Patient/ben"},
            "foreign-reference",
            id="elsewhere",
        ),
    ],
)
def test_who_is_not_found_costs_the_others_nothing_and_is_told_of(
    actor: Resource, flagged: str | None
) -> None:
    located = visit_with({"reference": "Patient/ana"}, actor).located(
        borne({MRN: set()})
    )

    assert [each.key.patient_id for each in bookings(located)] == ["ana"]
    assert isinstance(located, Draft)
    assert [each.problem for each in located.reading.repairs] == (
        [flagged] if flagged else []
    )
    assert all(
        each.path == "Appointment.participant[1].actor"
        for each in located.reading.repairs
    )


def test_a_cancelled_visit_of_nobody_known_has_no_bookings() -> None:
    draft = visit_with({"type": "Patient"} | LOGICAL, status="cancelled")

    assert bookings(draft.located(borne({MRN: set()}))) == ()
    assert bookings(draft.located(borne({MRN: {"ana"}})))[0].status == "cancelled"


def test_who_may_be_a_patient_is_one_when_found_among_them() -> None:
    draft = visit_with({"display": "Dr. Lee"}, LOGICAL)

    assert len(bookings(draft.located(borne({MRN: {"ana"}})))) == 1
    nobody = draft.located(borne({MRN: set()}))
    assert isinstance(nobody, Unreadable)
    assert nobody.path == "Appointment.participant[1].actor"


def test_one_patient_named_twice_comes_once() -> None:
    draft = visit_with({"reference": "Patient/ana"}, {"type": "Patient"} | LOGICAL)

    assert len(bookings(draft.located(borne({MRN: {"ana"}})))) == 1


def test_who_is_elsewhere_may_be_known_here_by_an_identifier() -> None:
    elsewhere = {"reference": "https://other.example.org/fhir/Patient/9"} | LOGICAL

    assert len(bookings(visit_with(elsewhere).located(borne({MRN: {"ana"}})))) == 1


@pytest.mark.parametrize(
    "identifier",
    [
        pytest.param({"value": "7"}, id="no-system"),
        pytest.param({"system": MRN.system}, id="no-value"),
        pytest.param({"system": MRN.system, "value": "x" * 257}, id="endless"),
        pytest.param({"system": MRN.system, "value": "\u202e7"}, id="invisible"),
    ],
)
def test_an_identifier_nobody_can_search_for_is_none(identifier: Resource) -> None:
    who = [
        {"actor": {"type": "Patient", "identifier": identifier}, "status": "accepted"}
    ]

    unreadable = read_appointment(
        fixture("appointment-booked", participant=who), SOURCE
    )

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem == "logical-reference"


def test_a_practitioner_known_by_an_identifier_is_nobody_s_patient() -> None:
    draft = visit_with({"reference": "Patient/ana"}, {"type": "Practitioner"} | LOGICAL)

    assert draft.sought == ()
    assert draft.reading.repairs == ()


def test_a_urn_is_the_entry_of_the_same_bundle() -> None:
    who = [{"actor": {"reference": "urn:uuid:0B2C"}, "status": "accepted"}]
    resource = fixture("appointment-booked", participant=who)

    draft = read_appointment(
        resource, SOURCE, {"urn:uuid:0b2c": Target("Patient", "ana")}
    )

    assert [each.key.patient_id for each in bookings(draft)] == ["ana"]
    assert isinstance(read_appointment(resource, SOURCE), Unreadable)


def test_identifiers_are_told_to_nobody() -> None:
    draft = draft_of("appointment-patient-by-identifier")

    assert "MRN-0555" not in repr(draft)
    assert "MRN-0555" not in repr(draft.located(borne({MRN: set()})))
    assert "MRN-0555" not in repr(MRN)


def test_labels_of_what_is_contained_count() -> None:
    draft = draft_of("appointment-all-contained").located(borne({MRN: {"ana"}}))

    assert bookings(draft)[0].kind.security == {"r"}


def test_local_times_are_those_of_the_site_and_flagged_each() -> None:
    resource = fixture("appointment-local-times")

    draft = read_appointment(resource, IN_NEW_YORK)

    (booking,) = bookings(draft)
    assert booking.start_at == datetime(2027, 3, 1, 14, tzinfo=UTC)
    assert booking.end_at == datetime(2027, 3, 1, 14, 30, tzinfo=UTC)
    assert booking.created_at == datetime(2027, 1, 15, 19, 3, 11, tzinfo=UTC)
    assert booking.updated_at == datetime(2027, 2, 1, 13, tzinfo=UTC)
    assert isinstance(draft, Draft)
    assert [(each.path, each.problem) for each in draft.reading.repairs] == [
        ("Appointment.start", "instant-without-zone-repaired"),
        ("Appointment.end", "instant-without-zone-repaired"),
        ("Appointment.created", "instant-without-zone-repaired"),
        ("Appointment.meta.lastUpdated", "instant-without-zone-repaired"),
    ]
    assert {each.resource_id for each in draft.reading.repairs} == {"visit-22"}
    assert booking.fingerprint == IN_NEW_YORK.fingerprint(resource)


def test_without_the_site_s_zone_they_are_nobody_s() -> None:
    unreadable = read_appointment(fixture("appointment-local-times"), SOURCE)

    assert isinstance(unreadable, Unreadable)
    assert unreadable.problem == "instant-without-zone"
    assert start_of("2027-03-01T09:00:00", SOURCE) is None
    assert start_of("2027-03-01T09:00:00", IN_NEW_YORK) == datetime(
        2027, 3, 1, 14, tzinfo=UTC
    )


def test_another_zone_is_another_reading() -> None:
    in_chicago = replace(SOURCE, site_zone=ZoneInfo("America/Chicago"))
    resource = fixture("appointment-booked")

    names = {each.fingerprint(resource) for each in (SOURCE, IN_NEW_YORK, in_chicago)}

    assert len(names) == 3


@pytest.mark.parametrize(
    ("changes", "minute"),
    [
        pytest.param({}, 30, id="as-it-says"),
        pytest.param({"minutesDuration": 20}, 30, id="not-as-long-as-it-says"),
        pytest.param({"end": None, "minutesDuration": 20}, 20, id="no-end"),
        pytest.param(
            {"end": "2027-03-01T13:00:00Z", "minutesDuration": 20}, 20, id="ends-before"
        ),
        pytest.param({"end": None}, None, id="nothing-said"),
        pytest.param({"end": None, "minutesDuration": 10**7}, None, id="for-years"),
    ],
)
def test_when_it_ends(changes: Resource, minute: int | None) -> None:
    resource = fixture("appointment-booked", **changes)
    resource = {name: value for name, value in resource.items() if value is not None}
    if "minutesDuration" not in changes:
        resource.pop("minutesDuration", None)

    (booking,) = bookings(read_appointment(resource, SOURCE))

    ends = booking.end_at
    assert (ends and ends.minute) == minute


@pytest.mark.parametrize(
    ("updated", "at"),
    [
        ("2027-02-01T08:00:00-05:00", datetime(2027, 2, 1, 13, tzinfo=UTC)),
        (None, None),
    ],
)
def test_when_the_server_changed_it(updated: str | None, at: datetime | None) -> None:
    meta = {"lastUpdated": updated} if updated else {"versionId": "1"}

    (booking,) = bookings(draft_of("appointment-booked", meta=meta))

    assert booking.updated_at == at


def test_an_entry_no_parser_reads_is_named_and_nothing_more() -> None:
    entry = Entry(3, b"{Canary", None, "Appointment", "visit-1")

    unreadable = read_entry(entry, SOURCE)

    assert isinstance(unreadable, Unreadable)
    assert (unreadable.resource_id, unreadable.path, unreadable.problem) == (
        "visit-1",
        "Bundle.entry[3].resource",
        "not-json",
    )
    assert "Canary" not in repr(unreadable)
