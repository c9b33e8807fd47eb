import asyncio
import shutil
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from reminder.flows.keep import KeepReport
from reminder.messages.render import Renderer
from reminder.model.messages import MessageState
from reminder.model.outcomes import Accepted, Outcome, Rejected, Uncertain
from reminder.model.people import Channel, ContactPoint
from reminder.resources import bundled
from reminder.store.keyring import KeyRing
from tests.flows.world import (
    EMAIL,
    LEASE,
    NOW,
    SMS,
    TOMORROW,
    House,
    patient,
    visit,
)

REPORT_DELAY = timedelta(minutes=3)


async def dies() -> None:
    """The process is killed, as far as a process can see that of itself."""
    raise asyncio.CancelledError


async def killed_while_sending(house: House) -> None:
    """A node marks its message as sending, hands it over, and is no more."""
    house.mail.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await house.dispatching("dead").run()


async def test_what_a_dead_node_had_only_claimed_is_sent_by_another(
    any_house: House,
) -> None:
    house = any_house
    await house.read_and_plan(visit(), patient())
    house.ehr.meanwhile = dies
    house.clock.move_on(seconds=61)
    with pytest.raises(asyncio.CancelledError):
        await house.dispatching("dead").run()

    early = await house.keep.run()
    await house.dispatch.run()
    nothing_yet = list(house.sent)
    house.clock.now += LEASE
    report = await house.keep.run()
    await house.dispatch.run()

    assert (early, nothing_yet) == (KeepReport(), [])
    assert report == KeepReport(requeued=1)
    assert house.sent == [EMAIL]
    assert await house.reminders() == ["day sent"]


async def test_what_a_dead_node_may_have_sent_is_asked_about_first(
    any_house: House,
) -> None:
    house = any_house
    house.mail.known = Accepted("250 queued")
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)

    house.clock.now += LEASE
    doubted = await house.keep.run()
    await house.dispatch.run()
    not_again = list(house.sent)
    house.clock.now += REPORT_DELAY
    asked = await house.keep.run()
    await house.dispatch.run()

    assert doubted == KeepReport(uncertain=1)
    assert asked == KeepReport(reconciled=1)
    assert not_again == [EMAIL]
    assert house.sent == [EMAIL]
    assert [one.message_id for one in house.mail.asked] == [
        house.mail.sent[0].message_id
    ]
    assert await house.reminders() == ["day sent"]
    assert await house.messages() == {MessageState.SENT: 1}


async def doubt_and_ask(house: House) -> None:
    """Time for the lease to run out, for a report to come, and to be sent again."""
    house.clock.now += LEASE
    await house.keep.run()
    house.clock.now += REPORT_DELAY
    await house.keep.run()
    await house.dispatch.run()


@pytest.mark.parametrize(
    "known",
    [
        pytest.param(None, id="cannot-know"),
        pytest.param(ZeroDivisionError("a bug"), id="raises"),
    ],
)
async def test_what_nobody_knows_of_is_sent_once_more_under_the_same_id(
    any_house: House, known: Outcome | Exception | None
) -> None:
    house = any_house
    house.mail.known = known
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)

    await doubt_and_ask(house)

    first, second = house.mail.sent
    assert (first.message_id, first.content) == (second.message_id, second.content)
    assert await house.reminders() == ["day sent"]


async def test_what_stays_unknown_goes_by_the_next_channel_and_not_a_third_time(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)

    house.mail.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await doubt_and_ask(house)
    await doubt_and_ask(house)
    await doubt_and_ask(house)

    assert house.sent == [EMAIL, EMAIL, SMS]
    assert await house.reminders() == ["day sent"]


async def test_where_no_channel_is_left_it_is_never_counted_as_sent(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient(contact_points=(EMAIL,)))
    await killed_while_sending(house)

    house.mail.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await doubt_and_ask(house)
    await doubt_and_ask(house)
    await doubt_and_ask(house)

    assert house.sent == [EMAIL, EMAIL]
    assert await house.reminders() == ["day failed delivery-unknown"]
    assert await house.worklist() == ["unreachable main/a1/p1"]


async def test_what_was_refused_after_all_goes_by_the_next_channel(
    house: House,
) -> None:
    house.mail.known = Rejected("550 5.1.1")
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)

    await doubt_and_ask(house)

    assert house.sent == [EMAIL, SMS]
    assert await house.reminders() == ["day sent"]


async def test_a_visit_cancelled_in_the_meantime_is_not_sent_once_more(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)
    house.ehr.put(patient(deceased=True))

    await doubt_and_ask(house)

    assert house.sent == [EMAIL]
    assert await house.reminders() == ["day withdrawn deceased"]


