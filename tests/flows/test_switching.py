"""Of two ways out for one channel the healthy one gets more, and each message one."""

from collections import Counter
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.flows.lanes import Lane, Lanes
from reminder.model.messages import MessageState
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.people import Channel, ContactPoint
from reminder.rules.sending_limits import SendingLimits
from tests.flows.world import House, RecordingTransport, patient, visit

MINUTE = timedelta(minutes=1)
MANY = 40
UNLIMITED = SendingLimits()


class TwoWays:
    """A house that sends text messages by two providers."""

    def __init__(
        self,
        house: House,
        weights: tuple[float, float] = (1, 1),
        limits: SendingLimits = UNLIMITED,
    ) -> None:
        self.house = house
        self.first, self.second = house.phone, RecordingTransport("other")
        house.by_name["other"] = self.second
        days, (one, other) = house.store.sent_days, weights
        lanes = [
            Lane(self.first, limits, days, weight=one),
            Lane(self.second, limits, days, weight=other),
        ]
        house.lanes = Lanes(
            {Channel.EMAIL: [Lane(house.mail)], Channel.SMS: lanes}, house.clock
        )
        house.dispatch = house.dispatching("one")
        self.patients = 0

    async def send(self, number: int = MANY) -> tuple[int, int]:
        """Send to so many new patients; how many tries went each way."""
        before, start_at = self.sent, self.house.clock.now + timedelta(hours=24)
        for _ in range(number):
            self.patients += 1
            name, phone = f"n{self.patients}", f"+1212555{1000 + self.patients}"
            self.house.ehr.put(
                visit(name, name, start_at=start_at),
                patient(name, contact_points=(ContactPoint(Channel.SMS, phone),)),
            )
        await self.house.sync.run(everything=True)
        await self.house.plan.run()
        await self.house.dispatch.run()
        first, second = self.sent
        return first - before[0], second - before[1]

    @property
    def sent(self) -> tuple[int, int]:
        return len(self.first.sent), len(self.second.sent)

    async def names(self) -> Counter[str]:
        """By which transport what message went, as the store has it."""
        tries = []
        for number in range(1, self.patients + 1):
            tries += await self.house.store.reminders.tries_of(f"n{number}")
        return Counter(one.transport for one in tries)


async def test_while_all_is_well_each_gets_its_share(house: House) -> None:
    ways = TwoWays(house, (3, 1))

    first, second = await ways.send()

    assert first + second == MANY
    assert 5 <= second <= 15


async def test_the_store_names_the_way_each_really_went(any_house: House) -> None:
    ways = TwoWays(any_house)

    first, second = await ways.send(12)

    assert await ways.names() == {"sms": first, "other": second}
    assert first
    assert second


@pytest.mark.parametrize(
    "outcome",
    [
        Deferred("ConnectError"),
        Deferred("certificate-expired", policy=True),
        Uncertain("ReadTimeout"),
        Rejected("twilio 20003", Scope.ACCOUNT),
        ZeroDivisionError("a bug"),
    ],
    ids=lambda outcome: type(outcome).__name__,
)
async def test_what_fails_gets_hardly_anything_any_more(
    house: House, outcome: Outcome | Exception
) -> None:
    ways = TwoWays(house)
    ways.first.answers = [outcome] * 1000
    await ways.send()
    house.clock.now += MINUTE

    with capture_logs() as logs:
        first, second = await ways.send()

    # What was deferred the first time is tried again now, mostly the other way.
    assert first <= 8
    assert second >= MANY - 8
    moved = {one["transport"]: one for one in logs if one["event"] == "moved_share"}
    assert (moved["sms"]["share"], moved["other"]["share"]) == (0.05, 0.95)
    assert "+1212555" not in str(moved)


@pytest.mark.parametrize(
    "outcome",
    [Rejected("21211"), Rejected("21610", Scope.OPTED_OUT), Accepted("SM1")],
    ids=["address", "opted-out", "accepted"],
)
async def test_what_is_wrong_with_a_message_is_not_held_against_the_way(
    house: House, outcome: Outcome
) -> None:
    ways = TwoWays(house)
    ways.first.answers = [outcome] * 1000
    await ways.send()
    house.clock.now += MINUTE

    first, _ = await ways.send()

    assert first >= 10


async def test_what_is_slow_loses_as_what_fails(house: House) -> None:
    ways = TwoWays(house)

    async def slowly() -> None:
        house.clock.now += timedelta(seconds=6)

    for _ in range(MANY):
        ways.first.meanwhile = slowly
        await ways.send(1)
        if len(ways.first.sent) == 8:
            break
    house.clock.now += MINUTE
    first, second = await ways.send()

    assert second > 3 * first


async def test_a_backup_gets_something_only_while_the_other_is_in_trouble(
    house: House,
) -> None:
    ways = TwoWays(house, (1, 0))
    ways.first.answers = [Deferred("ConnectError")] * 10
    assert await ways.send(10) == (10, 0)
    house.clock.now += MINUTE

    _, second = await ways.send(10)

    assert second >= 15
    assert await house.messages() == {MessageState.SENT: 20}


async def test_it_drifts_back_when_it_is_well_again(house: House) -> None:
    ways = TwoWays(house, (1, 0))
    ways.first.answers = [Deferred("ConnectError")] * 10
    await ways.send(10)
    house.clock.now += MINUTE
    await ways.send(10)

    for _ in range(11):
        house.clock.now += 5 * MINUTE
        await ways.send(1)

    assert await ways.send(10) == (10, 0)


async def test_one_that_may_have_gone_stays_with_the_way_it_may_have_gone(
    any_house: House,
) -> None:
    """Asked about there, and there sent once more, although the other is healthier."""
    house = any_house
    ways = TwoWays(house)
    ways.first.answers = [Uncertain("ReadTimeout")] * 1000
    await ways.send(20)
    uncertain = [one.message_id for one in ways.first.sent]
    ways.first.answers = []
    house.clock.now += 4 * MINUTE

    await house.keep.run()
    await house.dispatch.run()

    asked = {one.message_id for one in ways.first.asked}
    assert asked == {*uncertain}
    assert ways.second.asked == []
    again = [one.message_id for one in ways.first.sent[len(uncertain) :]]
    assert sorted(again) == sorted(uncertain)
    assert await house.messages() == {MessageState.SENT: 20}


async def test_a_way_that_is_full_for_the_day_leaves_the_rest_to_the_other(
    any_house: House,
) -> None:
    house = any_house
    ways = TwoWays(house, (1, 1), SendingLimits(per_day=24))
    day = house.clock.now.date()
    await house.store.sent_days.take("sms", day, [24], at_most=24)

    assert await ways.send(6) == (0, 6)


async def test_two_that_are_limited_take_together_what_each_takes(
    house: House,
) -> None:
    ways = TwoWays(house, (1, 1), SendingLimits(per_s=3))

    first, second = await ways.send(10)

    assert (first, second) == (3, 3)
