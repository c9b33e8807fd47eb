from dataclasses import replace
from datetime import timedelta

import pytest

from reminder.model.appointments import AppointmentStatus, ParticipationStatus
from reminder.model.people import Preference
from reminder.model.reasons import Reason
from reminder.rules.checks import appointment_reason, patient_to_tell
from tests.rules.examples import appointment, patient, person, utc

START = utc("2027-03-15 13:30")


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        pytest.param("booked", None, id="booked"),
        pytest.param("entered-in-error", Reason.ENTERED_IN_ERROR, id="in-error"),
        pytest.param("cancelled", Reason.CANCELLED, id="cancelled"),
        pytest.param("noshow", Reason.NOSHOW, id="noshow"),
        pytest.param("proposed", Reason.NOT_BOOKED, id="proposed"),
        pytest.param("pending", Reason.NOT_BOOKED, id="pending"),
        pytest.param("waitlist", Reason.NOT_BOOKED, id="waitlist"),
        pytest.param("arrived", Reason.NOT_BOOKED, id="arrived"),
        pytest.param("checked-in", Reason.NOT_BOOKED, id="checked-in"),
        pytest.param("fulfilled", Reason.NOT_BOOKED, id="fulfilled"),
    ],
)
def test_only_a_booked_appointment_is_told_of(status, reason):
    visit = appointment(START, status=AppointmentStatus(status))

    assert appointment_reason(visit, START - timedelta(days=1)) is reason


def test_every_status_of_the_standard_has_been_thought_of():
    booked = appointment(START)
    for status in set(AppointmentStatus) - {AppointmentStatus.BOOKED}:
        visit = replace(booked, status=status)
        assert appointment_reason(visit, START - timedelta(days=1)) is not None


@pytest.mark.parametrize(
    ("participation", "reason"),
    [
        pytest.param("accepted", None, id="accepted"),
        pytest.param("needs-action", None, id="needs-action"),
        pytest.param("tentative", None, id="tentative"),
        pytest.param("declined", Reason.DECLINED, id="declined"),
    ],
)
def test_who_declined_is_not_reminded(participation, reason):
    visit = appointment(START, participation=ParticipationStatus(participation))

    assert appointment_reason(visit, START - timedelta(days=1)) is reason


@pytest.mark.parametrize(
    ("late", "reason"),
    [
        pytest.param(timedelta(seconds=-1), None, id="a-second-before"),
        pytest.param(timedelta(0), Reason.PAST, id="at-the-start"),
        pytest.param(timedelta(days=1), Reason.PAST, id="a-day-after"),
    ],
)
def test_a_visit_that_has_begun_is_past(late, reason):
    assert appointment_reason(appointment(START), START + late) is reason


def test_how_it_ended_says_more_than_that_it_is_past():
    visit = appointment(START, status=AppointmentStatus.NOSHOW)

    assert appointment_reason(visit, START + timedelta(days=1)) is Reason.NOSHOW


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        pytest.param({"patient": None}, Reason.UNKNOWN_PATIENT, id="no-record"),
        pytest.param(
            {"patient": patient(deceased=True, active=False)},
            Reason.DECEASED,
            id="deceased-before-inactive",
        ),
        pytest.param(
            {"patient": patient(active=False, opted_out=True)},
            Reason.INACTIVE,
            id="inactive-before-opted-out",
        ),
        pytest.param(
            {"patient": patient(opted_out=True)}, Reason.OPTED_OUT, id="says-the-ehr"
        ),
        pytest.param(
            {"preference": Preference(nothing=True)}, Reason.OPTED_OUT, id="told-us"
        ),
    ],
)
def test_who_is_not_told_anything(changes, reason):
    assert patient_to_tell(person(**changes)) is reason


def test_everybody_else_is_told():
    somebody = person()

    assert patient_to_tell(somebody) == somebody.patient
