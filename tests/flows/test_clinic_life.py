"""A clinic's life as it comes: after every whole reading our mirror is the EHR.

The EHR is a faithful one in memory; the room that speaks FHIR, the flow and the
store are the real ones. What the clinic does, and when we read, are up to
Hypothesis.
"""

import asyncio
import contextlib
import itertools
import json
import shutil
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from reminder.ehr.config import EHRConfig
from reminder.ehr.ehr import EHR
from reminder.flows.pushed import Pushed
from reminder.flows.read_again import ReadAgain
from reminder.flows.sync import Sync
from reminder.model.capabilities import SearchPlan
from reminder.model.pushed import Hint
from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.fakes import FakeClock
from tests.flows.life import (
    DOCTORS,
    NEW_YORK,
    PATIENTS,
    WRITTEN_AS,
    Killed,
    Line,
    OnSEKMET,
    Seen,
    instant_of,
    new_visit,
    offset,
    participants,
    people,
)
from tests.servers.pretend_fhir import PretendFHIR
from tests.servers.sekmet import running_sync

BASE_URL = "https://ehr.example.org/fhir"
# Friday noon in New York; the clocks there change on Sunday.
BEGINS = datetime(2027, 3, 12, 17, tzinfo=UTC)
DAY, HALF_HOUR = timedelta(days=1), timedelta(minutes=30)
HORIZON = 3 * DAY

PLANS: dict[str, dict[str, Any]] = {
    "by-date": {"search_plan": "by-date"},
    "by-roster": {
        "search_plan": "by-roster",
        "roster": tuple(f"Practitioner/{doctor}" for doctor in DOCTORS),
        "actors_per_request": 1,
    },
    "by-patient": {
        "search_plan": "by-patient",
        "patient_group": "Group/everybody",
        "actors_per_request": 3,
    },
    "by-id": {"search_plan": "by-id"},
}
_MIRROR = """
    SELECT appointment_id, patient_id, status, start_at FROM appointment WHERE NOT gone
"""
# From before yesterday's midnight to beyond the horizon, in half-hours from now.
WHEN = st.integers(-80, 190)
WHICH = st.integers(0, 99)
WRITTEN = st.sampled_from(["utc", "offset", "no-zone"])
WHO = st.lists(st.sampled_from(PATIENTS), min_size=1, max_size=3, unique=True)


