"""A Slot in which somebody else sits is nobody's to set free."""

import httpx
import pytest

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
    statement,
)

SAYS = statement(system=("transaction",), Appointment=ALL, Slot=ALL)
STYLES = ["update", "transaction"]


def with_two_in_the_old_slot() -> SmallServer:
    server = clinic(says=SAYS)
    server.keep(booked("other", server["Slot/old"]))
    return server


@pytest.mark.parametrize("style", STYLES)
async def test_a_cancellation_leaves_a_slot_busy_in_which_another_sits(
    make_ehr: MakeEHR, style: str
) -> None:
    server = with_two_in_the_old_slot()

    await make_ehr(server, cancel_by=style).cancel(KEY, ask=ASK)

    assert server.live() == ["other"]
    assert server.statuses("old") == ["busy"]


@pytest.mark.parametrize("style", [*STYLES, "rebook"])
async def test_a_move_leaves_a_slot_busy_in_which_another_sits(
    make_ehr: MakeEHR, style: str
) -> None:
    server = with_two_in_the_old_slot()

    await move(make_ehr(server, move_by=style))

    assert server.statuses("old", "new") == ["busy", "busy"]


async def test_whom_the_clinic_puts_into_the_slot_at_that_moment_keeps_it(
    make_ehr: MakeEHR,
) -> None:
    server = clinic(says=SAYS)

    def refilled(request: httpx.Request) -> None:
        if request.url.path.endswith("visit-1"):
            server.after = lambda _: None
            server.keep(booked("other", server["Slot/old"]))
            server.keep(server["Slot/old"])

    server.after = refilled

    await move(make_ehr(server, move_by="update"))

    assert server.statuses("old", "new") == ["busy", "busy"]


@pytest.mark.parametrize("act", ["cancel", "move"])
async def test_a_slot_changed_meanwhile_in_which_nobody_sits_is_freed_still(
    make_ehr: MakeEHR, act: str
) -> None:
    server = clinic(says=SAYS)

    def noted(request: httpx.Request) -> None:
        if request.url.path.endswith("visit-1"):
            server.after = lambda _: None
            server.keep(server["Slot/old"] | {"comment": "Window side"})

    server.after = noted
    ehr = make_ehr(server, move_by="update", cancel_by="update")

    await (move(ehr) if act == "move" else ehr.cancel(KEY, ask=ASK))

    assert server.statuses("old") == ["free"]
    assert server["Slot/old"]["comment"] == "Window side"


@pytest.mark.parametrize("style", ["update", "rebook"])
async def test_a_slot_that_may_not_be_freed_does_not_undo_the_move(
    make_ehr: MakeEHR, style: str
) -> None:
    server = clinic(says=SAYS)
    server.fault = lambda _: (
        said({}, 403) if server.writes[-1] == "PUT Slot/old" else None
    )

    await move(make_ehr(server, move_by=style, cancel_by="update"))

    assert server.statuses("old", "new") == ["busy", "busy"]


async def test_a_repeat_does_not_free_what_was_taken_while_it_asked(
    make_ehr: MakeEHR,
) -> None:
    server = clinic(says=SAYS)
    ehr = make_ehr(server, cancel_by="update")
    await ehr.cancel(KEY, ask=ASK)
    server.keep(server["Slot/old"] | {"status": "busy"})

    def refilled(_: httpx.Request) -> None:
        server.fault = lambda _: None
        server.keep(booked("other", server["Slot/old"]))
        server.keep(server["Slot/old"])

    server.fault = refilled

    await ehr.cancel(KEY, ask=ASK)

    assert server.statuses("old") == ["busy"]
