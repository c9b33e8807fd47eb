"""What Twilio's error codes do to a message, in an answer or in a later report."""

from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as drawn
from hypothesis import strategies as st
from sqlalchemy import select

from reminder.model.answers import WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage
from reminder.model.outcomes import (
    Accepted,
    DeliveryEvent,
    DeliveryState,
    Evidence,
    Rejected,
    Scope,
)
from reminder.model.settlements import Sent
from reminder.model.worklist import WorklistKind
from reminder.rules.retries import after
from reminder.store.answers import AnswerStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.reminders import ReminderStore
from reminder.store.statements import table
from reminder.store.tables import DeliveryEventRow, DeliveryRow
from reminder.store.worklist import Worklist
from reminder.transports.twilio_answers import (
    failure_scope,
    is_passing,
    read_failure,
    read_refusal,
)
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    MINUTE,
    NOON,
    START,
    VISIT,
    answer,
    claim,
    given,
    message_row,
    new_link,
    planned,
    reminders,
    send,
    sending,
    settlement,
    states,
    tries,
)

SENT, DELIVERED, FAILED = DeliveryState
LATER = NOON + timedelta(minutes=30)
AGAIN = ("deferred", "in-message route 0")
ELSEWHERE = ("failed", "planned route 1")
REFUSED = [WorklistKind.SENDER_REFUSED]


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


def failure(message_id: UUID, code: int, provider_id: str = "SM1") -> DeliveryEvent:
    scope = failure_scope(code)
    return DeliveryEvent(
        message_id=message_id,
        provider_id=provider_id,
        state=FAILED,
        code=f"twilio {code}",
        opted_out=scope is Scope.OPTED_OUT,
        scope=scope,
        passing=is_passing(code),
    )


async def open_kinds(database: Database, ring: KeyRing) -> list[WorklistKind]:
    return [entry.kind for entry in await Worklist(database, ring).open()]


