"""Pages whose entries need more than themselves to be read."""

import pytest

from reminder.ehr.ehr import EHR
from tests.ehr.conftest import MakeEHR
from tests.ehr.keeping import DAY, read
from tests.ehr.pretend import BASE_URL, PretendServer, bundle, fixture, said

SITE = {"site_zone": "America/New_York"}


def ehr_with(make_ehr: MakeEHR, page: dict, **config: object) -> EHR:
    return make_ehr(PretendServer().on("GET Appointment", said(page)), **config)


async def test_local_times_are_kept_and_flagged(make_ehr: MakeEHR) -> None:
    ehr = ehr_with(make_ehr, bundle(fixture("appointment-local-times")), **SITE)

    kept = await read(ehr, DAY)

    reading = kept.readings["visit-22"]
    assert reading.bookings[0].start_at.hour == 14
    assert "instant-without-zone-repaired" in {each.problem for each in reading.repairs}
    assert kept.end.surplus == 0
    again = await read(ehr, DAY, {"visit-22": reading.fingerprint})
    assert again.unchanged == {"visit-22"}


@pytest.mark.parametrize(
    ("start", "is_there"),
    [("2027-02-28T23:30:00", False), ("2027-03-01T00:30:00", True)],
)
async def test_a_local_time_belongs_to_the_sites_own_day(
    make_ehr: MakeEHR, start: str, is_there: bool
) -> None:
    visit = fixture("appointment-local-times", start=start, end=start[:11] + "23:50:00")

    kept = await read(ehr_with(make_ehr, bundle(visit), **SITE), DAY)

    assert ("visit-22" in kept.readings) is is_there


async def test_a_urn_leads_to_what_is_on_the_page(make_ehr: MakeEHR) -> None:
    urn = "urn:uuid:7d0e6c5e-2a5d-4a8e-9f0a-6f3b8c1d2e4f"
    who = [{"actor": {"reference": urn}, "status": "accepted"}]
    page = bundle(fixture("appointment-booked", participant=who))
    page["entry"].append(
        {
            "fullUrl": urn.upper().replace("URN:UUID", "urn:uuid"),
            "resource": fixture("patient-adult"),
            "search": {"mode": "include"},
        }
    )

    kept = await read(ehr_with(make_ehr, page), DAY)

    (booking,) = kept.readings["visit-1"].bookings
    assert booking.key.patient_id == "ana"


async def test_a_server_that_calls_itself_otherwise_is_the_same(
    make_ehr: MakeEHR,
) -> None:
    plain = BASE_URL.replace("https://ehr", "http://EHR")
    who = [{"actor": {"reference": f"{plain}/Patient/ana"}, "status": "accepted"}]
    page = bundle(fixture("appointment-booked", participant=who))

    kept = await read(ehr_with(make_ehr, page), DAY)

    (booking,) = kept.readings["visit-1"].bookings
    assert booking.key.patient_id == "ana"
