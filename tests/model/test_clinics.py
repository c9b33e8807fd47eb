from zoneinfo import ZoneInfo

import pytest

from reminder.model.clinics import Clinic, ClinicDirectory


def clinic(clinic_id, *location_ids, connection="north"):
    return Clinic(
        clinic_id=clinic_id,
        connection=connection,
        name=clinic_id.title(),
        short_name=clinic_id.title(),
        zone=ZoneInfo("America/New_York"),
        location_ids=frozenset(location_ids),
    )


HARBOR = clinic("harbor", "L1", "L2")
PRAIRIE = clinic("prairie", "L3")
SOUTHERN = clinic("southern", "L1", connection="south")
DIRECTORY = ClinicDirectory((HARBOR, PRAIRIE, SOUTHERN), {"north": "prairie"})


@pytest.mark.parametrize(
    ("connection", "location_id", "found"),
    [
        pytest.param("north", "L1", HARBOR, id="by-its-location"),
        pytest.param("north", "L2", HARBOR, id="by-another-of-its-locations"),
        pytest.param("south", "L1", SOUTHERN, id="same-id-on-another-connection"),
        pytest.param("north", "L9", PRAIRIE, id="unknown-location-to-the-default"),
        pytest.param("north", None, PRAIRIE, id="no-location-to-the-default"),
        pytest.param("south", "L9", None, id="unknown-location-and-no-default"),
        pytest.param("south", None, None, id="no-location-and-no-default"),
        pytest.param("west", "L1", None, id="unknown-connection"),
    ],
)
def test_which_clinic_an_appointment_belongs_to(connection, location_id, found):
    assert DIRECTORY.find(connection, location_id) == found


def test_a_clinic_is_found_by_its_id():
    assert DIRECTORY.by_id("southern") is SOUTHERN


def test_an_unknown_id_is_a_key_error():
    with pytest.raises(KeyError, match="nowhere"):
        DIRECTORY.by_id("nowhere")
