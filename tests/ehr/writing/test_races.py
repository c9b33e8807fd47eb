"""Two in one Slot where versions are not heeded: who came later goes back."""

from collections.abc import Callable

import httpx
import pytest

from reminder.ehr.errors import EHRConflict, EHRError, EHRRefused, EHRUnavailable
from tests.ehr.conftest import MakeEHR
from tests.ehr.pretend import Resource, said
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
STYLES = ["update", "transaction", "patch"]


def lax() -> SmallServer:
    """It lets everybody write whatever version they have seen."""
    server = clinic(says=SAYS)
    server.heeds_versions = False
    server.follows_slot = True
    return server


def is_of_the_visit(request: httpx.Request) -> bool:
    return request.method == "POST" or request.url.path.endswith("visit-1")


def another_comes_first(server: SmallServer) -> Callable[[httpx.Request], None]:
    def faster(request: httpx.Request) -> None:
        if is_of_the_visit(request):
            server.fault = lambda _: None
            server.keep(booked("other", server["Slot/new"]))

    return faster


def answer_lost(server: SmallServer) -> Callable[[httpx.Request], None]:
    def lost(request: httpx.Request) -> None:
        if is_of_the_visit(request):
            server.after = lambda _: None
            raise httpx.ReadTimeout("canary")

    return lost


def place(server: SmallServer) -> tuple[str, str]:
    visit = server["Appointment/visit-1"]
    return visit["slot"][0]["reference"], visit["start"]


@pytest.mark.parametrize("style", STYLES)
async def test_after_a_lost_answer_the_next_try_asks_who_was_first(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    server.fault, server.after = another_comes_first(server), answer_lost(server)
    ehr = make_ehr(server, move_by=style)
    with pytest.raises(EHRUnavailable):
        await move(ehr)

    with pytest.raises(EHRConflict, match="at the same time"):
        await move(ehr)

    assert place(server) == ("Slot/old", "2027-03-02T14:00:00Z")
    assert server.statuses("old") == ["busy"]
    assert "identifier" not in server["Appointment/visit-1"]


@pytest.mark.parametrize("style", STYLES)
async def test_who_could_not_be_asked_about_is_asked_about_by_the_next_try(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    server.fault = another_comes_first(server)
    normal = server._matches

    def fails(kind: str, params: httpx.QueryParams) -> list[Resource]:
        if "other" in server.live():
            server._matches = normal  # type: ignore[method-assign]
            raise httpx.ReadTimeout("canary")
        return normal(kind, params)

    server._matches = fails  # type: ignore[method-assign]
    ehr = make_ehr(server, move_by=style)
    with pytest.raises(EHRUnavailable):
        await move(ehr)

    with pytest.raises(EHRConflict, match="at the same time"):
        await move(ehr)

    assert place(server) == ("Slot/old", "2027-03-02T14:00:00Z")


@pytest.mark.parametrize("style", STYLES)
async def test_two_in_one_slot_are_for_a_human_where_the_old_one_is_taken(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    server.fault, server.after = another_comes_first(server), answer_lost(server)
    ehr = make_ehr(server, move_by=style)
    with pytest.raises(EHRUnavailable):
        await move(ehr)
    server.keep(server["Slot/old"] | {"status": "busy"})
    server.keep(booked("third", server["Slot/old"]))

    with pytest.raises(EHRRefused, match="two in one Slot"):
        await move(ehr)

    assert place(server)[0] == "Slot/new"
    assert server.statuses("old") == ["busy"]


@pytest.mark.parametrize("style", STYLES)
async def test_who_was_first_stays_after_a_lost_answer(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    server.after = answer_lost(server)
    ehr = make_ehr(server, move_by=style)
    with pytest.raises(EHRUnavailable):
        await move(ehr)
    server.keep(booked("other", server["Slot/new"]))

    await move(ehr)

    assert place(server)[0] == "Slot/new"


@pytest.mark.parametrize("style", STYLES)
async def test_a_cancellation_taken_back_into_a_taken_slot_is_for_a_human(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    ehr = make_ehr(server, cancel_by=style)
    await ehr.cancel(KEY, ask=ASK)
    server.keep(server["Slot/old"] | {"status": "free"})
    server.after = answer_lost(server)
    server.keep(booked("other", server["Slot/old"]))
    with pytest.raises(EHRUnavailable):
        await ehr.rebook(KEY, ["old"])

    with pytest.raises(EHRRefused, match="two in one Slot"):
        await ehr.rebook(KEY, ["old"])

    assert server.live() == ["other", "visit-1"]


def rewriting(server: SmallServer) -> None:
    """As a server does that writes every instant its own way."""
    normal = server.keep

    def keep(resource: Resource) -> Resource:
        own = {
            name: str(resource[name]).replace("00Z", "00.000Z")
            for name in ("start", "end")
            if name in resource
        }
        return normal(resource | own)

    server.keep = keep  # type: ignore[method-assign]


@pytest.mark.parametrize("style", STYLES)
async def test_a_lost_race_is_undone_although_the_server_rewrote_the_instants(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    rewriting(server)
    server.fault = another_comes_first(server)

    with pytest.raises(EHRConflict, match="at the same time"):
        await move(make_ehr(server, move_by=style))

    assert place(server) == ("Slot/old", "2027-03-02T14:00:00.000Z")


@pytest.mark.parametrize("status", [403, 405, 412])
@pytest.mark.parametrize("style", STYLES)
async def test_what_cannot_be_undone_after_a_lost_race_is_for_a_human(
    make_ehr: MakeEHR, style: str, status: int
) -> None:
    server = lax()
    faster = another_comes_first(server)

    def then_refuses(request: httpx.Request) -> None:
        faster(request)
        if "other" in server.live():
            server.fault = lambda _: said({}, status)

    server.fault = then_refuses

    with pytest.raises(EHRRefused, match="booked twice"):
        await move(make_ehr(server, move_by=style))

    assert place(server)[0] == "Slot/new"


@pytest.mark.parametrize("style", ["update", "transaction"])
async def test_undoing_keeps_what_others_wrote_meanwhile(
    make_ehr: MakeEHR, style: str
) -> None:
    server = lax()
    server.fault = another_comes_first(server)

    def noted(request: httpx.Request) -> None:
        if is_of_the_visit(request):
            server.after = lambda _: None
            server.keep(server["Appointment/visit-1"] | {"created": "2027-01-31"})

    server.after = noted

    with pytest.raises(EHRError):
        await move(make_ehr(server, move_by=style))

    assert server["Appointment/visit-1"]["created"] == "2027-01-31"
    assert place(server)[0] == "Slot/old"
