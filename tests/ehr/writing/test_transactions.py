"""Transactions in name only: half of one is taken back."""

import httpx
import orjson
import pytest

from reminder.ehr.errors import EHRConflict
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import said
from tests.ehr.small_server import (
    ALL,
    booked,
    clinic,
    move,
    slot,
    starts,
    statement,
)

TRANSACTIONS = statement(system=("transaction",), Appointment=ALL, Slot=ALL)


class TestTransactionsInNameOnly:
    @pytest.mark.parametrize("refused", [0, 1, 2])
    async def test_what_was_written_of_one_is_undone(
        self, make_ehr: MakeEHR, refused: int
    ) -> None:
        server = clinic(says=TRANSACTIONS)

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


async def test_where_versions_are_not_heeded_who_was_there_first_keeps_the_slot(
    make_ehr: MakeEHR,
) -> None:
    server = clinic(says=TRANSACTIONS)
    server.heeds_versions = False

    def faster(_: httpx.Request) -> None:
        server.fault = lambda _: None
        server.keep(slot("new", 15, "busy"))
        server.keep(booked("other", server["Slot/new"]))

    server.fault = faster

    with pytest.raises(EHRConflict, match="at the same time"):
        await move(make_ehr(server))

    assert starts(server) == ["2027-03-02T15:00:00Z", "2027-03-02T14:00:00Z"]
    assert server.statuses("old", "new") == ["busy", "busy"]
