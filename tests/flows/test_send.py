import asyncio
from dataclasses import dataclass
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from reminder.flows.composing import Composing
from reminder.flows.dispatch import Dispatch, Limits
from reminder.flows.fresh import Fresh
from reminder.flows.send import Send
from reminder.model.messages import MessageState, Protection
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.settlements import Settlement
from reminder.store.errors import StoreUnavailable
from reminder.store.queue import MessageQueue
from tests.flows.world import (
    BOTH,
    EMAIL,
    LEASE,
    MAIN,
    NOW,
    OPENS,
    SMS,
    TOMORROW,
    House,
    patient,
    visit,
)

MINUTE = timedelta(minutes=1)


def minutes_from_now(house: House, instant) -> float:
    return (instant - house.clock.now) / MINUTE


@dataclass(frozen=True)
class Then:
    """What the store says after one try, and minutes until the next thing is due."""

    reminder: str
    message: MessageState
    next_in: float | None = None
    worklist: tuple[str, ...] = ()


UNREACHABLE = "unreachable main/a1/p1"
UNPROTECTED = "transport-unprotected smtp"
REFUSED = "sender-refused smtp"


@pytest.mark.parametrize(
    ("outcome", "then"),
    [
        pytest.param(
            Accepted("250 queued"), Then("day sent", MessageState.SENT), id="accepted"
        ),
        pytest.param(
            Deferred("451 4.7.1"),
            Then("day in-message", MessageState.DEFERRED, 1),
            id="deferred-is-tried-again-after-a-minute",
        ),
        pytest.param(
            Deferred("421", after=timedelta(minutes=7)),
            Then("day in-message", MessageState.DEFERRED, 7),
            id="deferred-as-long-as-the-far-side-wants",
        ),
        pytest.param(
            Deferred("no-starttls", policy=True),
            Then("day in-message", MessageState.DEFERRED, 1, (UNPROTECTED,)),
            id="unprotected-waits-and-the-worklist-says-why",
        ),
        pytest.param(
            Rejected("550 5.1.1"),
            Then("day failed not-delivered", MessageState.FAILED, None, (UNREACHABLE,)),
            id="rejected-address",
        ),
        pytest.param(
            Rejected("550 5.7.1", Scope.CONTENT),
            Then("day failed not-delivered", MessageState.FAILED, None, (UNREACHABLE,)),
            id="rejected-content",
        ),
        pytest.param(
            Rejected("21610", Scope.OPTED_OUT),
            Then(
                "day failed address-opted-out",
                MessageState.FAILED,
                None,
                (UNREACHABLE,),
            ),
            id="rejected-because-they-said-stop",
        ),
        pytest.param(
            Rejected("535 5.7.8", Scope.ACCOUNT),
            Then("day in-message", MessageState.DEFERRED, 15, (REFUSED,)),
            id="rejected-account-is-tried-again-and-it-is-told",
        ),
        pytest.param(
            Uncertain("ReadTimeout"),
            Then("day in-message", MessageState.UNCERTAIN, 3),
            id="uncertain-is-not-sent-again-unasked",
        ),
        pytest.param(
            ZeroDivisionError("a bug, and in its words a patient's address"),
            Then("day in-message", MessageState.UNCERTAIN, 3),
            id="what-a-transport-raises-is-uncertain",
        ),
    ],
)
async def test_every_outcome_is_written_down(
    house: House, outcome: Outcome | Exception, then: Then
) -> None:
    house.mail.answers = [outcome]
    await house.read_and_plan(visit(), patient(contact_points=(EMAIL,)))

    with capture_logs() as logs:
        await house.dispatch.run()

    due_at = await house.store.queue.next_due_at()
    assert house.sent == [EMAIL]
    assert await house.reminders() == [then.reminder]
    assert await house.messages() == {then.message: 1}
    assert (due_at and minutes_from_now(house, due_at)) == then.next_in
    assert await house.worklist() == [*then.worklist]
    assert len(await house.store.reminders.tries_of("a1")) == 1
    assert "patient's address" not in str(logs)


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Rejected("550 5.1.1"), id="rejected-address"),
        pytest.param(Rejected("550 5.7.1", Scope.CONTENT), id="rejected-content"),
        pytest.param(Rejected("21610", Scope.OPTED_OUT), id="opted-out"),
    ],
)
async def test_who_has_another_channel_is_told_by_it_at_once(
    any_house: House, outcome: Outcome
) -> None:
    house = any_house
    house.mail.answers = [outcome]
    await house.read_and_plan(visit(), patient())

    await house.dispatch.run()

    assert house.sent == [EMAIL, SMS]
    assert await house.reminders() == ["day sent"]
    assert await house.worklist() == []
    first, second = await house.store.reminders.tries_of("a1")
    assert first.message_id != second.message_id
    assert house.phone.sent[0].protection is Protection.PICKUP


