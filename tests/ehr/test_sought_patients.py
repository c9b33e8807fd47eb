"""A patient named by an identifier only, all the way: read, read again, answered."""

from datetime import UTC, datetime, timedelta

import httpx
import orjson
import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRRefused
from reminder.model.appointments import AppointmentKey, ParticipationStatus
from reminder.model.readings import Reading, Unreadable, Window, WindowPage
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import PretendServer, Resource, bundle, fixture, said

START = datetime(2027, 3, 1, 5, tzinfo=UTC)
DAY = Window(START, START + timedelta(days=1))
KEY = AppointmentKey("north", "visit-20", "ana")
ANA = fixture(
    "patient-adult",
    identifier=[{"system": "https://ehr.example.org/mrn", "value": "MRN-0555"}],
)


class Clinic(PretendServer):
    """A server with one such visit, that does what it is told."""

    def __init__(self, *patients: Resource) -> None:
        super().__init__()
        self.visit = fixture("appointment-patient-by-identifier")
        self.on("GET Appointment", lambda _: said(bundle(self.visit)))
        self.on("GET Appointment/visit-20", lambda _: said(self.visit, ETag='W/"1"'))
        self.on("GET Patient", said(bundle(*patients)))
        self.on("PUT Appointment/visit-20", self._put)
        self.on("PATCH Appointment/visit-20", self._patch)

    def _put(self, request: httpx.Request) -> httpx.Response:
        self.visit = orjson.loads(request.content)
        return said(self.visit)

    def _patch(self, request: httpx.Request) -> httpx.Response:
        (operation,) = orjson.loads(request.content)
        _, _, number, name = operation["path"].split("/")
        self.visit["participant"][int(number)][name] = operation["value"]
        return said(self.visit)


async def read(ehr: EHR, known: dict[str, str] | None = None) -> list[WindowPage]:
    parts: list[WindowPage] = []

    async def keep(part: WindowPage) -> None:
        parts.append(part)

    await ehr.read(DAY, known or {}, keep)
    return parts


async def test_the_visit_is_read_as_theirs(make_ehr: MakeEHR) -> None:
    ehr = make_ehr(Clinic(ANA))

    (part,) = await read(ehr)

    (reading,) = part.readings
    assert [each.key for each in reading.bookings] == [KEY]
    (again,) = await read(ehr, {"visit-20": reading.fingerprint})
    assert again.unchanged == {"visit-20"}


async def test_it_is_read_again_before_a_message_goes(make_ehr: MakeEHR) -> None:
    clinic = Clinic(ANA)
    ehr = make_ehr(clinic)
    await read(ehr)

    (reading,) = await ehr.appointments(["visit-20"])

    assert isinstance(reading, Reading)
    assert [each.key for each in reading.bookings] == [KEY]
    assert clinic.times("GET Patient") == 1


async def test_their_answer_is_written_to_their_own_part(make_ehr: MakeEHR) -> None:
    clinic = Clinic(ANA)

    written = await make_ehr(clinic).confirm(KEY)

    (reading,) = written.readings
    assert reading.bookings[0].participation is ParticipationStatus.ACCEPTED
    statuses = [each["status"] for each in clinic.visit["participant"]]
    assert statuses == ["accepted", "accepted", "accepted"]


@pytest.mark.parametrize("patients", [[], [ANA, ANA | {"id": "twin"}]])
async def test_of_nobody_or_of_two_it_is_nobodys(
    make_ehr: MakeEHR, patients: list[Resource]
) -> None:
    ehr = make_ehr(Clinic(*patients))

    (part,) = await read(ehr)

    assert part.readings == ()
    (unreadable,) = part.unreadable
    assert isinstance(unreadable, Unreadable)
    assert unreadable.resource_id == "visit-20"
    with pytest.raises(EHRRefused) as refused:
        await ehr.confirm(KEY)
    assert "0555" not in str(refused.value)
