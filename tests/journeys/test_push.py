"""An independent FHIR server pushes, and within seconds Reminder has planned for it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from reminder.app.serve import work
from reminder.ehr.pushing.subscriptions import SECRET, by_criteria, by_topic
from reminder.model.pushed import Hint
from reminder.model.reminders import ReminderState
from reminder.sandbox.serving import loopback_client
from reminder.sandbox.settings_text import CONNECTION
from reminder.sandbox.world import World
from tests.journeys.day import VISIT, Day, Hands, patient, running_day, slot, visit

pytestmark = pytest.mark.asyncio(loop_scope="package")

WORD = "a-word-of-the-ehr-and-ours"
BOOKED = "http://sekmet.dev/fhir/SubscriptionTopic/appointment-booked"
_SOON_S = 15
"""Far below any interval at which the EHR is asked; the machine may be busy."""


Resource = dict[str, Any]


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(_SOON_S):
        while not await holds():
            await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="package")
async def day(
    world: World, hands: Hands, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Day]:
    """A day with everything at work, on which the EHR is asked once and never again."""
    monkeypatch.setenv("REMINDER_WORK__SYNC_EVERY_S", "86400")
    monkeypatch.setenv("REMINDER_WORK__FRESHNESS_S", "86400")
    async with (
        running_day(world, hands, tmp_path, push_secret=WORD) as day,
        work(day.app),
    ):
        await until(lambda: was_read(day))
        yield day
        await until(lambda: all_is_read(day))


async def was_read(day: Day) -> bool:
    state = await day.app.store.sync_state.state(CONNECTION)
    return state.last_sync_at is not None


async def all_is_read(day: Day) -> bool:
    """Nothing that was pushed waits."""
    now = day.clock()
    due = await day.app.store.pushed.due(CONNECTION, now=now, until=now, limit=1)
    return not due


async def some_are(day: Day, state: ReminderState, name: str) -> bool:
    reminders = await day.app.store.reminders.of_appointment(name)
    return any(one.state is state for one in reminders)


async def subscribe(day: Day, subscription: Resource) -> None:
    """The EHR's administrator creates it, with the secret in its place."""
    made = json.dumps(subscription | {"id": "push"}).replace(SECRET, WORD)
    await day.put(json.loads(made))

    async def is_active() -> bool:
        status = (await day.read("Subscription/push"))["status"]
        assert status != "error"
        return bool(status == "active")

    await until(is_active)


@pytest.fixture
def endpoint(day: Day) -> str:
    return f"{day.app.loaded.settings.public_url}/ehr/{CONNECTION}/notify"


def booked(name: str) -> list[Resource]:
    return [
        slot(f"slot-{name}", VISIT, "busy"),
        patient(name),
        visit(f"visit-{name}", name, at=f"slot-{name}"),
    ]


@pytest.mark.parametrize(
    "subscription",
    [
        pytest.param(lambda at: by_criteria(at, "Appointment"), id="by-criteria"),
        pytest.param(
            lambda at: by_criteria(at, "Appointment") | {"criteria": "Appointment"},
            id="by-bare-criteria",
        ),
        pytest.param(lambda at: by_topic(at, BOOKED), id="by-topic"),
    ],
)
async def test_what_was_booked_is_planned_for_within_seconds(
    day: Day, endpoint: str, subscription: Callable[[str], Resource]
) -> None:
    await subscribe(day, subscription(endpoint))

    await day.put(*booked("ana"))

    await until(lambda: some_are(day, ReminderState.PLANNED, "visit-ana"))


async def test_what_was_cancelled_is_withdrawn_within_seconds(
    day: Day, endpoint: str
) -> None:
    await subscribe(day, by_criteria(endpoint, "Appointment"))
    await day.put(*booked("bea"))
    await until(lambda: some_are(day, ReminderState.PLANNED, "visit-bea"))

    await day.change("Appointment/visit-bea", status="cancelled")

    await until(lambda: some_are(day, ReminderState.WITHDRAWN, "visit-bea"))


async def test_a_push_without_payload_has_us_look_at_what_changed(
    day: Day, endpoint: str
) -> None:
    bare = by_criteria(endpoint, "Appointment")
    del bare["channel"]["payload"]
    await subscribe(day, bare)

    await day.put(*booked("cora"))

    await until(lambda: some_are(day, ReminderState.PLANNED, "visit-cora"))


async def test_what_another_node_took_in_is_read_here(day: Day) -> None:
    await day.put(*booked("eve"))

    hint = Hint("Appointment", "visit-eve")
    await day.app.store.pushed.add(CONNECTION, [hint], at=day.clock())

    await until(lambda: some_are(day, ReminderState.PLANNED, "visit-eve"))


async def test_a_stranger_makes_us_read_nothing(day: Day, endpoint: str) -> None:
    await day.put(*booked("dora"))

    async with loopback_client(endpoint) as stranger:
        answer = await stranger.put(
            f"{endpoint}/Appointment/visit-dora",
            headers={"Authorization": "Bearer guessed"},
        )

    assert answer.status_code == 403
    assert await day.app.store.appointments.bookings("visit-dora") == []
