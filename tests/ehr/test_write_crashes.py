"""Whoever dies between two writes: the next try ends with one booking in one Slot."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reminder.ehr.ehr import EHR
from reminder.ehr.errors import EHRConflict, EHRUnavailable
from tests.ehr.small_server import (
    ASK,
    KEY,
    Killed,
    SmallServer,
    clinic,
    ehr_of,
    killing,
    move,
    starts,
)

CRASHES = st.lists(
    st.tuples(st.integers(1, 4), st.sampled_from(["before", "after", "lost"])),
    max_size=4,
)


def ehr_in(server: SmallServer, style: str) -> EHR:
    """The EHR as it moves in this style; nothing is cancelled by booking anew."""
    cancel_by = "update" if style == "rebook" else style
    return ehr_of(server, cancel_by=cancel_by, move_by=style)


async def crashing(
    server: SmallServer, crashes: list[tuple[int, str]], style: str, act: str
) -> None:
    """The same wish again and again, until a try comes through."""
    for number, when in crashes:
        killing(server, number, when)
        ehr = ehr_in(server, style)
        try:
            await carried_out(ehr, act)
        except (Killed, EHRUnavailable):
            pass
        finally:
            await ehr.aclose()
    server.fault, server.after = lambda _: None, lambda _: None
    ehr = ehr_in(server, style)
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
        first = ehr_in(server, style)
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

        again = ehr_in(server, style)
        with pytest.raises(EHRConflict):
            await move(again)
        await again.aclose()

        assert server.live() == []
        if held and not on_it:
            assert server.statuses("new") == ["free"]