async def test_who_said_stop_is_not_written_to_there_again(house: House) -> None:
    house.mail.answers = [Rejected("21610", Scope.OPTED_OUT)]
    await house.read_and_plan(visit(), patient(), visit("a2"))

    await house.dispatch.run()

    assert house.sent == [EMAIL, SMS]
    [person] = await house.store.appointments.people([visit().key.patient])
    assert person.blocked == {EMAIL}


async def until_it_ends(house: House, at_most: int = 40) -> list[float]:
    """Send whenever something is due; the minutes between one try and the next."""
    tries, waits = 0, []
    last = house.clock.now
    for _ in range(at_most):
        await house.dispatch.run()
        if len(house.sent) > tries:
            waits.append((house.clock.now - last) / MINUTE)
            tries, last = len(house.sent), house.clock.now
        due_at = await house.store.queue.next_due_at()
        if due_at is None:
            return waits[1:]
        house.clock.now = max(due_at, house.clock.now)
    raise AssertionError("it never ends")


async def test_a_relay_that_never_has_time_is_asked_less_and_less_often(
    house: House,
) -> None:
    house.mail.answers = [Deferred("451 4.7.1")] * 40
    await house.read_and_plan(visit(), patient())

    waits = await until_it_ends(house)

    assert house.sent == [EMAIL] * 8 + [SMS]
    assert waits == [1, 5, 15, 30, 60, 60, 60]
    assert await house.reminders() == ["day sent"]


async def test_every_try_carries_the_same_id_and_the_same_link(house: House) -> None:
    house.mail.answers = [Deferred("451"), Deferred("451")]
    await house.read_and_plan(visit(), patient())

    await until_it_ends(house)

    first, *others = house.mail.sent
    assert [one.attempt for one in house.mail.sent] == [1, 2, 3]
    assert len(others) == 2
    assert {one.message_id for one in house.mail.sent} == {first.message_id}
    assert {one.content.text for one in house.mail.sent} == {first.content.text}
    assert "https://links.example.org/r/" in first.content.text


async def test_when_every_channel_failed_the_worklist_tells_each_try(
    house: House,
) -> None:
    house.mail.answers = [Deferred("451 4.7.1"), Rejected("550 5.1.1")]
    house.phone.answers = [Rejected("30003")]
    await house.read_and_plan(visit(), patient())

    async def a_second_passes() -> None:
        house.clock.move_on(seconds=1)

    house.phone.meanwhile = a_second_passes
    await until_it_ends(house)

    assert await house.reminders() == ["day failed not-delivered"]
    [entry] = await house.store.worklist.open()
    assert (entry.kind, entry.appointment) == ("unreachable", visit().key)
    assert entry.clinic_id == "elm"
    assert entry.details == (
        "not-delivered",
        "2027-03-02T15:00:00+00:00 smtp deferred 451 4.7.1",
        "2027-03-02T15:01:00+00:00 smtp rejected 550 5.1.1",
        "2027-03-02T15:01:01+00:00 sms rejected 30003",
    )
    assert "example.org" not in str(entry)
    assert "5550101" not in str(entry)


async def test_the_last_channel_is_tried_as_long_as_it_is_of_use(
    house: House,
) -> None:
    house.mail.answers = [Deferred("451 4.7.1")] * 40
    await house.read_and_plan(visit(), patient(contact_points=(EMAIL,)))

    waits = await until_it_ends(house)

    assert waits[:6] == [1, 5, 15, 30, 60, 60]
    assert house.clock.now >= OPENS
    assert house.clock.now < TOMORROW
    assert await house.reminders() == ["day expired no-longer-useful"]
    assert await house.worklist() == [UNREACHABLE]


