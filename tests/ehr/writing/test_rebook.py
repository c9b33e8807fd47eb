"""A new booking first, the end of the old one last."""

from typing import ClassVar

import httpx
import pytest

from reminder.ehr.errors import EHRConflict, EHRUnavailable
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import said
from tests.ehr.small_server import (
    ASK,
    booked,
    clinic,
    move,
)


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