@pytest.mark.parametrize(
    ("code", "ends", "worklist"),
    [
        pytest.param(21211, ELSEWHERE, [], id="21211 no number"),
        pytest.param(21610, ELSEWHERE, [], id="21610 opted out"),
        pytest.param(21614, ELSEWHERE, [], id="21614 no mobile"),
        pytest.param(30003, AGAIN, [], id="30003 phone off"),
        pytest.param(30004, ELSEWHERE, REFUSED, id="30004 blocked"),
        pytest.param(30005, ELSEWHERE, [], id="30005 unknown number"),
        pytest.param(30006, ELSEWHERE, [], id="30006 landline"),
        pytest.param(30007, ELSEWHERE, REFUSED, id="30007 filtered"),
        pytest.param(30008, AGAIN, [], id="30008 nobody knows"),
        pytest.param(30034, AGAIN, REFUSED, id="30034 not registered"),
        pytest.param(30036, AGAIN, [], id="30036 validity over"),
        pytest.param(39999, ELSEWHERE, [], id="39999 new"),
    ],
)
async def test_what_a_report_with_an_error_code_does(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    code: int,
    ends: tuple[str, str],
    worklist: list[WorklistKind],
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await send(queue)

    assert await queue.record_event(failure(message.message_id, code), now=NOON)

    assert (await states(database), await reminders(database)) == (
        [ends[0]],
        {"a1/day": ends[1]},
    )
    assert await open_kinds(database, ring) == worklist


@pytest.mark.parametrize(
    ("status", "code", "ends", "worklist"),
    [
        pytest.param(401, 20003, AGAIN, REFUSED, id="20003 no right"),
        pytest.param(429, 20429, AGAIN, [], id="20429 too many"),
        pytest.param(429, None, AGAIN, [], id="429"),
        pytest.param(
            503, None, ("uncertain", "in-message route 0"), [], id="503 perhaps sent"
        ),
        pytest.param(400, 21211, ELSEWHERE, [], id="21211 no number"),
        pytest.param(400, 21217, ELSEWHERE, [], id="21217 no number"),
        pytest.param(400, 21614, ELSEWHERE, [], id="21614 no mobile"),
        pytest.param(400, 21408, AGAIN, REFUSED, id="21408 region"),
        pytest.param(400, 21610, ELSEWHERE, [], id="21610 opted out"),
        pytest.param(400, 30007, ELSEWHERE, REFUSED, id="30007 filtered"),
        pytest.param(400, 30034, AGAIN, REFUSED, id="30034 not registered"),
        pytest.param(400, 21999, ELSEWHERE, [], id="21999 new"),
    ],
)
async def test_what_an_answer_with_an_error_code_does(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    status: int,
    code: int | None,
    ends: tuple[str, str],
    worklist: list[WorklistKind],
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await claim(queue)
    outcome = read_refusal(status, code, None, Evidence())
    stopped = isinstance(outcome, Rejected) and outcome.scope is Scope.OPTED_OUT

    await send_as(queue, message, outcome, opted_out=stopped)

    assert (await states(database), await reminders(database)) == (
        [ends[0]],
        {"a1/day": ends[1]},
    )
    assert await open_kinds(database, ring) == worklist


async def send_as(queue, message, outcome, **flags):
    await sending(queue, [message])
    then = after(outcome, message, NOON, has_next_route=True)
    await queue.settle([settlement(message, then, outcome, **flags)], now=NOON)


@pytest.mark.parametrize(
    ("code", "ends"),
    [(30003, AGAIN), (30008, AGAIN), (30036, AGAIN), (30005, ELSEWHERE)],
)
async def test_what_is_found_given_up_when_twilio_is_asked(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    code: int,
    ends: tuple[str, str],
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await claim(queue)

    await send_as(queue, message, read_failure(code, Evidence()))

    assert (await states(database), await reminders(database)) == (
        [ends[0]],
        {"a1/day": ends[1]},
    )


async def test_a_phone_that_was_off_is_tried_once_more_and_then_another_way(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [first] = await send(queue)
    await queue.record_event(failure(first.message_id, 30003), now=NOON)
    [kept] = await ReminderStore(database, ring).of_appointment("a1")
    assert kept.told_at is None
    assert await claim(queue, now=LATER - MINUTE) == []

    [second] = await claim(queue, now=LATER)
    assert (second.message_id, second.attempt) == (first.message_id, 2)
    await sending(queue, [second], now=LATER)
    again = settlement(second, Sent(), Accepted("SM2"), at=LATER)
    await queue.settle([again], now=LATER)
    late = await queue.record_event(failure(first.message_id, 30003), now=LATER)
    news = await queue.record_event(failure(first.message_id, 30003, "SM2"), now=LATER)

    assert (late, news) == (False, True)
    assert await states(database) == ["failed"]
    assert await reminders(database) == {"a1/day": "planned route 1"}


async def test_the_only_address_gets_a_human_after_the_second_failure(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)
    await queue.record_event(failure(message.message_id, 30008), now=NOON)
    await send(queue, outcome=Accepted("SM2"), now=LATER)

    await queue.record_event(failure(message.message_id, 30008, "SM2"), now=LATER)

    assert await reminders(database) == {"a1/day": "failed not-delivered route 0"}
    assert await open_kinds(database, ring) == [WorklistKind.UNREACHABLE]


async def test_what_is_stale_is_not_sent_again(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)

    late = START - timedelta(minutes=10)
    await queue.record_event(failure(message.message_id, 30036), now=late)

    assert await states(database) == ["failed"]
    assert await reminders(database) == {"a1/day": "expired no-longer-useful route 0"}


async def test_what_was_answered_meanwhile_is_not_sent_again(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue)
    await AnswerStore(database, ring).record(
        answer(), write_back=WriteBackKind.CONFIRM, now=NOON, first_try_at=NOON
    )

    await queue.record_event(failure(message.message_id, 30003), now=NOON)

    assert await states(database) == ["failed"]
    assert await claim(queue, now=LATER) == []


async def test_a_new_link_is_sent_once_more_too(
    queue: MessageQueue, database: Database
) -> None:
    message_id = await queue.enqueue(new_link(), now=NOON)
    await send(queue)

    await queue.record_event(failure(message_id, 30003), now=NOON)

    [again] = await claim(queue, now=LATER)
    assert (again.message_id, again.appointments) == (message_id, (VISIT,))


async def test_a_failure_before_the_settlement_asks_for_another_try_all_the_same(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))
    [message] = await claim(queue)
    await sending(queue, [message])
    await queue.record_event(failure(message.message_id, 30003), now=NOON)

    settled = await queue.settle([settlement(message, Sent())], now=NOON)

    row = await message_row(database, message.message_id)
    assert (settled, row.state, row.next_try_at) == (
        {message.message_id},
        "deferred",
        LATER,
    )
    assert len(await tries(database)) == 1


async def test_a_report_keeps_what_the_message_cost(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned(routes=(ANAS_PHONE,)))
    [message] = await send(queue, outcome=Accepted("SM1", segments=2))
    told = DeliveryEvent(
        message_id=message.message_id,
        provider_id="SM1",
        state=DELIVERED,
        segments=2,
        price="0.0158",
        currency="USD",
    )

    await queue.record_event(told, now=NOON)

    async with database.read() as session:
        event = (await session.execute(select(table(DeliveryEventRow)))).one()
        delivery = (await session.execute(select(table(DeliveryRow)))).one()
    assert (event.segments, event.price, event.currency) == (2, "0.0158", "USD")
    assert delivery.segments == 2
    [kept] = await tries(database)
    assert kept.outcome == Accepted("SM1", segments=2)


HISTORIES = st.sampled_from(["delivered", "hard", "soft"])


@drawn(
    history=HISTORIES,
    told=st.lists(st.sampled_from([SENT, "end"]), max_size=5),
    settled_after=st.integers(0, 5),
)
@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    deadline=None,
    max_examples=60,
)
async def test_in_any_order_repeated_or_lost_reports_end_where_the_message_did(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    history: str,
    told: list[DeliveryState | str],
    settled_after: int,
) -> None:
    visit = AppointmentKey("main", f"a-{uuid4()}", "p1")
    await given(database, ring, planned(visit, routes=(ANAS_PHONE, ANA)))
    message = next(
        one for one in await claim(queue) if one.appointments[0].appointment_id in visit
    )
    await sending(queue, [message])
    ends = {
        "delivered": _said(message, DELIVERED),
        "hard": failure(message.message_id, 30005),
        "soft": failure(message.message_id, 30003),
    }
    for n, what in enumerate([*told, None, None, None, None, None, None]):
        if n == settled_after:
            await queue.settle([settlement(message, Sent())], now=NOON)
        if what is not None:
            said = ends[history] if what == "end" else _said(message, SENT)
            await queue.record_event(said, now=NOON)

    row = await message_row(database, message.message_id)
    final = {"delivered": "delivered", "hard": "failed", "soft": "deferred"}[history]
    assert row.state == (final if "end" in told else "sent")
    # Whatever waits is out of the way of the next example.
    later = START - MINUTE
    for left in await claim(queue, now=later):
        await sending(queue, [left], now=later)
        await queue.settle([settlement(left, Sent(), Accepted("SM9"))], now=later)


def _said(message: ClaimedMessage, state: DeliveryState) -> DeliveryEvent:
    return DeliveryEvent(message_id=message.message_id, provider_id="SM1", state=state)
