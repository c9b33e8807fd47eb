"""What the settings say of a transport holds for its lane."""

from datetime import timedelta
from pathlib import Path

from reminder.app.lanes import lanes
from reminder.model.people import Channel
from reminder.rules.sending_limits import Room
from reminder.store.store import Store
from tests.app.places import SETTINGS, install
from tests.fakes import FakeClock
from tests.flows.world import NOW, RecordingTransport


async def test_a_lane_has_the_limits_of_its_transport(
    tmp_path: Path, store: Store
) -> None:
    text = SETTINGS + "segments_per_s = 3\nsegments_per_day = 240\n"
    mail, clock = RecordingTransport("smtp"), FakeClock(NOW)

    made = lanes(
        install(tmp_path, text).settings,
        {Channel.EMAIL: [mail]},
        store.sent_days,
        clock,
    )

    assert made.first(Channel.EMAIL).transport is mail
    assert await made.rooms() == {Channel.EMAIL: Room(3, 3)}
    await store.sent_days.take("smtp", NOW.date(), [239], at_most=240)
    clock.now += timedelta(seconds=1)
    assert await made.rooms() == {Channel.EMAIL: Room(0, 1)}
