"""A booking made anew, tried again: what the try before has done is found."""

from datetime import UTC, datetime
from typing import ClassVar

import httpx
import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRUnavailable
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import said
from tests.ehr.small_server import (
    ALL,
    ASK,
    KEY,
    SmallServer,
    booked,
    clinic,
    move,
    slot,
    statement,
)

CREATES = ("read", "search-type", "create", "update")


async def moved_from_two(ehr: EHR) -> Written:
    """The patient saw two o'clock."""
    at_two = datetime(2027, 3, 2, 14, tzinfo=UTC)
    before = ("old",)
    return await ehr.reschedule(
        KEY, "new", ask=ASK, before_slot_ids=before, start_at=at_two
    )


def answer_lost(server: SmallServer) -> None:
    def lost(request: httpx.Request) -> None:
        if request.method == "POST":
            server.after = lambda _: None
            raise httpx.ReadTimeout("canary")

    server.after = lost


class TestTriedAgain:
    STYLE: ClassVar = {"move_by": "rebook", "cancel_by": "update"}

    @pytest.mark.parametrize("slots", [ALL, ("read",)], ids=["ours", "the-ehrs"])
    async def test_where_identifiers_are_not_searched_the_new_booking_is_in_its_slot(
        self, make_ehr: MakeEHR, slots: tuple[str, ...]
    ) -> None:
        server = clinic(says=statement(Appointment=CREATES, Slot=slots))
        server.blind_to = frozenset({"identifier"})
        answer_lost(server)
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)
        server.keep(server["Slot/new"] | {"status": "busy"})

        written = await move(ehr)

        assert written.booked_as == "new-1"
        assert server.live() == ["new-1"]

    async def test_where_a_booking_cannot_be_found_again_a_human_is_asked(
        self, make_ehr: MakeEHR
    ) -> None:
        says = statement(Appointment=CREATES, Slot=ALL)
        says["rest"][0]["resource"][0]["searchParam"] = [{"name": "patient"}]
        server = clinic(says=says)

        written = await move(make_ehr(server, **self.STYLE))

        assert written == Written(requested="")
        assert server.writes == []

    @pytest.mark.parametrize("status", ["arrived", "checked-in", "fulfilled"])
    async def test_an_old_visit_the_patient_came_to_stays(
        self, make_ehr: MakeEHR, status: str
    ) -> None:
        server = clinic()
        answer_lost(server)
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)
        server.keep(server["Appointment/visit-1"] | {"status": status})

        written = await move(ehr)

        assert written.booked_as == "new-1"
        assert written.readings[0].bookings[0].status == status
        assert server["Appointment/visit-1"]["status"] == status

    async def test_of_an_old_visit_that_became_a_group_only_this_patient_declines(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        answer_lost(server)
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)
        visit = server["Appointment/visit-1"]
        bob = {"actor": {"reference": "Patient/bob"}, "status": "accepted"}
        server.keep(visit | {"participant": [*visit["participant"], bob]})

        await move(ehr)

        parts = {
            each["actor"].get("reference"): each["status"]
            for each in server["Appointment/visit-1"]["participant"]
        }
        assert server.live() == ["new-1", "visit-1"]
        assert (parts["Patient/ana"], parts["Patient/bob"]) == ("declined", "accepted")
        assert server.statuses("old") == ["busy"]

    async def test_an_old_visit_without_the_patient_is_at_its_end(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        answer_lost(server)
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)
        bob = {"actor": {"reference": "Patient/bob"}, "status": "accepted"}
        server.keep(server["Appointment/visit-1"] | {"participant": [bob]})

        written = await move(ehr)

        assert [each.appointment_id for each in written.readings] == ["new-1"]

    async def test_an_old_visit_the_clinic_moved_meanwhile_stays(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(slot("other", 16, "busy"))
        answer_lost(server)
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await moved_from_two(ehr)
        server.keep(booked("visit-1", server["Slot/other"]))

        written = await moved_from_two(ehr)

        assert written.booked_as == "new-1"
        assert server.live() == ["new-1", "visit-1"]
        assert server.statuses("other", "new") == ["busy", "busy"]

    @pytest.mark.parametrize("path", ["Appointment/new-1", "Slot/new"])
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(said({}, 403), id="403"),
            pytest.param(httpx.Response(200, text="{"), id="cut-off"),
            pytest.param(httpx.Response(200, text="<html>"), id="a-page"),
        ],
    )
    async def test_what_cannot_be_read_once_it_is_booked_is_read_by_the_next_try(
        self, make_ehr: MakeEHR, path: str, answer: httpx.Response
    ) -> None:
        server = clinic()
        normal = server._read

        def unreadable(request: httpx.Request, asked: str) -> httpx.Response:
            if asked != path or "new-1" not in server.live():
                return normal(request, asked)
            server._read = normal  # type: ignore[method-assign]
            return answer

        server._read = unreadable  # type: ignore[method-assign]
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)

        await move(ehr)

        assert server.live() == ["new-1"]
        assert server.statuses("old", "new") == ["free", "busy"]

    async def test_an_old_visit_that_cannot_be_read_is_not_taken_for_ended(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        normal = server._read

        def unreadable(request: httpx.Request, asked: str) -> httpx.Response:
            if asked != "Appointment/visit-1" or "new-1" not in server.live():
                return normal(request, asked)
            server._read = normal  # type: ignore[method-assign]
            return said({}, 403)

        server._read = unreadable  # type: ignore[method-assign]
        ehr = make_ehr(server, **self.STYLE)
        with pytest.raises(EHRUnavailable):
            await move(ehr)

        await move(ehr)

        assert server.live() == ["new-1"]
