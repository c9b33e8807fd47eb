"""What a patient decided about, and what a server makes of it, in every style."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime

import httpx
import pytest

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRConflict, EHRUnavailable
from reminder.model.readings import Written
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import Resource, said
from tests.ehr.small_server import (
    ALL,
    ASK,
    KEY,
    SmallServer,
    clinic,
    slot,
    statement,
)

AT_TWO = datetime(2027, 3, 2, 14, tzinfo=UTC)
SAYS = statement(system=("transaction",), Appointment=ALL, Slot=ALL)
STYLES = ["update", "transaction", "patch"]

Act = Callable[[EHR], Awaitable[Written]]


def by(style: str) -> dict[str, str]:
    return {"confirm_by": style, "cancel_by": style, "move_by": style}


def confirm(ehr: EHR) -> Awaitable[Written]:
    return ehr.confirm(KEY, ask=ASK, start_at=AT_TWO)


def cancel(ehr: EHR) -> Awaitable[Written]:
    return ehr.cancel(KEY, ask=ASK, start_at=AT_TWO)


def move(ehr: EHR) -> Awaitable[Written]:
    return ehr.reschedule(
        KEY, "new", ask=ASK, before_slot_ids=("old",), start_at=AT_TWO
    )


class TestAVisitAtAnotherTimeThanThePatientSaw:
    @pytest.mark.parametrize("style", [*STYLES, "request", "response", "task"])
    @pytest.mark.parametrize("act", [confirm, cancel, move])
    async def test_is_left_alone(self, make_ehr: MakeEHR, style: str, act: Act) -> None:
        server = moved_by_the_clinic()

        with pytest.raises(EHRConflict, match="another time now"):
            await act(make_ehr(server, **by(style)))

        assert server.writes == []

    async def test_is_not_booked_anew(self, make_ehr: MakeEHR) -> None:
        server = moved_by_the_clinic()

        with pytest.raises(EHRConflict, match="another time now"):
            await move(make_ehr(server, move_by="rebook"))

        assert server.writes == []

    @pytest.mark.parametrize("style", STYLES)
    async def test_and_in_the_slot_they_asked_for_is_what_they_wanted(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic(says=SAYS)
        server.follows_slot = True
        ehr = make_ehr(server, **by(style))
        await move(ehr)
        writes = len(server.writes)

        (reading,) = (await move(ehr)).readings

        assert reading.bookings[0].slot_ids == ("new",)
        assert len(server.writes) == writes


def moved_by_the_clinic() -> SmallServer:
    """Ana, whom the clinic has moved from two o'clock to four."""
    four = slot("four", 16, "busy")
    server = clinic(four, says=SAYS)
    times = {"start": four["start"], "end": four["end"]}
    at = {"slot": [{"reference": "Slot/four"}]}
    server.keep(server["Appointment/visit-1"] | times | at)
    server.keep(slot("old", 14))
    return server


class TestAnotherWhoCannotBeFound:
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize(
        "actor",
        [
            pytest.param(
                {"reference": "https://other.example.org/fhir/Patient/ben"},
                id="on-another-server",
            ),
            pytest.param(
                {"type": "Patient", "identifier": {"system": "urn:x", "value": "7"}},
                id="by-an-identifier",
            ),
            pytest.param({"reference": "#ben"}, id="contained"),
        ],
    )
    async def test_keeps_the_visit(
        self, make_ehr: MakeEHR, style: str, actor: Resource
    ) -> None:
        server = clinic(says=SAYS)
        visit = server["Appointment/visit-1"]
        visit["participant"].append({"actor": actor, "status": "accepted"})
        visit["contained"] = [{"resourceType": "Patient", "id": "ben"}]

        await make_ehr(server, **by(style)).cancel(KEY, ask=ASK)

        after = server["Appointment/visit-1"]
        assert after["status"] == "booked"
        assert after["participant"][1]["status"] == "declined"
        assert after["participant"][-1]["status"] == "accepted"
        assert server.statuses("old") == ["busy"]


