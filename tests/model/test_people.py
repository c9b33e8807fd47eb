from datetime import date

import pytest

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Patient, PatientKey, full_birth_date


@pytest.mark.parametrize(
    ("birth_date", "full"),
    [
        pytest.param("1980-05-17", date(1980, 5, 17), id="full"),
        pytest.param("1980-05", None, id="no-day"),
        pytest.param("1980", None, id="year-only"),
        pytest.param(None, None, id="none"),
    ],
)
def test_only_a_full_birth_date_proves_who_somebody_is(birth_date, full):
    patient = Patient(key=PatientKey("ehr", "p1"), birth_date=birth_date)

    assert full_birth_date(patient) == full


def test_a_bookings_patient_is_of_the_same_connection():
    booking = AppointmentKey("ehr", "a1", "p1")

    assert booking.patient == PatientKey("ehr", "p1")