class ClinicLife(RuleBasedStateMachine):
    """One clinic, and one installation that reads it.

    On `sekmet` every life has weeks of its own, and nothing is written without
    a zone: SEKMET takes nothing that is no FHIR.
    """

    lives = itertools.count()

    def __init__(
        self,
        template: Path,
        ring: KeyRing,
        config: dict[str, Any],
        sekmet: str | None = None,
    ) -> None:
        super().__init__()
        self.name = f"life{next(self.lives)}"
        self.begins = BEGINS if sekmet is None else BEGINS + next(self.lives) * 70 * DAY
        self.clock = FakeClock(self.begins)
        self.server = (
            OnSEKMET(sekmet) if sekmet else PretendFHIR(BASE_URL, self.clock, NEW_YORK)
        )
        self.line = Line(self.server)
        self.config = config
        self.names = (f"{self.name}-v{number}" for number in itertools.count())
        self.known: set[str] = set()
        self.broken_off = False
        self.pushes: set[Hint] = set()
        self.runner = asyncio.Runner()
        self.database = template.with_name("life.db")
        shutil.copy(template, self.database)
        self.store = self.run(open_store(f"sqlite:///{self.database}", ring))
        self.connect()
        self.server.put(*people())

    def run(self, coroutine: Any) -> Any:
        return self.runner.run(coroutine)

    def connect(self) -> None:
        """Our process begins."""
        config = {
            "base_url": self.server.base_url,
            "site_zone": "America/New_York",
            "page_size": 2,
            "requests_per_s": 100_000,
            "burst": 100_000,
            **self.config,
        }
        self.ehr = EHR(
            "main",
            EHRConfig.model_validate(config),
            clock=self.clock,
            transport=httpx.MockTransport(self.line),
        )
        self.sync = Sync(
            "main",
            self.ehr,
            bookings=self.store.appointments,
            states=self.store.sync_state,
            worklist=self.store.worklist,
            clock=self.clock,
            horizon=HORIZON,
            window_every=HALF_HOUR,
            patient_ttl=DAY,
            silence_limit=timedelta(hours=2),
        )
        reads = ReadAgain(
            "main",
            self.ehr,
            bookings=self.store.appointments,
            states=self.store.sync_state,
            clock=self.clock,
            horizon=HORIZON,
            patient_ttl=DAY,
        )
        self.pushed = Pushed(
            "main", reads, hints=self.store.pushed, look=self.look, clock=self.clock
        )

    async def look(self) -> bool:
        """Nothing is pushed here without saying what."""
        raise AssertionError

    def teardown(self) -> None:
        self.run(self.ehr.aclose())
        self.run(self.store.aclose())
        self.runner.close()
        if isinstance(self.server, OnSEKMET):
            self.server.client.close()

    # What the clinic does.

    @rule(who=WHO, when=WHEN, doctor=st.sampled_from(DOCTORS), written=WRITTEN)
    def book(self, who: list[str], when: int, doctor: str, written: str) -> None:
        self.write(new_visit(next(self.names), who, doctor, self.at(when, written)))

    @precondition(lambda self: self.visits())
    @rule(which=WHICH, when=WHEN, written=WRITTEN)
    def move(self, which: int, when: int, written: str) -> None:
        self.change(which, **self.at(when, written))

    @precondition(lambda self: self.visits())
    @rule(which=WHICH, when=WHEN)
    def cancel_and_book_anew(self, which: int, when: int) -> None:
        old = self.chosen(which)
        new = old | {"id": next(self.names), "status": "booked"}
        self.write(old | {"status": "cancelled"})
        self.write(new | self.at(when, "utc"))

    @precondition(lambda self: self.visits())
    @rule(
        which=WHICH,
        status=st.sampled_from(["cancelled", "entered-in-error", "noshow", "booked"]),
    )
    def give_another_status(self, which: int, status: str) -> None:
        self.change(which, status=status)

    @precondition(lambda self: self.visits())
    @rule(which=WHICH, who=WHO)
    def have_others_come(self, which: int, who: list[str]) -> None:
        old = self.chosen(which)
        doctor = old["participant"][-1]["actor"]["reference"].rpartition("/")[2]
        self.write(old | {"participant": participants(who, doctor)})

    @precondition(lambda self: self.visits())
    @rule(which=WHICH)
    def delete(self, which: int) -> None:
        appointment_id = self.chosen(which)["id"]
        self.server.delete("Appointment", appointment_id)
        self.pushes.add(Hint("Appointment", appointment_id))

    @rule(half_hours=st.sampled_from([1, 3, 16, 48, 75]))
    def let_time_pass(self, half_hours: int) -> None:
        self.clock.now += half_hours * HALF_HOUR

    # What we do.

    @rule()
    def read_what_changed(self) -> None:
        self.clock.move_on(minutes=1)
        self.take_what_was_pushed()

        assert self.run(self.sync.run()).problem == ""

    @rule()
    def read_everything(self) -> None:
        if self.broken_off:
            # What was read before the break may have changed since.
            self.clock.move_on(minutes=30)
            self.take_what_was_pushed()
            assert self.run(self.sync.run(everything=True)).available
        self.clock.move_on(minutes=1)
        self.take_what_was_pushed()
        report = self.run(self.sync.run(everything=True))

        self.broken_off = False
        assert report.available, report
        assert self.mirror() == self.truth()

    @rule(at=st.integers(0, 12), kills=st.booleans())
    def read_until_it_breaks_off(self, at: int, kills: bool) -> None:
        self.clock.move_on(minutes=1)
        self.line.breaks_at, self.line.kills, self.broken_off = at, kills, True
        with contextlib.suppress(Killed):
            self.take_what_was_pushed()
            self.run(self.sync.run(everything=True))
        self.line.mend()
        if kills:
            self.run(self.ehr.aclose())
            self.connect()
        else:
            self.clock.move_on(minutes=30)

    def take_what_was_pushed(self) -> None:
        """The EHR pushed every change meanwhile, where nothing else would tell."""
        if self.ehr.search_plan is not SearchPlan.BY_ID:
            return
        pushes, self.pushes = self.pushes, set()
        self.run(self.store.pushed.add("main", pushes, at=self.clock.now))
        while self.run(self.pushed.run()).taken:
            pass

    @invariant()
    def nothing_that_exists_is_gone(self) -> None:
        ids = {seen.appointment_id for seen in self.mirror(everything=True)}
        there = {visit["id"] for visit in self.visits()}

        assert ids >= self.known & there
        self.known |= ids

    # What both are.

    def visits(self) -> list[dict[str, Any]]:
        return [
            resource
            for path, resource in self.server.kept.items()
            if resource is not None and path.startswith("Appointment/")
        ]

    def chosen(self, which: int) -> dict[str, Any]:
        visits = self.visits()
        return json.loads(json.dumps(visits[which % len(visits)]))

    def change(self, which: int, **elements: Any) -> None:
        self.write(self.chosen(which) | elements)

    def write(self, *visits: dict[str, Any]) -> None:
        self.server.put(*visits)
        self.pushes |= {Hint("Appointment", visit["id"]) for visit in visits}

    def at(self, when: int, written: str) -> dict[str, str]:
        now = self.clock.now.replace(minute=0, second=0, microsecond=0)
        start = now + when * HALF_HOUR
        is_zoned = isinstance(self.server, OnSEKMET)
        write = offset if is_zoned else WRITTEN_AS[written]
        return {"start": write(start), "end": write(start + HALF_HOUR)}

    def is_in_horizon(self, seen: Seen) -> bool:
        return self.clock.now - DAY <= seen.start_at < self.clock.now + HORIZON

    def truth(self) -> set[Seen]:
        bookings = {
            Seen(
                visit["id"],
                one["actor"]["reference"].removeprefix("Patient/"),
                visit["status"],
                instant_of(visit["start"]),
            )
            for visit in self.visits()
            for one in visit["participant"]
            if one["actor"]["reference"].startswith("Patient/")
        }
        return set(filter(self.is_in_horizon, bookings))

    def mirror(self, *, everything: bool = False) -> set[Seen]:
        # Straight from the file, since this is asked after every step.
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            rows = connection.execute(_MIRROR).fetchall()
        bookings = {
            Seen(*row, datetime.fromisoformat(start).replace(tzinfo=UTC))
            for *row, start in rows
        }
        return bookings if everything else set(filter(self.is_in_horizon, bookings))


UNHURRIED = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": list(HealthCheck),
}


@pytest.mark.parametrize("plan", [pytest.param(each, id=each) for each in PLANS])
def test_the_mirror_is_the_ehr_after_every_whole_reading(
    plan: str, sqlite_template: Path, tmp_path: Path, ring: KeyRing
) -> None:
    template = tmp_path / "template.db"
    shutil.copy(sqlite_template, template)

    run_state_machine_as_test(
        lambda: ClinicLife(template, ring, PLANS[plan]),
        settings=settings(max_examples=4, stateful_step_count=20, **UNHURRIED),
    )


def test_the_mirror_is_an_independent_server_after_every_whole_reading(
    sqlite_template: Path, tmp_path: Path, ring: KeyRing
) -> None:
    template = tmp_path / "template.db"
    shutil.copy(sqlite_template, template)

    with running_sync(tmp_path) as sekmet:
        run_state_machine_as_test(
            lambda: ClinicLife(template, ring, PLANS["by-date"], sekmet.base_url),
            settings=settings(max_examples=2, stateful_step_count=15, **UNHURRIED),
        )