class TestAServerThatAnswersAWriteWithMore:
    @pytest.mark.parametrize("style", STYLES)
    async def test_declines_for_everybody_when_cancelled(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic(says=SAYS)
        rewriting(server, "cancelled", all_become("declined"))

        (reading,) = (await cancel(make_ehr(server, **by(style)))).readings

        assert reading.bookings[0].status == "cancelled"

    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize("gone", [("participant",), ("start", "end")])
    async def test_takes_the_patient_or_the_time_out_when_cancelled(
        self, make_ehr: MakeEHR, style: str, gone: tuple[str, ...]
    ) -> None:
        server = clinic(says=SAYS)

        def stripped(visit: Resource) -> Resource:
            return {name: each for name, each in visit.items() if name not in gone}

        rewriting(server, "cancelled", stripped)

        (reading,) = (await cancel(make_ehr(server, **by(style)))).readings

        assert reading.bookings[0].status == "cancelled"

    @pytest.mark.parametrize("style", STYLES)
    async def test_asks_everybody_anew_when_moved(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic(says=SAYS)
        server.follows_slot = True
        visit = server["Appointment/visit-1"]
        server.keep(all_become("accepted")(visit))
        rewriting(server, "Slot/new", all_become("needs-action"))

        (reading,) = (await move(make_ehr(server, **by(style)))).readings

        assert reading.bookings[0].slot_ids == ("new",)

    @pytest.mark.parametrize("style", STYLES)
    async def test_books_what_was_pending_when_all_have_accepted(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        server = clinic(says=SAYS)
        server.keep(server["Appointment/visit-1"] | {"status": "pending"})
        rewriting(server, "pending", lambda visit: visit | {"status": "booked"})

        (reading,) = (await confirm(make_ehr(server, **by(style)))).readings

        assert reading.bookings[0].status == "booked"


def all_become(status: str) -> Callable[[Resource], Resource]:
    return lambda visit: (
        visit
        | {"participant": [each | {"status": status} for each in visit["participant"]]}
    )


def rewriting(
    server: SmallServer, where: str, change: Callable[[Resource], Resource]
) -> None:
    """The server changes every Appointment that says so when it is written."""
    keep = server.keep

    def rewritten(resource: Resource) -> Resource:
        is_visit = resource["resourceType"] == "Appointment"
        return keep(
            change(resource) if is_visit and where in str(resource) else resource
        )

    server.keep = rewritten  # type: ignore[method-assign]


class TestWhatCannotBeReadAgain:
    @pytest.mark.parametrize("style", STYLES)
    @pytest.mark.parametrize(
        "answer",
        [
            pytest.param(httpx.Response(200, content=b'{"resourceType"'), id="cut-off"),
            pytest.param(httpx.Response(200, html="<p>Wait"), id="a-page"),
            pytest.param(said({}, 403), id="403"),
            pytest.param(said({}, 424), id="424"),
            pytest.param(said({}, 428), id="428"),
        ],
    )
    async def test_was_written_all_the_same(
        self, make_ehr: MakeEHR, style: str, answer: httpx.Response
    ) -> None:
        server = clinic(says=SAYS)
        read = server._read

        def unreadable(request: httpx.Request, path: str) -> httpx.Response:
            hidden = path == "Appointment/visit-1" and server.writes
            return answer if hidden else read(request, path)

        server._read = unreadable  # type: ignore[method-assign]

        (reading,) = (await cancel(make_ehr(server, **by(style)))).readings

        assert reading.bookings[0].status == "cancelled"

    async def test_is_asked_for_again_while_nothing_is_written(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic(says=SAYS)
        cut_off = httpx.Response(200, content=b'{"resourceType"')
        read = server._read
        server._read = lambda request, path: (  # type: ignore[method-assign]
            cut_off if path == "Slot/old" else read(request, path)
        )

        with pytest.raises(EHRUnavailable):
            await cancel(make_ehr(server, **by("update")))

        assert server.live() == ["visit-1"]
