"""Settlements and later reports: what became of a message, and all that follows."""

import itertools
from datetime import datetime

import pytest

from reminder.model.answers import WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import MessageKind
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    DeliveryEvent,
    DeliveryState,
    Evidence,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.people import Channel, ContactPoint
from reminder.model.reasons import Reason
from reminder.model.settlements import (
    AwaitReport,
    GiveUp,
    Next,
    NextRoute,
    Sent,
    TryAgain,
)
from reminder.model.worklist import WorklistKind
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import PreferenceStore
from reminder.store.queue import MessageQueue
from reminder.store.reminders import ReminderStore
from reminder.store.worklist import Worklist
from reminder.store.write_backs import WriteBackStore
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    LEASE,
    MINUTE,
    NOON,
    START,
    VISIT,
    claim,
    given,
    given_person,
    new_link,
    planned,
    reminders,
    revisions,
    send,
    sending,
    settlement,
    states,
    tries,
)

SIBLING = AppointmentKey("main", "a2", "p2")
EVIDENCE = Evidence(host="mx.example.org", protocol="TLSv1.3", queue_id="4F2")


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


@pytest.fixture
def worklist(database: Database, ring: KeyRing) -> Worklist:
    return Worklist(database, ring)


async def told_at(database: Database, ring: KeyRing) -> list[datetime | None]:
    kept = await ReminderStore(database, ring).of_appointment("a1")
    return [one.told_at for one in kept]


async def outcomes(database: Database) -> list[Outcome]:
    return [one.outcome for one in await tries(database)]


async def communications(database: Database, ring: KeyRing) -> list[AppointmentKey]:
    store = WriteBackStore(database, ring)
    claimed = await store.claim(now=START, limit=50, lease=LEASE)
    assert {one.kind for one in claimed} <= {WriteBackKind.COMMUNICATION}
    return sorted(one.appointment for one in claimed)


@pytest.mark.parametrize(
    ("then", "outcome", "message", "reminder"),
    [
        pytest.param(Sent(), Accepted("SM1"), "sent", "sent route 0", id="sent"),
        pytest.param(
            TryAgain(NOON + MINUTE),
            Deferred("451 4.7.1"),
            "deferred",
            "in-message route 0",
            id="try-again",
        ),
        pytest.param(
            NextRoute(),
            Rejected("550 5.1.1"),
            "failed",
            "planned route 1",
            id="next-route",
        ),
        pytest.param(
            GiveUp(Reason.NOT_PROTECTED),
            Deferred("no-starttls", policy=True),
            "failed",
            "failed not-protected route 0",
            id="give-up",
        ),
        pytest.param(
            GiveUp(Reason.NO_LONGER_USEFUL),
            Deferred("451"),
            "failed",
            "expired no-longer-useful route 0",
            id="give-up-too-late",
        ),
        pytest.param(
            AwaitReport(NOON + MINUTE),
            Uncertain("ReadTimeout"),
            "uncertain",
            "in-message route 0",
            id="await-report",
        ),
    ],
)
async def test_what_follows_is_written_down(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    then: Next,
    outcome: Outcome,
    message: str,
    reminder: str,
) -> None:
    await given(database, ring, planned())

    await send(queue, then, outcome)

    assert await states(database) == [message]
    assert await reminders(database) == {"a1/day": reminder}
    assert await outcomes(database) == [outcome]


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Accepted("SM1", EVIDENCE), id="accepted"),
        pytest.param(Deferred("421", 5 * MINUTE, evidence=EVIDENCE), id="deferred"),
        pytest.param(Deferred("no-starttls", policy=True), id="not-protected"),
        pytest.param(Rejected("21610", Scope.OPTED_OUT, EVIDENCE), id="rejected"),
        pytest.param(Uncertain("ReadTimeout", EVIDENCE), id="uncertain"),
    ],
)
async def test_each_outcome_is_read_back_as_it_was(
    queue: MessageQueue, database: Database, ring: KeyRing, outcome: Outcome
) -> None:
    await given(database, ring, planned())

    await send(queue, TryAgain(NOON + MINUTE), outcome)

    assert await outcomes(database) == [outcome]


