"""Every style of writing, on a small server: what is written, and what is left."""

import asyncio
from datetime import UTC, datetime
from typing import ClassVar
from uuid import UUID, uuid4

import httpx
import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Written
from tests.ehr.conftest import NOW, MakeEHR
from tests.ehr.pretend import BASE_URL, Resource, said
from tests.ehr.small_server import ALL, Killed, SmallServer, booked, slot, statement

KEY = AppointmentKey("north", "visit-1", "ana")
ASK = UUID("6f1d3f0a-0000-4000-8000-000000000001")
EVERYTHING = statement(Appointment=ALL, Slot=ALL)


def clinic(*more: Resource, says: Resource = EVERYTHING) -> SmallServer:
    """Ana at two o'clock, and a free Slot at three."""
    old = slot("old", 14, "busy")
    return SmallServer(old, slot("new", 15), booked("visit-1", old), *more, says=says)


async def move(ehr: EHR, key: AppointmentKey = KEY, ask: UUID = ASK) -> Written:
    return await ehr.reschedule(key, "new", ask=ask, before_slot_ids=("old",))


def starts(server: SmallServer) -> list[str]:
    return [server[f"Appointment/{each}"]["start"] for each in server.live()]


class TestUpdates:
    STYLE: ClassVar = {
        "confirm_by": "update",
        "cancel_by": "update",
        "move_by": "update",
    }

    async def test_a_move_takes_the_new_slot_first_and_frees_the_old_one_last(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()

        written = await move(make_ehr(server, **self.STYLE))

        assert server.writes == [
            "PUT Slot/new",
            "PUT Appointment/visit-1",
            "PUT Slot/old",
        ]
        assert server.statuses("old", "new") == ["free", "busy"]
        assert written.readings[0].bookings[0].slot_ids == ("new",)
        assert written.booked_as is None
        assert written.requested is None

    async def test_moving_back_leaves_no_mark_on_the_slot(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        ehr = make_ehr(server, **self.STYLE)
        await move(ehr)

        await ehr.reschedule(KEY, "old", ask=uuid4(), before_slot_ids=("new",))

        assert server.statuses("old", "new") == ["busy", "free"]
        assert "identifier" not in server["Slot/new"]

    async def test_a_lost_race_for_the_slot_writes_nothing_else(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()

        def faster(request: httpx.Request) -> None:
            server.fault = lambda _: None
            server.keep(slot("new", 15, "busy"))

        server.fault = faster

        with pytest.raises(EHRConflict, match="Slot: taken"):
            await move(make_ehr(server, **self.STYLE))

        assert server.writes == ["PUT Slot/new"]
        assert server.statuses("old", "new") == ["busy", "busy"]
        assert starts(server) == ["2027-03-02T14:00:00Z"]

    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (409, EHRConflict),
            (412, EHRConflict),
            (422, EHRRefused),
            (403, EHRRefused),
        ],
    )
    async def test_what_is_said_to_the_appointment_gives_the_slot_back(
        self, make_ehr: MakeEHR, status: int, error: type[EHRError]
    ) -> None:
        server = clinic()
        server.fault = lambda request: (
            said({}, status) if "Appointment" in str(request.url) else None
        )

        with pytest.raises(error):
            await move(make_ehr(server, **self.STYLE))

        assert server.statuses("old", "new") == ["busy", "free"]
        assert "identifier" not in server["Slot/new"]
        assert starts(server) == ["2027-03-02T14:00:00Z"]

    async def test_a_clinic_that_cancels_meanwhile_gets_the_slot_back(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.after = lambda request: (
            server.keep(server["Appointment/visit-1"] | {"status": "cancelled"})
            and None
            if request.url.path.endswith("Slot/new") and len(server.writes) == 1
            else None
        )

        with pytest.raises(EHRConflict):
            await move(make_ehr(server, **self.STYLE))

        assert server.statuses("new") == ["free"]

    async def test_who_was_there_first_keeps_the_slot_where_versions_are_not_heeded(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.heeds_versions = False

        def both(request: httpx.Request) -> None:
            if len(server.writes) == 1:
                server.keep(booked("other", server["Slot/new"]))

        server.after = both

        with pytest.raises(EHRConflict, match="at the same time"):
            await move(make_ehr(server, **self.STYLE))

        assert starts(server) == ["2027-03-02T15:00:00Z", "2027-03-02T14:00:00Z"]
        assert server.statuses("old", "new") == ["busy", "busy"]

    async def test_who_came_later_does_not_cost_us_the_slot(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.heeds_versions = False

        def later(request: httpx.Request) -> None:
            if request.url.path.endswith("Appointment/visit-1"):
                server.after = lambda _: None
                server.keep(booked("other", server["Slot/new"]))

        server.after = later

        written = await move(make_ehr(server, **self.STYLE))

        assert written.readings[0].bookings[0].slot_ids == ("new",)
        assert server.statuses("old") == ["free"]

    async def test_a_cancellation_frees_the_slot_afterwards(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        ehr = make_ehr(server, **self.STYLE)

        await ehr.cancel(KEY, ask=ASK)
        while_cancelled = server.statuses("old")
        await ehr.rebook(KEY, ["old"], ask=uuid4())

        assert server.writes[:2] == ["PUT Appointment/visit-1", "PUT Slot/old"]
        assert server.writes[2:] == ["PUT Slot/old", "PUT Appointment/visit-1"]
        assert while_cancelled == ["free"]
        assert server.statuses("old") == ["busy"]
        assert server.live() == ["visit-1"]

    async def test_a_slot_in_which_another_sits_is_not_freed_by_a_repeat(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        ehr = make_ehr(server, **self.STYLE)
        await ehr.cancel(KEY, ask=ASK)
        server.keep(slot("old", 14, "busy"))
        server.keep(booked("other", server["Slot/old"]))

        await ehr.cancel(KEY, ask=ASK)

        assert server.statuses("old") == ["busy"]


CRASHES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["before", "after", "lost"])),
    max_size=4,
)


def killing(server: SmallServer, number: int, when: str) -> None:
    """Ends whoever makes the n-th write from now, before it is done or after."""
    at = len(server.writes) + number

    def lost() -> None:
        raise httpx.ReadTimeout("canary") if when == "lost" else Killed

    def before(_: httpx.Request) -> None:
        if len(server.writes) == at and when == "before":
            lost()

    def after(_: httpx.Request) -> None:
        if len(server.writes) == at and when != "before":
            lost()

    server.fault, server.after = before, after


def ehr_of(server: SmallServer, **config: object) -> EHR:
    values = {"base_url": BASE_URL, "requests_per_s": 1000, "burst": 1000}
    return EHR(
        "north",
        EHRConfig.model_validate(values | config),
        clock=lambda: NOW,
        transport=httpx.MockTransport(server),
    )


async def crashing(
    server: SmallServer, crashes: list[tuple[int, str]], style: str, act: str
) -> None:
    """The same wish again and again, until a try comes through."""
    for number, when in crashes:
        killing(server, number, when)
        ehr = ehr_of(server, cancel_by=style, move_by=style)
        try:
            await carried_out(ehr, act)
        except (Killed, EHRUnavailable):
            pass
        finally:
            await ehr.aclose()
    server.fault, server.after = lambda _: None, lambda _: None
    ehr = ehr_of(server, cancel_by=style, move_by=style)
    await carried_out(ehr, act)
    await ehr.aclose()


async def carried_out(ehr: EHR, act: str) -> None:
    if act == "move":
        await move(ehr)
    else:
        await ehr.cancel(KEY, ask=ASK)


class TestCrashes:
    @settings(max_examples=80, deadline=None)
    @given(crashes=CRASHES)
    def test_a_move_by_updates_ends_in_one_slot(
        self, crashes: list[tuple[int, str]]
    ) -> None:
        server = clinic()

        asyncio.run(crashing(server, crashes, "update", "move"))

        assert starts(server) == ["2027-03-02T15:00:00Z"]
        assert server.statuses("old", "new") == ["free", "busy"]

    @settings(max_examples=80, deadline=None)
    @given(crashes=CRASHES)
    def test_a_move_by_rebooking_ends_with_one_live_booking(
        self, crashes: list[tuple[int, str]]
    ) -> None:
        server = clinic()

        asyncio.run(crashing(server, crashes, "rebook", "move"))

        assert starts(server) == ["2027-03-02T15:00:00Z"]
        assert len(server.of("Appointment")) == 2
        assert server["Appointment/visit-1"]["status"] == "cancelled"
        assert server.statuses("old", "new") == ["free", "busy"]

    @settings(max_examples=40, deadline=None)
    @given(crashes=CRASHES)
    def test_a_cancellation_by_updates_frees_its_slot(
        self, crashes: list[tuple[int, str]]
    ) -> None:
        server = clinic()

        asyncio.run(crashing(server, crashes, "update", "cancel"))

        assert server.live() == []
        assert server.statuses("old") == ["free"]

    @pytest.mark.parametrize("style", ["update", "rebook"])
    @pytest.mark.parametrize("number", [1, 2, 3])
    @pytest.mark.parametrize("when", ["before", "after"])
    async def test_what_the_clinic_cancels_after_a_crash_leaves_no_slot_taken(
        self, style: str, number: int, when: str
    ) -> None:
        """The patient's move is over then, wherever it stood."""
        server = clinic()
        killing(server, number, when)
        first = ehr_of(server, move_by=style)
        with pytest.raises(Killed):
            await move(first)
        await first.aclose()
        for each in server.live():
            server.keep(server[f"Appointment/{each}"] | {"status": "cancelled"})
        server.fault, server.after = lambda _: None, lambda _: None
        held = [s for s in ("new",) if server.statuses(s) == ["busy"]]
        on_it = [
            each["id"]
            for each in server.of("Appointment")
            if each["slot"] == [{"reference": "Slot/new"}]
        ]

        again = ehr_of(server, move_by=style)
        with pytest.raises(EHRConflict):
            await move(again)
        await again.aclose()

        assert server.live() == []
        if held and not on_it:
            assert server.statuses("new") == ["free"]


class TestRebooking:
    STYLE: ClassVar = {"move_by": "rebook"}

    async def test_a_new_booking_is_made_and_only_then_the_old_one_cancelled(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()

        written = await move(make_ehr(server, **self.STYLE))

        assert server.writes == [
            "PUT Slot/new",
            "POST Appointment",
            "PUT Appointment/visit-1",
            "PUT Slot/old",
        ]
        assert written.booked_as == "new-1"
        assert [each.appointment_id for each in written.readings] == [
            "visit-1",
            "new-1",
        ]
        made = server["Appointment/new-1"]
        assert made["identifier"] == [{"system": "urn:ietf:rfc:3986", "value": ASK.urn}]
        assert "extension" not in made
        assert made["serviceType"] == server["Appointment/visit-1"]["serviceType"]
        assert [each["status"] for each in made["participant"]] == ["accepted"] * 4
        assert made["status"] == "booked"

    async def test_asked_again_it_is_not_booked_again(self, make_ehr: MakeEHR) -> None:
        server = clinic()
        ehr = make_ehr(server, **self.STYLE)
        await move(ehr)
        writes = len(server.writes)

        again = await move(ehr)

        assert again.booked_as == "new-1"
        assert len(server.writes) == writes

    async def test_an_old_booking_that_cannot_be_cancelled_is_among_the_readings(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.fault = lambda request: (
            said({}, 422) if request.url.path.endswith("visit-1") else None
        )

        written = await move(make_ehr(server, **self.STYLE))

        assert written.booked_as == "new-1"
        assert [each.bookings[0].status for each in written.readings] == [
            "booked",
            "booked",
        ]

    async def test_an_old_booking_not_cancelled_yet_is_tried_again(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.fault = lambda request: (
            said({}, 423) if request.url.path.endswith("visit-1") else None
        )
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)
        server.fault = lambda _: None

        await move(ehr)

        assert server.live() == ["new-1"]
        assert server.statuses("old", "new") == ["free", "busy"]

    async def test_a_server_that_cannot_say_whether_it_booked_is_not_asked_to(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        normal = server._read

        def blind(request: httpx.Request, path: str) -> httpx.Response:
            is_search = path == "Appointment"
            return said({}, 400) if is_search else normal(request, path)

        server._read = blind  # type: ignore[method-assign]

        written = await move(make_ehr(server, **self.STYLE))

        assert written == Written(requested="")
        assert server.writes == []

    @pytest.mark.parametrize("status", [404, 405, 501])
    async def test_where_nothing_is_created_a_human_is_asked(
        self, make_ehr: MakeEHR, status: int
    ) -> None:
        server = clinic()
        server.fault = lambda request: (
            said({}, status) if request.method == "POST" else None
        )

        written = await move(make_ehr(server, **self.STYLE))

        assert written == Written(requested="")
        assert server.statuses("old", "new") == ["busy", "free"]

    async def test_who_lost_the_slot_has_the_old_booking_and_no_other(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.heeds_versions = False

        def both(request: httpx.Request) -> None:
            if len(server.writes) == 1:
                server.keep(booked("other", server["Slot/new"]))

        server.after = both

        with pytest.raises(EHRConflict, match="at the same time"):
            await move(make_ehr(server, **self.STYLE))

        assert server.live() == ["other", "visit-1"]
        assert server.statuses("old", "new") == ["busy", "busy"]


class TestPatches:
    STYLE: ClassVar = {"confirm_by": "patch", "cancel_by": "patch", "move_by": "patch"}
    CERNER = statement(Appointment=("read", "search-type", "create", "patch"))

    def _sent(self, server: SmallServer) -> list[list[Resource]]:
        return [
            orjson.loads(each.content)
            for each in server.asked
            if each.method == "PATCH"
        ]

    async def test_a_cancellation_says_that_it_was_the_patient(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=self.CERNER)

        await make_ehr(server).cancel(KEY, ask=ASK)

        status, reason = self._sent(server)[0]
        assert status == {"op": "replace", "path": "/status", "value": "cancelled"}
        assert (reason["op"], reason["path"]) == ("add", "/cancelationReason")
        assert server.asked[-1].headers.get("if-match") is None
        assert [e.headers["if-match"] for e in server.asked if e.method == "PATCH"] == [
            'W/"1"'
        ]

    async def test_a_move_names_the_slot_and_the_times_follow(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=self.CERNER)
        server.follows_slot = True

        await move(make_ehr(server))

        assert self._sent(server) == [
            [
                {
                    "op": "replace",
                    "path": "/slot",
                    "value": [{"reference": "Slot/new"}],
                }
            ]
        ]
        assert starts(server) == ["2027-03-02T15:00:00Z"]

    async def test_times_that_do_not_follow_are_patched_too(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=self.CERNER)

        written = await move(make_ehr(server))

        assert [each["path"] for each in self._sent(server)[1]] == ["/start", "/end"]
        assert written.readings[0].bookings[0].start_at == datetime(
            2027, 3, 2, 15, tzinfo=UTC
        )

    async def test_times_that_may_not_be_patched_take_the_slot_back(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=self.CERNER)
        server.fault = lambda request: (
            said({}, 422) if b"/start" in request.content else None
        )

        with pytest.raises(EHRRefused, match="422"):
            await move(make_ehr(server))

        assert server["Appointment/visit-1"]["slot"] == [{"reference": "Slot/old"}]

    async def test_half_a_move_is_finished_by_the_next_try(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=self.CERNER)
        ehr = make_ehr(server)
        killing(server, 1, "after")
        with pytest.raises(Killed):
            await move(ehr)
        server.after = lambda _: None

        await move(ehr)

        assert starts(server) == ["2027-03-02T15:00:00Z"]

    async def test_a_cancellation_is_taken_back(self, make_ehr: MakeEHR) -> None:
        server = clinic(says=self.CERNER)
        ehr = make_ehr(server)
        await ehr.cancel(KEY, ask=ASK)
        server.keep(slot("old", 14))

        await ehr.rebook(KEY, ["old"], ask=uuid4())

        assert server.live() == ["visit-1"]
        assert "cancelationReason" not in server["Appointment/visit-1"]


class TestTransactionsInNameOnly:
    @pytest.mark.parametrize("refused", [0, 1, 2])
    async def test_what_was_written_of_one_is_undone(
        self, make_ehr: MakeEHR, refused: int
    ) -> None:
        server = clinic(
            says=statement(system=("transaction",), Appointment=ALL, Slot=ALL)
        )

        def half(request: httpx.Request) -> httpx.Response | None:
            if request.method != "POST":
                return None
            entries = orjson.loads(request.content)["entry"]
            responses = []
            for number, each in enumerate(entries):
                is_refused = number == refused
                responses.append(
                    {"response": {"status": "412" if is_refused else "200 OK"}}
                )
                if not is_refused:
                    server.keep(each["resource"])
            return said({"resourceType": "Bundle", "entry": responses})

        server.fault = half

        with pytest.raises(EHRConflict):
            await move(make_ehr(server))

        assert starts(server) == ["2027-03-02T14:00:00Z"]
        assert server.statuses("old", "new") == ["busy", "free"]
