"""One PUT after the other: the order, lost races, and what is given back."""

import asyncio
from typing import ClassVar
from uuid import uuid4

import httpx
import pytest

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused
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
    starts,
    statement,
)


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
            (401, EHRRefused),
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

    @pytest.mark.parametrize(
        "blind_to",
        [
            pytest.param(frozenset(), id="all-seeing"),
            pytest.param({"slot"}, id="no-search-by-slot"),
            pytest.param({"slot", "date"}, id="no-search-at-all"),
        ],
    )
    async def test_a_slot_in_which_another_sits_is_not_freed_by_a_repeat(
        self, make_ehr: MakeEHR, blind_to: frozenset[str]
    ) -> None:
        server = clinic()
        server.blind_to = frozenset(blind_to)
        ehr = make_ehr(server, **self.STYLE)
        await ehr.cancel(KEY, ask=ASK)
        server.keep(slot("old", 14, "busy"))
        server.keep(booked("other", server["Slot/old"]))

        await ehr.cancel(KEY, ask=ASK)

        assert server.statuses("old") == ["busy"]

    async def test_a_slot_another_patient_has_taken_since_is_not_given_back(
        self, make_ehr: MakeEHR
    ) -> None:
        server = clinic()
        server.heeds_versions = False
        of_another = [{"system": "urn:reminder:ask", "value": uuid4().urn}]

        def overwritten(request: httpx.Request) -> None:
            if len(server.writes) == 1:
                server.keep(slot("new", 15, "busy", identifier=of_another))

        server.after = overwritten
        server.fault = lambda request: (
            said({}, 422) if "Appointment" in str(request.url) else None
        )

        with pytest.raises(EHRRefused):
            await move(make_ehr(server, **self.STYLE))

        assert server.statuses("new") == ["busy"]
        assert server["Slot/new"]["identifier"] == of_another

    @pytest.mark.parametrize("style", ["update", "rebook"])
    async def test_four_at_once_for_one_slot_where_versions_are_not_heeded(
        self, make_ehr: MakeEHR, style: str
    ) -> None:
        own = [slot(f"own-{n}", 8 + n, "busy") for n in range(4)]
        visits = [booked(f"v{n}", each) for n, each in enumerate(own)]
        says = statement(Appointment=ALL, Slot=ALL)
        server = SmallServer(*own, *visits, slot("new", 15), says=says)
        server.heeds_versions = False
        ehr = make_ehr(server, move_by=style, max_concurrent=4)

        done = await asyncio.gather(
            *(
                move(ehr, KEY._replace(appointment_id=f"v{n}"), uuid4())
                for n in range(4)
            ),
            return_exceptions=True,
        )

        won = [n for n, each in enumerate(done) if isinstance(each, Written)]
        assert sum(isinstance(each, EHRConflict) for each in done) == 4 - len(won)
        assert len(server.live()) == 4
        in_new = [start for start in starts(server) if "T15" in start]
        assert len(in_new) == len(won) == 1
        assert server.statuses(*(f"own-{n}" for n in range(4))) == [
            "free" if n in won else "busy" for n in range(4)
        ]
