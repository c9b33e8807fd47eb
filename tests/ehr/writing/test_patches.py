"""JSON Patch for EHRs that see to their Slots themselves."""

from datetime import UTC, datetime
from typing import ClassVar
from uuid import uuid4

import orjson
import pytest

from reminder.ehr.errors import EHRRefused
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import Resource, said
from tests.ehr.small_server import (
    ASK,
    KEY,
    Killed,
    SmallServer,
    clinic,
    killing,
    move,
    slot,
    starts,
    statement,
)


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
