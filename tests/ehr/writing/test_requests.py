"""What only the EHR or a human can make so is requested, once."""

from uuid import uuid4

import httpx
import orjson
import pytest

from reminder.ehr.errors import EHRConflict, EHRUnavailable
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import said
from tests.ehr.small_server import (
    ASK,
    KEY,
    clinic,
    killing,
    move,
    said_to,
)


class TestWhatTheEHRKeepsFromPatients:
    URL = "https://fhir-ehr.cerner.com/r4/StructureDefinition/"

    @pytest.mark.parametrize("style", ["update", "patch", "transaction"])
    @pytest.mark.parametrize("name", ["is-cancelable", "is-reschedulable"])
    async def test_becomes_a_request(
        self, make_ehr: MakeEHR, style: str, name: str
    ) -> None:
        server = clinic()
        mark = {"url": self.URL + name, "valueBoolean": False}
        server.held["Appointment/visit-1"]["extension"] = [mark]
        ehr = make_ehr(server, cancel_by=style, move_by=style)

        if name == "is-cancelable":
            written = await ehr.cancel(KEY, ask=ASK)
        else:
            written = await move(ehr)

        assert written == Written(requested="")
        assert server.writes == []

    async def test_only_where_it_says_so(self, make_ehr: MakeEHR) -> None:
        server = clinic()
        mark = {"url": self.URL + "is-reschedulable", "valueBoolean": False}
        server.held["Appointment/visit-1"]["extension"] = [mark]

        await make_ehr(server, cancel_by="update").cancel(KEY, ask=ASK)

        assert server.live() == []


class TestRequests:
    async def test_a_response_says_what_the_patient_answers(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        ehr = make_ehr(server, move_by="response", cancel_by="response")

        declined = await ehr.cancel(KEY, ask=uuid4())
        wished = await move(ehr)

        first, second = server.of("AppointmentResponse")
        assert declined.requested == f"AppointmentResponse/{first['id']}"
        assert wished.requested == f"AppointmentResponse/{second['id']}"
        assert first["participantStatus"] == "declined"
        assert "start" not in first
        assert second["participantStatus"] == "tentative"
        assert second["start"] == "2027-03-02T15:00:00Z"
        assert second["actor"] == {"reference": "Patient/ana"}

    async def test_an_ehr_that_acts_on_it_at_once_is_not_waited_for(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()

        def acts(_: httpx.Request) -> None:
            kept = server["Appointment/visit-1"] | {"status": "cancelled"}
            server.keep(kept)

        server.after = acts

        written = await make_ehr(server, cancel_by="response").cancel(KEY, ask=ASK)

        assert written.requested is None
        assert written.readings[0].bookings[0].status == "cancelled"

    async def test_a_task_holds_what_to_do_and_nobodys_name(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()

        await move(make_ehr(server, move_by="task"))

        [task] = server.of("Task")
        words = "Patient asks to move the appointment"
        assert task["description"] == f"{words} to 2027-03-02T15:00:00Z"
        assert (task["status"], task["intent"]) == ("requested", "order")
        assert task["focus"] == {"reference": "Appointment/visit-1"}
        assert task["restriction"]["period"] == {"end": "2027-03-02T14:00:00Z"}
        assert b"Ruiz" not in orjson.dumps(task)

    @pytest.mark.parametrize("style", ["task", "response"])
    async def test_a_lost_answer_does_not_make_a_second_request(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic()
        killing(server, 1, "lost")
        ehr = make_ehr(server, cancel_by=style)
        with pytest.raises(EHRUnavailable):
            await ehr.cancel(KEY, ask=ASK)
        server.after = lambda _: None

        await ehr.cancel(KEY, ask=ASK)

        assert len(server.writes) == 1

    @pytest.mark.parametrize("style", ["task", "response"])
    async def test_where_none_is_taken_our_worklist_has_it(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic()
        said_to(server, "POST", said({}, 405))

        written = await make_ehr(server, cancel_by=style).cancel(KEY, ask=ASK)

        assert written == Written(requested="")

    async def test_our_own_worklist_needs_no_ehr(self, make_ehr: MakeEHR) -> None:
        def silent(_: httpx.Request) -> httpx.Response:
            raise httpx.ConnectError("canary")

        style = dict.fromkeys(("confirm_by", "cancel_by", "move_by"), "request")

        written = await make_ehr(silent, **style).cancel(KEY, ask=ASK)

        assert written == Written(requested="")

    async def test_what_is_past_is_asked_of_nobody(self, make_ehr: MakeEHR) -> None:
        server = clinic()
        server.keep(server["Appointment/visit-1"] | {"status": "fulfilled"})

        with pytest.raises(EHRConflict):
            await make_ehr(server, cancel_by="request").cancel(KEY, ask=ASK)
