import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx
import pytest

from reminder.app.clock import system_clock
from reminder.app.schedule import Schedule
from reminder.app.serve import AddressUnusable, pages, work
from reminder.app.wiring import App, open_app
from reminder.flows.dispatch import DispatchReport
from reminder.model.clock import Clock
from reminder.model.readings import Reading
from tests.app.jobs import Job
from tests.app.places import SETTINGS, install
from tests.flows.world import MAIN, patient, visit

PATIENT = 20
SLOWLY = SETTINGS + "\n[work]\ndispatch_every_s = 30\n"
Stopping = Callable[[], bool]


@pytest.fixture
async def app(tmp_path: Path) -> AsyncIterator[App]:
    async with open_app(install(tmp_path, SLOWLY)) as opened:
        yield opened


async def ask(url: str) -> httpx.Response:
    async with httpx.AsyncClient(trust_env=False) as client:
        return await client.get(url)


class TestPages:
    async def test_are_served_while_the_block_runs(self, app: App) -> None:
        async with pages(app) as address:
            live = await ask(f"{address}/health/live")
        with pytest.raises(httpx.ConnectError):
            await ask(f"{address}/health/live")

        assert (live.status_code, live.json()) == (200, {"status": "live"})

    async def test_are_not_ready_before_everything_was_heard(self, app: App) -> None:
        async with pages(app) as address:
            ready = await ask(f"{address}/health/ready")

        assert ready.status_code == 503
        assert ready.json()["checks"] == {
            "database": "pass",
            "migrations": "pass",
            "sync": "never",
        }

    async def test_at_an_address_in_use_are_refused_by_name(
        self, tmp_path: Path
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            text = SETTINGS.replace("port = 0", f"port = {port}")
            async with open_app(install(tmp_path, text)) as app:
                with pytest.raises(AddressUnusable, match=f"127.0.0.1 port {port}: "):
                    await pages(app).__aenter__()

    async def test_at_no_address_of_ours_are_refused(self, tmp_path: Path) -> None:
        text = SETTINGS.replace("port = 0", 'port = 0\nhost = "192.0.2.1"')
        async with open_app(install(tmp_path, text)) as app:
            with pytest.raises(AddressUnusable):
                await pages(app).__aenter__()


@dataclass
class Watched:
    """The sending of what is due, watched: when it was called, and whether to stop."""

    app: App
    calls: list[datetime] = field(default_factory=list)
    called: asyncio.Event = field(default_factory=asyncio.Event)
    meanwhile: Callable[[Stopping], Awaitable[None]] | None = None
    again_in: list[timedelta] = field(default_factory=list)

    async def run(self, stopping: Stopping) -> DispatchReport:
        self.calls.append(self.app.clock())
        self.called.set()
        if self.meanwhile is not None:
            await self.meanwhile(stopping)
        return DispatchReport(again_in=self.again_in.pop() if self.again_in else None)

    async def until(self, times: int) -> None:
        async with asyncio.timeout(PATIENT):
            while len(self.calls) < times:
                self.called.clear()
                await self.called.wait()


async def book(app: App, start_at: datetime) -> None:
    """Keep a visit and its patient as if they had been read."""
    reading = Reading("a1", "f", (visit(start_at=start_at),))
    await app.store.appointments.keep(MAIN, [reading], seen_at=app.clock())
    await app.store.appointments.keep_patients(
        MAIN, [patient()], asked=["p1"], seen_at=app.clock()
    )


async def due_at(app: App, at: datetime) -> None:
    """Plan one reminder that falls due at that instant."""
    await book(app, at + timedelta(hours=24))
    counts = await app.plan.run()
    assert counts.planned == 1


NIGHT_AND_DAY = SLOWLY.replace(
    'locations = ["elm"]', 'locations = ["elm"]\nquiet_hours = "00:00-00:00"'
)


@contextlib.asynccontextmanager
async def watched(
    folder: Path, clock: Clock = system_clock
) -> AsyncIterator[tuple[App, Watched]]:
    """An application without an EHR whose sending only notes that it was called."""
    async with open_app(install(folder, NIGHT_AND_DAY), clock) as app:
        dispatch = Watched(app)
        yield replace(app, dispatch=dispatch, syncs=()), dispatch


async def half_a_second() -> None:
    """More than twice the time after which a schedule wakes at the soonest."""
    ticks, ticking = Job(), Schedule()
    ticking.start()
    ticking.every("tick", ticks, seconds=0.05)
    await ticks.called(11)
    await ticking.stop(timedelta(seconds=1))


class TestWork:
    async def test_wakes_when_the_next_reminder_falls_due(self, tmp_path: Path) -> None:
        async with watched(tmp_path) as (app, dispatch):
            soon = system_clock() + timedelta(seconds=1)
            await due_at(app, soon)

            async with work(app):
                await dispatch.until(2)

        first, second = dispatch.calls[:2]
        assert first < soon <= second < soon + timedelta(seconds=15)

    async def test_does_not_wake_for_what_could_not_go(self, tmp_path: Path) -> None:
        """What stays due although it was looked at waits for the next interval."""
        now = system_clock()
        an_hour_ago = now - timedelta(hours=1)
        async with watched(tmp_path, lambda: an_hour_ago) as (app, _):
            await due_at(app, now - timedelta(minutes=5))

        async with watched(tmp_path) as (app, dispatch), work(app):
            await dispatch.until(1)
            await half_a_second()

        assert len(dispatch.calls) == 1

    async def test_wakes_when_the_pace_of_a_lane_lets_more_go(
        self, tmp_path: Path
    ) -> None:
        async with watched(tmp_path) as (app, dispatch):
            dispatch.again_in = [timedelta(seconds=0.3)] * 2

            async with work(app):
                await dispatch.until(3)
                await half_a_second()

        first, second, _ = dispatch.calls
        assert second - first >= timedelta(seconds=0.3)

    async def test_lets_what_is_under_way_end_when_it_stops(
        self, tmp_path: Path
    ) -> None:
        seen: list[bool] = []

        async def sends(stopping: Stopping) -> None:
            async with asyncio.timeout(PATIENT):
                while not stopping():
                    await asyncio.sleep(0)
            seen.append(stopping())

        async with watched(tmp_path) as (app, dispatch):
            dispatch.meanwhile = sends
            async with work(app):
                await dispatch.until(1)

        assert seen == [True]

    async def test_reads_plans_and_sends_one_after_the_other(
        self, tmp_path: Path
    ) -> None:
        class Booking:
            connection = MAIN

            async def run(self) -> None:
                await book(app, app.clock() + timedelta(days=2))

        async with watched(tmp_path) as (app, dispatch):
            async with work(replace(app, syncs=(Booking(),))):
                await dispatch.until(2)
            [reminder] = await app.store.reminders.of_appointment("a1")

        assert reminder.state == "planned"
