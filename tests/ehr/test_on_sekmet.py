"""The whole room against an independent FHIR server, over HTTP."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import uuid4

import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRConflict, EHRRefused
from reminder.model.answers import Communication
from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.people import Channel
from reminder.model.readings import Gone, Reading, Window, WindowEnd, Written
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.keeping import read, read_changes
from tests.ehr.pretend import Resource, fixture
from tests.servers import sekmet as sekmet_server
from tests.servers.sekmet import SEKMET

DAY = timedelta(days=1)


class Schedule:
    """A schedule of its own on a day of its own: half-hour Slots from 14:00 UTC."""

    _days = iter(range(1000))

    def __init__(self, *, visits: int = 0, free: int = 0) -> None:
        self.name = f"s{uuid4().hex[:8]}"
        self.start = datetime(2028, 1, 1, tzinfo=UTC) + next(self._days) * DAY
        self.resources: list[Resource] = [fixture("schedule", id=self.name)]
        for number in range(visits + free):
            self.resources.append(self._slot(number, is_free=number >= visits))
        self.resources += [self._visit(number) for number in range(visits)]

    def key(self, number: int = 0) -> AppointmentKey:
        return AppointmentKey("north", f"{self.name}-v{number}", "ana")

    @property
    def window(self) -> Window:
        return Window(self.start, self.start + DAY)

    def slot_id(self, number: int) -> str:
        return f"{self.name}-slot{number}"

    def _times(self, number: int) -> Resource:
        start = self.start + timedelta(hours=14, minutes=30 * number)
        return {
            "start": start.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "end": (start + timedelta(minutes=30)).strftime("%Y-%m-%dT%H:%M:%SZ"),
        }

    def _slot(self, number: int, *, is_free: bool) -> Resource:
        return fixture(
            "slot-busy",
            id=self.slot_id(number),
            status="free" if is_free else "busy",
            schedule={"reference": f"Schedule/{self.name}"},
            **self._times(number),
        )

    def _visit(self, number: int) -> Resource:
        return fixture(
            "appointment-booked",
            id=self.key(number).appointment_id,
            slot=[{"reference": f"Slot/{self.slot_id(number)}"}],
            **self._times(number),
        )


def only(read: Reading | Written) -> Appointment:
    (reading,) = read.readings if isinstance(read, Written) else (read,)
    (booking,) = reading.bookings
    return booking


async def people(server: SEKMET) -> None:
    names = "patient-adult", "patient-minor", "related-person-mother", "location"
    await server.put(*map(fixture, names), fixture("practitioner"))


async def test_a_day_is_read_over_several_pages(
    sekmet: SEKMET, make_ehr: MakeEHR
) -> None:
    ehr = make_ehr(base_url=sekmet.base_url, page_size=3)
    day = Schedule(visits=8)
    other = Schedule(visits=1)
    await people(sekmet)
    await sekmet.put(*day.resources, *other.resources)

    kept = await read(ehr, day.window)

    assert kept.ids == {day.key(n).appointment_id for n in range(8)}
    assert kept.end == WindowEnd()
    assert len(kept.pages) == 3
    booking = only(kept.readings[day.key(0).appointment_id])
    assert booking.practitioner == "Dr. Jordan Lee"
    assert booking.place is not None
    assert booking.place.address.startswith("1 Main Street")


async def test_by_roster_and_by_patient_the_same_is_read(
    sekmet: SEKMET, make_ehr: MakeEHR
) -> None:
    day = Schedule(visits=4)
    await people(sekmet)
    await sekmet.put(*day.resources)
    horizon = (day.start, day.start + DAY)
    by_roster = make_ehr(
        base_url=sekmet.base_url,
        search_plan="by-roster",
        roster=["Practitioner/nobody", "Practitioner/lee"],
        actors_per_request=1,
    )
    by_patient = make_ehr(
        base_url=sekmet.base_url, search_plan="by-patient", page_size=3
    )

    rostered = [
        await read(by_roster, each) for each in await by_roster.windows(*horizon, [])
    ]
    (one,) = await by_patient.windows(*horizon, ["ana", "stranger"])
    patients = await read(by_patient, one)

    ids = {day.key(n).appointment_id for n in range(4)}
    assert [each.ids for each in rostered] == [set(), ids]
    assert (patients.ids, patients.end) == (ids, WindowEnd())


async def test_what_was_read_is_known_the_next_time(sekmet: SEKMET, ehr: EHR) -> None:
    day = Schedule(visits=3)
    await sekmet.put(*day.resources)
    known = (await read(ehr, day.window)).fingerprints
    await sekmet.put(fixture("appointment-booked", id="elsewhere"))

    again = await read(ehr, day.window, known)
    await ehr.confirm(day.key(1))
    changed = await read(ehr, day.window, known)

    assert (again.ids, len(again.unchanged)) == (set(), 3)
    assert changed.ids == {day.key(1).appointment_id}


async def test_only_what_changed_is_read_after_a_cursor(
    sekmet: SEKMET, ehr: EHR
) -> None:
    cursor = (await read_changes(ehr, None)).cursor
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)

    changes = await read_changes(ehr, cursor)
    future = await read_changes(ehr, "2100-01-01T00:00:00Z")

    assert cursor is not None
    assert day.key().appointment_id in changes.ids
    assert changes.cursor is not None
    assert changes.cursor >= cursor
    assert future.ids == set()


async def test_a_deleted_appointment_is_gone(sekmet: SEKMET, ehr: EHR) -> None:
    day = Schedule(visits=2)
    await sekmet.put(*day.resources)
    await sekmet.delete("Appointment", day.key(1).appointment_id)
    ids = [day.key(n).appointment_id for n in range(2)]

    found = await ehr.appointments(ids)

    assert {type(each) for each in found} == {Reading, Gone}
    assert Gone(ids[1]) in found


async def test_people_are_read_with_their_guardians(sekmet: SEKMET, ehr: EHR) -> None:
    await people(sekmet)

    readings = await ehr.patients(["ana", "ben", "nobody"])

    ana, ben = readings.patients
    assert (ana.given, ana.language, ana.guardians) == ("Ana", "es", ())
    assert [each.related_person_id for each in ben.guardians] == ["ben-mother"]


async def test_free_slots_are_those_of_the_same_schedule_by_time(
    sekmet: SEKMET, ehr: EHR
) -> None:
    day, other = Schedule(visits=2, free=3), Schedule(visits=1, free=2)
    await sekmet.put(*day.resources, *other.resources)
    (reading,) = await ehr.appointments([day.key().appointment_id])
    assert isinstance(reading, Reading)

    found = await ehr.free_slots(only(reading), NOW, day.start + 30 * DAY)
    later = await ehr.free_slots(only(reading), day.start + DAY, day.start + 30 * DAY)

    assert [each.slot_id for each in found] == [day.slot_id(n) for n in (2, 3, 4)]
    assert {each.schedule_id for each in found} == {day.name}
    assert later == []


async def test_confirmed_is_confirmed_in_the_ehr(sekmet: SEKMET, ehr: EHR) -> None:
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)

    await ehr.confirm(day.key())
    await ehr.confirm(day.key())

    kept = await sekmet.read("Appointment", day.key().appointment_id)
    assert kept["participant"][1]["status"] == "accepted"
    assert kept["meta"]["versionId"] == "2"
    assert kept["extension"] == fixture("appointment-booked")["extension"]


async def test_cancelled_frees_the_slot_and_can_be_taken_back(
    sekmet: SEKMET, ehr: EHR
) -> None:
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)

    cancelled = await ehr.cancel(day.key())
    await ehr.cancel(day.key())
    while_cancelled = await sekmet.read("Slot", day.slot_id(0))
    booked = await ehr.rebook(day.key(), only(cancelled).slot_ids)

    assert only(cancelled).status == "cancelled"
    assert while_cancelled["status"] == "free"
    assert only(booked).status == "booked"
    assert (await sekmet.read("Slot", day.slot_id(0)))["status"] == "busy"
    kept = await sekmet.read("Appointment", day.key().appointment_id)
    assert "cancelationReason" not in kept
    assert kept["meta"]["versionId"] == "3"


async def test_moved_and_moved_back(sekmet: SEKMET, ehr: EHR) -> None:
    day = Schedule(visits=1, free=1)
    await sekmet.put(*day.resources)

    moved = await ehr.reschedule(day.key(), day.slot_id(1))
    slots = [await sekmet.read("Slot", day.slot_id(n)) for n in (0, 1)]
    back = await ehr.reschedule(day.key(), day.slot_id(0))

    assert only(moved).start_at == day.start + timedelta(hours=14, minutes=30)
    assert [each["status"] for each in slots] == ["free", "busy"]
    assert only(back).start_at == day.start + timedelta(hours=14)
    assert (await sekmet.read("Slot", day.slot_id(1)))["status"] == "free"


async def test_eight_patients_after_one_slot_and_one_gets_it(
    sekmet: SEKMET, make_ehr: MakeEHR
) -> None:
    ehr = make_ehr(base_url=sekmet.base_url, max_concurrent=8)
    day = Schedule(visits=8, free=1)
    await sekmet.put(*day.resources)

    outcomes = await asyncio.gather(
        *(ehr.reschedule(day.key(n), day.slot_id(8)) for n in range(8)),
        return_exceptions=True,
    )

    won = [n for n, each in enumerate(outcomes) if isinstance(each, Written)]
    assert len(won) == 1
    assert sum(isinstance(each, EHRConflict) for each in outcomes) == 7
    on_slot = await sekmet.search(f"Appointment?slot=Slot/{day.slot_id(8)}")
    assert [each["id"] for each in on_slot] == [day.key(won[0]).appointment_id]
    freed = [await sekmet.read("Slot", day.slot_id(n)) for n in range(9)]
    assert [n for n, each in enumerate(freed) if each["status"] == "free"] == won


async def test_an_appointment_the_clinic_deleted_is_a_conflict(
    sekmet: SEKMET, ehr: EHR
) -> None:
    day = Schedule(visits=1)
    await sekmet.put(*day.resources)
    await sekmet.delete("Appointment", day.key().appointment_id)

    with pytest.raises(EHRConflict, match=r"^GET Appointment: gone$"):
        await ehr.confirm(day.key())


async def test_a_message_is_recorded_once(sekmet: SEKMET, ehr: EHR) -> None:
    sent = Communication(
        identifier=uuid4(),
        appointment=AppointmentKey("north", "visit-1", "ana"),
        channel=Channel.EMAIL,
        template="reminder",
        sent_at=NOW,
    )

    await ehr.record(sent)
    await ehr.record(sent)

    kept = await sekmet.search(f"Communication?identifier={sent.identifier.urn}")
    assert len(kept) == 1
    assert kept[0]["sent"] == "2027-02-20T15:00:00Z"


async def test_the_server_says_what_it_can(ehr: EHR) -> None:
    capabilities = await ehr.capabilities()

    assert capabilities.fhir_version == "4.0.1"
    assert capabilities.software.startswith("SEKMET")
    assert capabilities.incremental
    assert capabilities.transactions
    assert capabilities.conditional_create


async def test_proxies_of_the_environment_are_ignored(
    sekmet: SEKMET, make_ehr: MakeEHR, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)

    assert (await make_ehr(base_url=sekmet.base_url).capabilities()).transactions


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[SEKMET]:
    """A server that wants a token, and writes every reference absolute."""
    client = {
        "client_id": "reminder",
        "client_secret": "hush",
        "scopes": "system/*.cruds",
    }
    settings = {
        "server_auth": {
            "types": ["smart", "bearer"],
            "tokens": ["the-test-itself"],
            "smart_clients": [client],
        },
        "server_behaviour": {"absolute_references": True},
    }
    headers = {"Authorization": "Bearer the-test-itself"}
    async with sekmet_server.running(
        tmp_path, settings=settings, headers=headers
    ) as server:
        yield server


async def test_with_client_credentials_and_absolute_references_all_is_the_same(
    guarded: SEKMET, make_ehr: MakeEHR
) -> None:
    auth = {
        "kind": "client-credentials",
        "client_id": "reminder",
        "client_secret": "hush",
        "token_url": guarded.base_url.removesuffix("/fhir") + "/auth/token",
    }
    ehr = make_ehr(base_url=guarded.base_url, auth=auth)
    day = Schedule(visits=1, free=1)
    await people(guarded)
    await guarded.put(*day.resources)

    (reading,) = (await read(ehr, day.window)).readings.values()
    moved = await ehr.reschedule(day.key(), day.slot_id(1))

    assert only(reading).practitioner == "Dr. Jordan Lee"
    assert only(reading).slot_ids == (day.slot_id(0),)
    assert only(moved).slot_ids == (day.slot_id(1),)
    stranger = make_ehr(base_url=guarded.base_url)
    with pytest.raises(EHRRefused, match=r"^GET Appointment: 401$"):
        await read(stranger, day.window)