async def test_where_encryption_is_never_proven_the_next_channel_is_used(
    house: House,
) -> None:
    house.mail.answers = [Deferred("no-starttls", policy=True)] * 40
    await house.read_and_plan(visit(), patient())

    await until_it_ends(house)

    assert house.sent[-1] == SMS
    assert await house.reminders() == ["day sent"]
    assert await house.worklist() == [UNPROTECTED]


async def test_where_it_is_never_proven_and_no_channel_is_left_the_reason_is_that(
    house: House,
) -> None:
    house.mail.answers = [Deferred("no-starttls", policy=True)] * 40
    await house.read_and_plan(visit(), patient(contact_points=(EMAIL,)))

    await until_it_ends(house)

    assert await house.reminders() == ["day failed not-protected"]
    assert sorted(await house.worklist()) == [UNPROTECTED, UNREACHABLE]


async def test_no_address_and_no_text_is_logged(house: House) -> None:
    house.mail.answers = [Deferred("451 4.7.1")]
    await house.read_and_plan(visit(), patient())

    with capture_logs() as logs:
        await until_it_ends(house)

    [deferred, sent] = [line for line in logs if "transport" in line]
    assert (deferred["event"], deferred["code"]) == (
        "did_not_send_message",
        "451 4.7.1",
    )
    assert sent["event"] == "sent_message"
    for secret in ("Ana", "Okafor", "example.org", "5550101", "links."):
        assert secret not in str(logs)


class Forgetful:
    """A queue whose database does not answer when a try is to be written down."""

    def __init__(self, queue: MessageQueue) -> None:
        self._queue = queue
        self.is_down = True

    async def settle(self, settlements: list[Settlement], *, now) -> set:
        if self.is_down:
            raise StoreUnavailable("57P01")
        return await self._queue.settle(settlements, now=now)

    def __getattr__(self, name: str):
        return getattr(self._queue, name)


def dispatch_over(
    house: House,
    queue: Forgetful | MessageQueue,
    composing: Composing,
    lease: timedelta = LEASE,
) -> Dispatch:
    limit = timedelta(seconds=60)
    return Dispatch(
        queue=queue,
        composing=composing,
        fresh=Fresh({MAIN: house.ehr}, house.store.appointments, house.clock, limit),
        send=Send(house.lanes, queue, house.clock, lease=lease, in_flight=2),
        replan=house.plan.again,
        clinics=house.clinics,
        channels=BOTH,
        limits=Limits(lease=lease),
        clock=house.clock,
    )


async def test_what_was_sent_is_written_down_once_the_database_answers_again(
    any_house: House,
) -> None:
    house = any_house
    queue = Forgetful(house.store.queue)
    dispatch = dispatch_over(house, queue, house.composing)
    await house.read_and_plan(visit(), patient())

    with pytest.raises(StoreUnavailable):
        await dispatch.run()
    in_doubt = await house.messages()
    queue.is_down = False
    await dispatch.run()

    assert in_doubt == {MessageState.SENDING: 1}
    assert await house.messages() == {MessageState.SENT: 1}
    assert house.sent == [EMAIL]


async def test_a_lane_that_fails_leaves_the_others_to_finish(house: House) -> None:
    await house.read_and_plan(
        *(visit(), patient()),
        *(visit("a2", "p2"), patient("p2", contact_points=(SMS,))),
    )

    class NoMail(Forgetful):
        async def settle(self, settlements, *, now) -> set:
            if any(one.delivery.transport == "smtp" for one in settlements):
                raise StoreUnavailable("57P01")
            return await self._queue.settle(settlements, now=now)

    dispatch = dispatch_over(house, NoMail(house.store.queue), house.composing)
    with pytest.raises(StoreUnavailable):
        await dispatch.run()

    assert await house.reminders("a2") == ["day sent"]
    assert house.clock.now == NOW


async def test_a_far_side_that_never_answers_is_given_up_before_the_lease_is_over(
    house: House,
) -> None:
    await house.read_and_plan(visit(), patient())
    house.mail.meanwhile = asyncio.Event().wait
    lease = timedelta(milliseconds=100)

    await dispatch_over(house, house.store.queue, house.composing, lease).run()

    assert await house.messages() == {MessageState.UNCERTAIN: 1}
    [tried] = await house.store.reminders.tries_of("a1")
    assert tried.outcome == Uncertain("TimeoutError")