async def test_what_is_no_longer_useful_ends_on_the_worklist(
    any_house: House,
) -> None:
    house = any_house
    await house.read_and_plan(visit(), patient())

    house.clock.now = TOMORROW - timedelta(minutes=31)
    early = await house.keep.run()
    house.clock.move_on(minutes=1)
    report = await house.keep.run()

    assert early == KeepReport()
    assert report == KeepReport(expired=1)
    assert await house.reminders() == ["day expired no-longer-useful"]
    [entry] = await house.store.worklist.open()
    assert (entry.kind, entry.appointment) == ("unreachable", visit().key)
    assert entry.details == ("no-longer-useful",)


async def test_a_message_of_a_transport_that_is_no_more_does_not_stop_the_others(
    house: House,
) -> None:
    """The second message was uncertain when somebody took its transport away."""
    house.phone.known = Accepted("SM1")
    await house.read_and_plan(
        *(visit(), patient()),
        *(visit("a2", "p2"), patient("p2", contact_points=(SMS,))),
    )
    house.mail.meanwhile = house.phone.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await house.dispatching("dead").run()
    del house.by_name["smtp"]

    house.clock.now += LEASE
    await house.keep.run()
    house.clock.now += REPORT_DELAY
    report = await house.keep.run()

    assert report == KeepReport(reconciled=2)
    assert await house.reminders("a2") == ["day sent"]


async def test_a_message_that_cannot_be_made_any_more_does_not_stop_the_others(
    house: House, ring: KeyRing, tmp_path: Path
) -> None:
    house.phone.known = Accepted("SM1")
    await house.read_and_plan(
        *(visit(), patient()),
        *(visit("a2", "p2"), patient("p2", contact_points=(SMS,))),
    )
    house.mail.meanwhile = house.phone.meanwhile = dies
    with pytest.raises(asyncio.CancelledError):
        await house.dispatching("dead").run()
    folder = tmp_path / "templates"
    shutil.copytree(bundled("templates"), folder)
    (folder / "email" / "en" / "reminder.txt").write_text("{{ nobody }}")
    spoilt = House(house.store, ring, Renderer(folder))
    spoilt.phone.known = Accepted("SM1")

    spoilt.clock.now = NOW + LEASE
    await spoilt.keep.run()
    spoilt.clock.now += REPORT_DELAY
    report = await spoilt.keep.run()

    assert report == KeepReport(reconciled=2)
    assert await house.reminders("a2") == ["day sent"]


async def test_however_many_are_uncertain_all_are_asked_about(house: House) -> None:
    house.mail.known = Accepted("250 queued")
    for number in range(11):
        name, who = f"a{number}", f"p{number}"
        to = ContactPoint(Channel.EMAIL, f"{who}@example.org")
        house.ehr.put(visit(name, who), patient(who, contact_points=(to,)))
    await house.read_and_plan()
    house.mail.answers = [Uncertain("ReadTimeout")] * 11
    await house.dispatch.run()

    house.clock.now += REPORT_DELAY
    report = await house.keep.run()

    assert report == KeepReport(reconciled=11)
    assert await house.messages() == {MessageState.SENT: 11}


async def test_a_round_that_found_nothing_says_nothing(house: House) -> None:
    await house.read_and_plan(visit(), patient())

    with capture_logs() as logs:
        report = await house.keep.run()

    assert (report, logs) == (KeepReport(), [])


async def test_two_nodes_may_keep_house_at_once(any_house: House) -> None:
    house = any_house
    house.mail.known = Accepted("250 queued")
    await house.read_and_plan(visit(), patient())
    await killed_while_sending(house)
    house.clock.now += LEASE
    await house.keep.run()
    house.clock.now += REPORT_DELAY

    reports = await asyncio.gather(
        house.keeping("one").run(), house.keeping("two").run()
    )

    assert sum(report.reconciled for report in reports) == 1
    assert len(house.mail.asked) == 1
    assert await house.reminders() == ["day sent"]


async def test_a_round_says_what_it_found_without_saying_of_whom(
    house: House,
) -> None:
    await house.read_and_plan(replace(visit()), patient())
    house.clock.now = TOMORROW

    with capture_logs() as logs:
        await house.keep.run()

    assert logs == [
        {
            "event": "kept_house",
            "log_level": "info",
            "requeued": 0,
            "uncertain": 0,
            "reconciled": 0,
            "expired": 1,
            "unknown": 0,
        }
    ]


async def test_what_nobody_reported_for_a_day_is_called_unknown_within_the_hour(
    any_house: House,
) -> None:
    house, keep = any_house, any_house.keeping("one")
    await house.read_and_plan(visit(), patient(contact_points=(SMS,)))
    house.clock.move_on(seconds=61)
    await house.dispatch.run()
    await keep.run()

    found = []
    for _ in range(4):
        house.clock.now += timedelta(hours=8)
        found += [(await keep.run()).unknown, (await keep.run()).unknown]

    assert found == [0, 0, 0, 0, 1, 0, 0, 0]
    assert await house.store.queue.counts() == {MessageState.UNKNOWN: 1}
