"""kill -9 while a reminder is on its way: nothing due is lost, doubles are known."""

import asyncio
import contextlib
import signal
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio

from reminder.model.messages import MessageState
from reminder.model.reminders import ReminderState
from reminder.sandbox.faults import Fault, Silence
from reminder.sandbox.world import World
from tests.journeys.day import (
    BEGINS,
    VISIT,
    Day,
    Hands,
    patient,
    running_day,
    running_world,
    slot,
    visit,
)

pytestmark = pytest.mark.asyncio(loop_scope="package")

DUE = BEGINS + timedelta(minutes=11)
TOP = Path(__file__).parents[2]


@pytest.fixture(scope="package")
def hands() -> Hands:
    return Hands()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def world(
    tmp_path_factory: pytest.TempPathFactory, hands: Hands
) -> AsyncIterator[World]:
    async with running_world(tmp_path_factory.mktemp("sandbox"), hands) as running:
        yield running


@pytest_asyncio.fixture(params=["sqlite", "postgres"], loop_scope="package")
async def day(
    request: pytest.FixtureRequest,
    world: World,
    hands: Hands,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Day]:
    url = request.getfixturevalue(f"{request.param}_url")
    monkeypatch.setenv("REMINDER_DATABASE__URL", url)
    async with running_day(world, hands, tmp_path) as running:
        await running.put(
            slot("s", VISIT, "busy"), patient("ana"), visit("v", "ana", at="s")
        )
        await running.sync()
        yield running


async def test_killed_before_it_was_about_to_be_sent_it_goes_once(day: Day) -> None:
    silence = day.world.proxy.faults.add(Fault(silence=Silence.BEFORE, times=1))
    async with _node(day, DUE) as node:
        await _until(lambda: silence.times == 0)
        node.send_signal(signal.SIGKILL)
        await node.wait()
    day.world.proxy.faults.clear()

    await _keep_house(day, hours=1)

    assert len(day.mails_to("ana")) == 1
    assert await _states(day) == {MessageState.SENT: 1}


async def test_killed_between_sending_and_the_answer_it_goes_once_more_and_is_known(
    day: Day,
) -> None:
    day.world.mail.faults.silence_s = 30
    async with _node(day, DUE) as node:
        await _until(lambda: bool(day.world.mail.mailbox.mails))
        node.send_signal(signal.SIGKILL)
        await node.wait()
    day.world.mail.faults.silence_s = 0

    await _keep_house(day, hours=1)

    first, second = day.world.mail.mailbox.mails
    assert first.message["Message-ID"] == second.message["Message-ID"]
    assert first.text == second.text, "a resend carries the same link"
    assert await _states(day) == {MessageState.SENT: 1}
    (week,) = [
        reminder
        for reminder in await day.app.store.reminders.of_appointment("v")
        if reminder.key.step_id == "week"
    ]
    assert week.state is ReminderState.SENT
    tries = [
        type(one.outcome).__name__
        for one in await day.app.store.reminders.tries_of("v")
    ]
    assert "Uncertain" in tries, "the double can be counted"


async def test_after_a_kill_the_sqlite_file_is_whole(day: Day) -> None:
    day.world.mail.faults.silence_s = 30
    async with _node(day, DUE) as node:
        await _until(lambda: bool(day.world.mail.mailbox.mails))
        node.send_signal(signal.SIGKILL)
        await node.wait()
    day.world.mail.faults.silence_s = 0

    readiness = await day.app.store.health.ready()

    assert readiness.database
    assert readiness.schema


@contextlib.asynccontextmanager
async def _node(day: Day, at: datetime) -> AsyncIterator[asyncio.subprocess.Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.node",
        str(day.folder / "reminder" / "reminder.toml"),
        at.isoformat(),
        cwd=TOP,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():
            await asyncio.sleep(0.01)


async def _keep_house(day: Day, *, hours: int) -> None:
    """The other node goes on, minute by minute of what falls due."""
    for minutes in range(0, hours * 60, 5):
        day.clock.advance_to(DUE + timedelta(minutes=minutes))
        await day.app.keep.run()
        await day.app.dispatch.run()


async def _states(day: Day) -> dict[MessageState, int]:
    return await day.app.store.queue.counts()
