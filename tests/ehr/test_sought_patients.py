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


def known_by(id_: str, number: str, **more: object) -> Resource:
    """Somebody with a record number of their own and the policy of the family."""
    identifiers = [
        {"system": "https://ehr.example.org/mrn", "value": number},
        {"system": "https://insurer.example.org/policy", "value": "POL-1"},
    ]
    return fixture("patient-adult", id=id_, identifier=identifiers, **more)


def visit_of(contained: Resource) -> Resource:
    of = {"reference": f"#{contained['id']}", "type": "Patient"}
    return fixture(
        "appointment-booked",
        id="visit-20",
        contained=[contained],
        participant=[{"actor": of, "status": "accepted"}],
    )


async def test_a_childs_visit_is_not_their_fathers(make_ehr: MakeEHR) -> None:
    """Whose record number nobody has yet shares the policy with a patient."""
    child, father = known_by("c", "MRN-NEW"), known_by("father", "MRN-1")
    clinic = Clinic(father)
    clinic.visit = visit_of(child)
    ehr = make_ehr(clinic)

    (before,) = await read(ehr)
    clinic.on("GET Patient", said(bundle(father, child | {"id": "kim"})))
    (after,) = await read(make_ehr(clinic))

    assert (before.readings, len(before.unreadable)) == ((), 1)
    (reading,) = after.readings
    assert [each.key.patient_id for each in reading.bookings] == ["kim"]


async def test_who_was_born_on_another_day_is_not_who_comes(make_ehr: MakeEHR) -> None:
    father = known_by("father", "MRN-1", birthDate="1984-02-03")
    clinic = Clinic(father)
    child = known_by("c", "MRN-1", birthDate="2019-01-01")
    clinic.visit = visit_of(child)

    (part,) = await read(make_ehr(clinic))

    assert part.readings == ()


async def test_who_is_registered_after_the_visit_was_read_is_found_then(
    make_ehr: MakeEHR,
) -> None:
    """Somebody else comes as well: without one of them the visit is readable."""
    clinic, now = Clinic(), [START]
    clinic.visit["participant"].append(
        {"actor": {"reference": "Patient/bob"}, "status": "accepted"}
    )
    ehr = make_ehr(clinic, clock=lambda: now[0])

    (before,) = await read(ehr)
    (reading,) = before.readings
    clinic.on("GET Patient", said(bundle(ANA)))
    now[0] += timedelta(hours=2)
    (after,) = await read(ehr, {"visit-20": reading.fingerprint})
    (whole,) = after.readings
    (again,) = await read(ehr, {"visit-20": whole.fingerprint})

    assert [each.key.patient_id for each in reading.bookings] == ["bob"]
    assert {each.key.patient_id for each in whole.bookings} == {"ana", "bob"}
    for each in (reading, whole):
        assert {one.fingerprint for one in each.bookings} == {each.fingerprint}
    assert again.unchanged == {"visit-20"}


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
