"""Writes to a server of the test's own words: what goes over the wire, to a byte."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import httpx
import orjson
import pytest

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.model.answers import Communication
from reminder.model.appointments import AppointmentKey, ParticipationStatus
from reminder.model.people import Channel
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import (
    CAPABILITIES,
    FIXTURES,
    PretendServer,
    Resource,
    bundle,
    fixture,
    said,
)

KEY = AppointmentKey("north", "visit-1", "ana")
ACCEPTED = {"response": {"status": "200 OK"}}


class Store:
    """Just enough of a server to be written to: versions, If-Match, transactions."""

    def __init__(self, *resources: Resource | bytes) -> None:
        self.bodies: dict[str, bytes] = {}
        self.versions: dict[str, int] = {}
        self.writes: list[httpx.Request] = []
        self.fault: Callable[[httpx.Request], httpx.Response | None] = lambda _: None
        for each in resources:
            body = each if isinstance(each, bytes) else orjson.dumps(each)
            self.keep(body)

    def keep(self, body: bytes) -> None:
        resource = orjson.loads(body)
        path = f"{resource['resourceType']}/{resource['id']}"
        self.bodies[path] = body
        self.versions[path] = self.versions.get(path, 0) + 1

    def etag(self, path: str) -> str:
        return f'W/"{self.versions[path]}"'

    def __getitem__(self, path: str) -> Resource:
        return orjson.loads(self.bodies[path])

    def server(self, statement: Resource = CAPABILITIES) -> PretendServer:
        server = PretendServer().on("GET metadata", said(statement))
        for path in self.bodies:
            server.on(f"GET {path}", lambda _, path=path: self._read(path))
            server.on(f"PUT {path}", self._put).on(f"PATCH {path}", self._patch)
        return server.on("POST", self._transact)

    def _read(self, path: str) -> httpx.Response:
        headers = {"ETag": self.etag(path)}
        return httpx.Response(200, content=self.bodies[path], headers=headers)

    def _put(self, request: httpx.Request) -> httpx.Response:
        self.writes.append(request)
        path = request.url.path.removeprefix("/fhir/")
        if (fault := self.fault(request)) is not None:
            return fault
        if request.headers["if-match"] != self.etag(path):
            return said({}, 412)
        self.keep(request.content)
        return said({})

    def _patch(self, request: httpx.Request) -> httpx.Response:
        self.writes.append(request)
        return said({})

    def _transact(self, request: httpx.Request) -> httpx.Response:
        self.writes.append(request)
        if (fault := self.fault(request)) is not None:
            return fault
        entries = orjson.loads(request.content)["entry"]
        asked = [each["request"] for each in entries]
        if any(each["ifMatch"] != self.etag(each["url"]) for each in asked):
            return said({}, 412)
        for each in entries:
            self.keep(orjson.dumps(each["resource"]))
        return said({"resourceType": "Bundle", "entry": [ACCEPTED for _ in entries]})


def slot(slot_id: str, status: str, hour: int = 15, **changes: object) -> Resource:
    times = {"start": f"2027-03-02T{hour}:00:00Z", "end": f"2027-03-02T{hour}:30:00Z"}
    return fixture("slot-busy", id=slot_id, status=status, **(times | changes))


def raw_booked() -> bytes:
    return (FIXTURES / "appointment-booked.json").read_bytes()


@pytest.fixture
def store() -> Store:
    return Store(raw_booked(), fixture("slot-busy"), slot("slot-2", "free"))


def without(resource: Resource, *names: str) -> Resource:
    return {name: value for name, value in resource.items() if name not in names}


async def test_confirming_changes_one_word_and_not_a_byte_more(
    make_ehr: MakeEHR, store: Store
) -> None:
    (reading,) = (await make_ehr(store.server()).confirm(KEY)).readings

    (written,) = store.writes
    before, after = orjson.loads(raw_booked()), orjson.loads(written.content)
    assert list(after) == list(before)
    assert b'"valueDecimal":1.50' in written.content
    assert after["participant"][1].pop("status") == "accepted"
    assert before["participant"][1].pop("status") == "needs-action"
    assert after == before
    assert written.headers["if-match"] == 'W/"1"'
    assert written.headers["content-type"] == "application/fhir+json"
    assert reading.bookings[0].participation is ParticipationStatus.ACCEPTED


async def test_confirming_again_writes_nothing(make_ehr: MakeEHR, store: Store) -> None:
    ehr = make_ehr(store.server())
    await ehr.confirm(KEY)

    (reading,) = (await ehr.confirm(KEY)).readings

    assert len(store.writes) == 1
    assert reading.bookings[0].participation is ParticipationStatus.ACCEPTED


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled"])
async def test_who_has_come_needs_no_confirmation(
    make_ehr: MakeEHR, status: str
) -> None:
    store = Store(fixture("appointment-booked", status=status))

    await make_ehr(store.server()).confirm(KEY)

    assert store.writes == []


@pytest.mark.parametrize("status", ["cancelled", "noshow", "entered-in-error"])
async def test_what_is_no_longer_booked_cannot_be_confirmed(
    make_ehr: MakeEHR, status: str
) -> None:
    store = Store(fixture("appointment-booked", status=status))

    with pytest.raises(EHRConflict, match=f"Appointment: {status}"):
        await make_ehr(store.server()).confirm(KEY)

    assert store.writes == []


async def test_where_there_is_only_patch_it_is_patched(make_ehr: MakeEHR) -> None:
    statement = orjson.loads(orjson.dumps(CAPABILITIES))
    statement["rest"][0]["resource"][0]["interaction"] = [{"code": "patch"}]
    store = Store(raw_booked())

    def patched(request: httpx.Request) -> httpx.Response:
        store.writes.append(request)
        store.keep(orjson.dumps(accepted()))
        return said({})

    server = store.server(statement).on("PATCH Appointment/visit-1", patched)

    await make_ehr(server).confirm(KEY)

    (written,) = store.writes
    assert written.headers["content-type"] == "application/json-patch+json"
    assert written.headers["if-match"] == 'W/"1"'
    assert orjson.loads(written.content) == [
        {"op": "replace", "path": "/participant/1/status", "value": "accepted"}
    ]


def accepted() -> Resource:
    appointment = fixture("appointment-booked")
    appointment["participant"][1]["status"] = "accepted"
    return appointment


async def test_what_is_accepted_is_written_once_even_where_that_is_no_answer(
    make_ehr: MakeEHR, store: Store
) -> None:
    ehr = make_ehr(store.server(), accepted_is_confirmed=False)
    await ehr.confirm(KEY)

    (reading,) = (await ehr.confirm(KEY)).readings

    assert len(store.writes) == 1
    assert store["Appointment/visit-1"]["participant"][1]["status"] == "accepted"
    assert reading.bookings[0].participation is ParticipationStatus.NEEDS_ACTION


async def test_a_change_that_left_the_visit_alone_is_read_and_tried_again(
    make_ehr: MakeEHR, store: Store
) -> None:
    def edited_once(_: httpx.Request) -> None:
        if store.versions["Appointment/visit-1"] == 1:
            store.keep(orjson.dumps(fixture("appointment-booked", comment="new")))

    store.fault = edited_once

    await make_ehr(store.server()).confirm(KEY)

    assert store["Appointment/visit-1"]["comment"] == "new"
    assert store["Appointment/visit-1"]["participant"][1]["status"] == "accepted"
    assert len(store.writes) == 2


async def test_a_visit_moved_meanwhile_must_be_looked_at_again(
    make_ehr: MakeEHR, store: Store
) -> None:
    def moved(_: httpx.Request) -> None:
        other = fixture("appointment-booked", start="2027-03-05T14:00:00Z")
        store.keep(orjson.dumps(other))

    store.fault = moved

    with pytest.raises(EHRConflict, match="changed meanwhile"):
        await make_ehr(store.server()).confirm(KEY)

    assert len(store.writes) == 1


async def test_whom_the_clinic_took_out_cannot_answer(
    make_ehr: MakeEHR, store: Store
) -> None:
    with pytest.raises(EHRConflict, match="does not take part"):
        await make_ehr(store.server()).confirm(KEY._replace(patient_id="ben"))


async def test_what_is_gone_is_a_conflict(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("GET Appointment/visit-1", said({}, 410))

    with pytest.raises(EHRConflict, match=r"^GET Appointment: gone$"):
        await make_ehr(server).cancel(KEY)


async def test_cancelling_frees_the_slot_in_the_same_transaction(
    make_ehr: MakeEHR, store: Store
) -> None:
    (reading,) = (await make_ehr(store.server()).cancel(KEY)).readings

    (written,) = store.writes
    sent = orjson.loads(written.content)
    assert sent["type"] == "transaction"
    assert [each["request"] for each in sent["entry"]] == [
        {"method": "PUT", "url": "Slot/slot-1", "ifMatch": 'W/"1"'},
        {"method": "PUT", "url": "Appointment/visit-1", "ifMatch": 'W/"1"'},
    ]
    freed, cancelled = (each["resource"] for each in sent["entry"])
    assert freed == fixture("slot-busy", status="free")
    reason = cancelled.pop("cancelationReason")["coding"][0]
    assert reason["code"] == "pat"
    assert cancelled == fixture("appointment-booked", status="cancelled")
    assert b'"valueDecimal":1.50' in written.content
    assert reading.bookings[0].status == "cancelled"


async def test_cancelling_again_writes_nothing(make_ehr: MakeEHR, store: Store) -> None:
    ehr = make_ehr(store.server())
    await ehr.cancel(KEY)

    await ehr.cancel(KEY)

    assert len(store.writes) == 1


@pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled", "noshow"])
async def test_what_has_begun_cannot_be_cancelled(
    make_ehr: MakeEHR, status: str
) -> None:
    store = Store(fixture("appointment-booked", status=status))

    with pytest.raises(EHRConflict):
        await make_ehr(store.server()).cancel(KEY)

    assert store.writes == []


@pytest.mark.parametrize(
    "old",
    [
        pytest.param({"status": "free"}, id="free-already"),
        pytest.param({"overbooked": True}, id="overbooked"),
    ],
)
async def test_a_slot_that_is_not_ours_to_free_stays(
    make_ehr: MakeEHR, old: Resource
) -> None:
    store = Store(raw_booked(), fixture("slot-busy", **old))

    await make_ehr(store.server()).cancel(KEY)

    (written,) = store.writes
    assert written.method == "PUT"
    assert store["Appointment/visit-1"]["status"] == "cancelled"
    assert store.versions["Slot/slot-1"] == 1


async def test_in_a_group_one_patient_declines_and_the_others_come(
    make_ehr: MakeEHR,
) -> None:
    group = fixture("appointment-booked-two-patients", id="visit-1")
    store = Store(group, fixture("slot-busy"))

    (reading,) = (await make_ehr(store.server()).cancel(KEY)).readings

    after = store["Appointment/visit-1"]
    assert after["status"] == "booked"
    assert [each["status"] for each in after["participant"][1:3]] == ["declined"] * 2
    assert store.versions["Slot/slot-1"] == 1
    assert {each.key.patient_id for each in reading.bookings} == {
        "ana",
        "ben",
    }


async def test_taking_the_cancellation_back_books_the_slot_again(
    make_ehr: MakeEHR, store: Store
) -> None:
    ehr = make_ehr(store.server())
    await ehr.cancel(KEY)

    (reading,) = (await ehr.rebook(KEY, ["slot-1"])).readings

    assert store["Appointment/visit-1"] == fixture("appointment-booked")
    assert store["Slot/slot-1"] == fixture("slot-busy")
    assert reading.bookings[0].status == "booked"


async def test_rebooking_again_writes_nothing(make_ehr: MakeEHR, store: Store) -> None:
    ehr = make_ehr(store.server())
    await ehr.cancel(KEY)
    await ehr.rebook(KEY, ["slot-1"])

    await ehr.rebook(KEY, ["slot-1"])

    assert len(store.writes) == 2


async def test_a_slot_taken_meanwhile_cannot_be_booked_again(
    make_ehr: MakeEHR, store: Store
) -> None:
    ehr = make_ehr(store.server())
    await ehr.cancel(KEY)
    store.keep(orjson.dumps(fixture("slot-busy")))

    with pytest.raises(EHRConflict, match="Slot: taken"):
        await ehr.rebook(KEY, ["slot-1"])


async def test_what_the_clinic_cancelled_stays_cancelled(make_ehr: MakeEHR) -> None:
    reason = {"coding": [{"code": "prov"}]}
    appointment = fixture(
        "appointment-booked", status="cancelled", cancelationReason=reason
    )
    store = Store(appointment, fixture("slot-busy", status="free"))

    with pytest.raises(EHRConflict, match="cancelled by the clinic"):
        await make_ehr(store.server()).rebook(KEY, ["slot-1"])


async def test_in_a_group_taking_part_again_is_one_word(make_ehr: MakeEHR) -> None:
    group = fixture("appointment-booked-two-patients", id="visit-1")
    store = Store(group)

    await make_ehr(store.server()).rebook(KEY._replace(patient_id="ben"), [])

    after = store["Appointment/visit-1"]
    assert [each["status"] for each in after["participant"][1:3]] == ["accepted"] * 2


async def test_moving_takes_the_new_slot_and_frees_the_old_in_one_transaction(
    make_ehr: MakeEHR, store: Store
) -> None:
    (reading,) = (await make_ehr(store.server()).reschedule(KEY, "slot-2")).readings

    (written,) = store.writes
    entries = orjson.loads(written.content)["entry"]
    assert [(e["request"]["url"], e["request"]["ifMatch"]) for e in entries] == [
        ("Slot/slot-2", 'W/"1"'),
        ("Slot/slot-1", 'W/"1"'),
        ("Appointment/visit-1", 'W/"1"'),
    ]
    assert store["Slot/slot-2"] == slot("slot-2", "busy")
    assert store["Slot/slot-1"] == fixture("slot-busy", status="free")
    own = "start", "end", "slot"
    after = store["Appointment/visit-1"]
    assert without(after, *own) == without(fixture("appointment-booked"), *own)
    assert after["start"] == "2027-03-02T15:00:00Z"
    assert after["end"] == "2027-03-02T15:30:00Z"
    assert after["slot"] == [{"reference": "Slot/slot-2"}]
    assert reading.bookings[0].start_at == datetime(2027, 3, 2, 15, tzinfo=UTC)
    assert reading.bookings[0].slot_ids == ("slot-2",)


async def test_moving_there_again_writes_nothing(
    make_ehr: MakeEHR, store: Store
) -> None:
    ehr = make_ehr(store.server())
    await ehr.reschedule(KEY, "slot-2")

    await ehr.reschedule(KEY, "slot-2")

    assert len(store.writes) == 1


async def test_moving_back_undoes_it(make_ehr: MakeEHR, store: Store) -> None:
    ehr = make_ehr(store.server())
    await ehr.reschedule(KEY, "slot-2")

    await ehr.reschedule(KEY, "slot-1")

    assert store["Appointment/visit-1"] == fixture("appointment-booked")
    assert store["Slot/slot-1"] == fixture("slot-busy")
    assert store["Slot/slot-2"] == slot("slot-2", "free")


async def test_a_longer_slot_does_not_make_a_longer_visit(make_ehr: MakeEHR) -> None:
    long = slot("slot-2", "free", end="2027-03-02T16:00:00Z")
    store = Store(raw_booked(), fixture("slot-busy"), long)

    await make_ehr(store.server()).reschedule(KEY, "slot-2")

    after = store["Appointment/visit-1"]
    assert (after["end"], after["minutesDuration"]) == ("2027-03-02T15:30:00Z", 30)


@pytest.mark.parametrize(
    ("new", "error", "message"),
    [
        pytest.param({"status": "busy"}, EHRConflict, "Slot: taken", id="taken"),
        pytest.param(
            {"status": "busy-unavailable"}, EHRConflict, "Slot: taken", id="blocked"
        ),
        pytest.param(
            {"schedule": {"reference": "Schedule/other"}},
            EHRRefused,
            "Slot: of another schedule",
            id="another-schedule",
        ),
        pytest.param(
            {"start": "2027-02-20T14:59:00Z", "end": "2027-02-20T15:29:00Z"},
            EHRConflict,
            "Slot: past",
            id="past",
        ),
        pytest.param(
            {"start": "2027-03-02"},
            EHRRefused,
            "Slot: of another schedule",
            id="malformed",
        ),
    ],
)
async def test_to_some_slots_nobody_is_moved(
    make_ehr: MakeEHR, new: Resource, error: type[EHRError], message: str
) -> None:
    store = Store(raw_booked(), fixture("slot-busy"), slot("slot-2", "free") | new)

    with pytest.raises(error) as raised:
        await make_ehr(store.server()).reschedule(KEY, "slot-2")

    assert str(raised.value) == message
    assert store.writes == []


async def test_a_slot_that_does_not_exist_is_taken(
    make_ehr: MakeEHR, store: Store
) -> None:
    with pytest.raises(EHRConflict, match="Slot: taken"):
        await make_ehr(store.server()).reschedule(KEY, "slot-9")


async def test_a_group_is_not_moved_by_one(make_ehr: MakeEHR) -> None:
    group = fixture("appointment-booked-two-patients", id="visit-1")
    store = Store(group, fixture("slot-busy"), slot("slot-2", "free"))

    with pytest.raises(EHRRefused, match="shared"):
        await make_ehr(store.server()).reschedule(KEY, "slot-2")

    assert store.writes == []


@pytest.mark.parametrize(
    ("fault", "error", "message"),
    [
        pytest.param(said({}, 409), EHRConflict, "changed again and again", id="409"),
        pytest.param(said({}, 422), EHRRefused, "transaction: 422", id="422"),
        pytest.param(said({}, 500), EHRUnavailable, "transaction: 500", id="500"),
        pytest.param(said({}, 401), EHRRefused, "transaction: 401", id="401"),
        pytest.param(
            said({"entry": [ACCEPTED, {"response": {"status": "412 No"}}]}),
            EHRConflict,
            "changed again and again",
            id="only-in-name-a-transaction",
        ),
        pytest.param(
            said({"entry": [{"response": {"status": "400"}}]}),
            EHRRefused,
            "transaction: 400",
            id="an-entry-refused",
        ),
        pytest.param(
            said(
                {"resourceType": "OperationOutcome", "issue": [{"code": "conflict"}]},
                400,
            ),
            EHRConflict,
            "changed again and again",
            id="conflict-by-another-name",
        ),
    ],
)
async def test_what_a_server_says_to_a_move(
    make_ehr: MakeEHR,
    store: Store,
    fault: httpx.Response,
    error: type[EHRError],
    message: str,
) -> None:
    store.fault = lambda _: fault

    with pytest.raises(error, match=message):
        await make_ehr(store.server()).reschedule(KEY, "slot-2")


async def test_a_lost_answer_to_a_move_says_that_it_may_be_done(
    make_ehr: MakeEHR, store: Store
) -> None:
    ehr = make_ehr(store.server())

    def lost(request: httpx.Request) -> httpx.Response:
        store.fault = lambda _: None
        store._transact(request)
        raise httpx.ReadTimeout("canary")

    store.fault = lost
    with pytest.raises(EHRUnavailable) as error:
        await ehr.reschedule(KEY, "slot-2")
    assert error.value.sent

    (reading,) = (await ehr.reschedule(KEY, "slot-2")).readings

    assert reading.bookings[0].slot_ids == ("slot-2",)
    assert store.versions["Appointment/visit-1"] == 2


async def test_a_move_is_done_although_it_cannot_be_read_again(
    make_ehr: MakeEHR, store: Store
) -> None:
    server = store.server()
    server.on(
        "GET Appointment/visit-1", store._read("Appointment/visit-1"), said({}, 503)
    )

    (reading,) = (await make_ehr(server).reschedule(KEY, "slot-2")).readings

    assert reading.bookings[0].start_at == datetime(2027, 3, 2, 15, tzinfo=UTC)


async def test_a_server_that_only_says_it_moved_is_found_out(
    make_ehr: MakeEHR, store: Store
) -> None:
    store.fault = lambda _: said({"resourceType": "Bundle"})

    with pytest.raises(EHRConflict, match="changed at once"):
        await make_ehr(store.server()).reschedule(KEY, "slot-2")


async def test_without_transactions_and_slots_the_appointment_is_patched(
    make_ehr: MakeEHR, store: Store
) -> None:
    rest = without(CAPABILITIES["rest"][0], "interaction")
    server = store.server(CAPABILITIES | {"rest": [rest]})
    cancelled = fixture("appointment-booked", status="cancelled")

    def patched(request: httpx.Request) -> httpx.Response:
        store.writes.append(request)
        store.keep(orjson.dumps(cancelled))
        return said({})

    server.on("PATCH Appointment/visit-1", patched)

    await make_ehr(server).cancel(KEY)

    assert [each.method for each in store.writes] == ["PATCH"]


async def test_without_a_version_nothing_is_written_and_a_human_is_asked(
    make_ehr: MakeEHR,
) -> None:
    nameless = said(without(fixture("appointment-booked"), "meta"))
    server = PretendServer().on("GET Appointment/visit-1", nameless)

    written = await make_ehr(server).confirm(KEY)

    assert written == Written(requested="")
    assert server.times("PUT Appointment/visit-1") == 0


async def test_without_an_etag_the_version_id_is_matched(make_ehr: MakeEHR) -> None:
    server = PretendServer()
    before, after = said(fixture("appointment-booked")), said(accepted())
    server.on("GET Appointment/visit-1", before, after)
    server.on("PUT Appointment/visit-1", said({}))

    await make_ehr(server).confirm(KEY)

    assert server.last("PUT Appointment/visit-1").headers["if-match"] == 'W/"1"'


SENT = Communication(
    identifier=UUID("6f1d3f0a-0000-4000-8000-000000000001"),
    appointment=KEY,
    channel=Channel.SMS,
    template="reminder",
    sent_at=datetime(2027, 2, 20, 15, tzinfo=UTC),
)


async def test_a_communication_says_that_and_not_what(make_ehr: MakeEHR) -> None:
    server = PretendServer().on("POST Communication", said({}, 201))

    await make_ehr(server).record(SENT)

    written = server.last("POST Communication")
    body = orjson.loads(written.content)
    assert body["status"] == "completed"
    assert body["about"] == [{"reference": "Appointment/visit-1"}]
    assert body["medium"][0]["coding"][0]["code"] == "SMSWRIT"
    assert "payload" not in body
    assert written.headers["if-none-exist"] == (
        "identifier=urn%3Aietf%3Arfc%3A3986%7C"
        "urn%3Auuid%3A6f1d3f0a-0000-4000-8000-000000000001"
    )


@pytest.mark.parametrize("status", [200, 201, 412])
async def test_a_communication_that_is_there_is_there(
    make_ehr: MakeEHR, status: int
) -> None:
    server = PretendServer().on("POST Communication", said({}, status))

    await make_ehr(server).record(SENT)


async def test_where_the_server_cannot_look_for_a_double_we_do(
    make_ehr: MakeEHR,
) -> None:
    statement = orjson.loads(orjson.dumps(CAPABILITIES))
    statement["rest"][0]["resource"][3]["conditionalCreate"] = False
    there = bundle({"resourceType": "Communication", "id": "c1"})
    server = PretendServer().on("GET metadata", said(statement))
    server.on("GET Communication", said(there))

    await make_ehr(server).record(SENT)

    assert server.times("POST Communication") == 0


async def test_a_server_without_communications_is_not_asked(make_ehr: MakeEHR) -> None:
    statement = orjson.loads(orjson.dumps(CAPABILITIES))
    statement["rest"][0]["resource"].pop(3)
    server = PretendServer().on("GET metadata", said(statement))

    with pytest.raises(EHRRefused, match="not offered"):
        await make_ehr(server).record(SENT)


async def test_eight_at_once_for_one_slot_make_one_visit(make_ehr: MakeEHR) -> None:
    visits = [fixture("appointment-booked", id=f"v{n}") for n in range(8)]
    for n, each in enumerate(visits):
        each["slot"] = [{"reference": f"Slot/own-{n}"}]
    own = [fixture("slot-busy", id=f"own-{n}") for n in range(8)]
    store = Store(*visits, *own, slot("slot-2", "free"))
    ehr = make_ehr(store.server())

    done = await asyncio.gather(
        *(
            ehr.reschedule(KEY._replace(appointment_id=f"v{n}"), "slot-2")
            for n in range(8)
        ),
        return_exceptions=True,
    )

    assert sum(isinstance(each, EHRConflict) for each in done) == 7
    assert store.versions["Slot/slot-2"] == 2