async def test_each_visit_of_a_sent_message_is_to_be_told_to_the_ehr_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(
        database, ring, planned(), planned(SIBLING), planned(VISIT, step_id="week")
    )

    [message] = await send(queue)
    delivered = DeliveryEvent(
        message_id=message.message_id,
        provider_id="SM1",
        state=DeliveryState.DELIVERED,
    )
    await queue.record_event(delivered, now=NOON)

    assert await communications(database, ring) == [VISIT, SIBLING]


async def test_what_waits_to_be_tried_again_is_not_due_before(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await send(queue, TryAgain(NOON + MINUTE), Deferred("451"))

    early = await claim(queue)
    [again] = await claim(queue, now=NOON + MINUTE)

    assert early == []
    assert (again.attempt, again.first_tried_at) == (2, NOON)


async def test_a_batch_is_settled_in_one_go(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    thens = [Sent(), TryAgain(NOON + MINUTE), NextRoute(), AwaitReport(NOON + MINUTE)]
    visits = [AppointmentKey("main", f"a{n}", f"p{n}") for n in range(8)]
    for n, visit in enumerate(visits):
        to = ContactPoint(Channel.EMAIL, f"p{n}@example.org")
        await given(database, ring, planned(visit, routes=(to, ANAS_PHONE)))
    claimed = sorted(await claim(queue), key=lambda one: one.appointments)
    await sending(queue, claimed)

    settled = await queue.settle(
        [
            settlement(one, then)
            for one, then in zip(claimed, itertools.cycle(thens), strict=False)
        ],
        now=NOON,
    )

    assert settled == {one.message_id for one in claimed}
    assert await reminders(database) == {
        f"a{n}/day": state
        for n, state in enumerate(
            [
                "sent route 0",
                "in-message route 0",
                "planned route 1",
                "in-message route 0",
            ]
            * 2
        )
    }


async def test_a_message_is_settled_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [message] = await send(queue, AwaitReport(NOON + MINUTE), Uncertain("ReadTimeout"))

    again = await queue.settle([settlement(message, Sent())], now=NOON)

    assert again == set()
    assert await outcomes(database) == [Uncertain("ReadTimeout")]


async def test_the_next_address_is_due_at_once(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    await send(queue, NextRoute())

    [message] = await claim(queue)

    assert message.to == ANAS_PHONE


async def test_an_address_that_opted_out_is_passed_over(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    other = ContactPoint(Channel.SMS, "+12025550199")
    await given(database, ring, planned(routes=(ANA, ANAS_PHONE, other)))
    await PreferenceStore(database, ring).opt_out(ANAS_PHONE, "21610", at=NOON)

    await send(queue, NextRoute())

    assert await reminders(database) == {"a1/day": "planned route 2"}
    assert [one.to for one in await claim(queue)] == [other]


async def test_after_the_last_address_a_human_is_told_of_every_try(
    queue: MessageQueue, database: Database, ring: KeyRing, worklist: Worklist
) -> None:
    await given(database, ring, planned())
    await send(queue, TryAgain(NOON + MINUTE), Deferred("451 4.7.1"))
    await send(queue, NextRoute(), Rejected("550 5.1.1"), now=NOON + MINUTE)
    await send(queue, NextRoute(), Rejected("21211"), now=NOON + 2 * MINUTE)

    [entry] = await worklist.open()

    assert await reminders(database) == {"a1/day": "failed not-delivered route 1"}
    assert (entry.kind, entry.appointment) == (WorklistKind.UNREACHABLE, VISIT)
    assert entry.clinic_id == "elm"
    assert entry.details == (
        "not-delivered",
        "2027-03-01T12:00:00+00:00 smtp deferred 451 4.7.1",
        "2027-03-01T12:01:00+00:00 smtp rejected 550 5.1.1",
        "2027-03-01T12:02:00+00:00 twilio-sms rejected 21211",
    )
    assert ANA.value not in repr(entry)
    assert ANAS_PHONE.value not in repr(entry)


async def test_another_address_is_not_tried_when_it_is_too_late(
    queue: MessageQueue, database: Database, ring: KeyRing, worklist: Worklist
) -> None:
    await given(database, ring, planned(useful_until=NOON + MINUTE))
    [message] = await claim(queue)
    await sending(queue, [message])

    await queue.settle([settlement(message, NextRoute())], now=NOON + MINUTE)

    assert await reminders(database) == {"a1/day": "expired no-longer-useful route 0"}
    assert len(await worklist.open()) == 1


async def test_an_answer_nobody_gets_goes_onto_the_worklist(
    queue: MessageQueue, database: Database, ring: KeyRing, worklist: Worklist
) -> None:
    await queue.enqueue(new_link(VISIT, kind=MessageKind.ANSWER), now=NOON)

    await send(queue, GiveUp(Reason.NOT_DELIVERED), Rejected("21211"))

    [entry] = await worklist.open()
    assert (entry.kind, entry.appointment) == (WorklistKind.UNREACHABLE, VISIT)
    assert entry.details == (
        "not-delivered",
        "2027-03-01T12:00:00+00:00 twilio-sms rejected 21211",
    )


async def test_who_stopped_us_is_remembered_by_address_for_all_who_share_it(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, VISIT.patient, ANAS_PHONE, ANA)
    await given_person(database, ring, SIBLING.patient, ANAS_PHONE)
    await given(database, ring, planned(routes=(ANAS_PHONE, ANA)))

    await send(queue, NextRoute(), Rejected("21610", Scope.OPTED_OUT), opted_out=True)

    assert await revisions(database) == {"p1": 2, "p2": 2}
    await given(database, ring, planned(SIBLING, routes=(ANA, ANAS_PHONE), due_at=NOON))
    await send(queue, NextRoute())
    assert await reminders(database) == {
        "a1/day": "failed not-delivered route 1",
        "a2/day": "failed not-delivered route 0",
    }


async def test_an_unprotected_transport_is_one_entry_while_its_messages_wait(
    queue: MessageQueue, database: Database, ring: KeyRing, worklist: Worklist
) -> None:
    await given(database, ring, planned(), planned(SIBLING, language="es"))

    await send(
        queue,
        TryAgain(NOON + MINUTE),
        Deferred("no-starttls", policy=True),
        unprotected=True,
    )

    [entry] = await worklist.open()
    assert (entry.kind, entry.subject) == (WorklistKind.TRANSPORT_UNPROTECTED, "smtp")
    assert entry.details == ("2027-03-01T12:00:00+00:00 smtp no-starttls",)
    assert await states(database) == ["deferred", "deferred"]


@pytest.mark.parametrize(
    ("then", "expected"),
    [
        pytest.param(Sent(), NOON + MINUTE, id="accepted"),
        pytest.param(TryAgain(START), None, id="deferred"),
        pytest.param(NextRoute(), None, id="rejected"),
        pytest.param(AwaitReport(START), None, id="nobody-knows"),
    ],
)
async def test_a_person_is_told_when_the_far_side_has_the_message(
    queue: MessageQueue,
    database: Database,
    ring: KeyRing,
    then: Next,
    expected: datetime | None,
) -> None:
    await given(database, ring, planned())

    await send(queue, then, now=NOON + MINUTE)

    assert await told_at(database, ring) == [expected]


async def test_what_was_accepted_and_bounced_told_nobody(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given(database, ring, planned())
    [message] = await send(queue)
    bounced = DeliveryEvent(
        message_id=message.message_id,
        provider_id="SM1",
        state=DeliveryState.FAILED,
        code="30005",
    )

    await queue.record_event(bounced, now=NOON)

    assert await told_at(database, ring) == [None]
