"""How the queues ask the database: in few statements, by the indexes made for them."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, event, text
from sqlalchemy.engine.interfaces import DBAPICursor

from reminder.model.appointments import AppointmentKey
from reminder.model.people import Channel, ContactPoint, PatientKey
from reminder.model.rulesets import Urgency
from reminder.model.settlements import NextRoute, Sent, TryAgain
from reminder.store.appointments import AppointmentStore
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.preferences import PreferenceStore
from reminder.store.queue import MessageQueue
from reminder.store.write_backs import WriteBackStore
from tests.store.given import (
    ANAS_PHONE,
    LEASE,
    NOON,
    START,
    claim,
    given,
    planned,
    sending,
    settlement,
)

Statement = tuple[str, Any]


@pytest.fixture
def queue(database: Database, ring: KeyRing) -> MessageQueue:
    return MessageQueue(database, ring)


@contextmanager
def statements() -> Iterator[list[Statement]]:
    """What is sent to any database inside the block."""
    sent: list[Statement] = []

    def keep(
        connection: Connection,
        cursor: DBAPICursor,
        statement: str,
        parameters: Any,
        *_: object,
    ) -> None:
        sent.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        yield sent
    finally:
        event.remove(Engine, "before_cursor_execute", keep)


async def plans(database: Database, sent: list[Statement]) -> str:
    """How the database would run these again, on tables of any size."""
    explain = "EXPLAIN " if database.is_postgres else "EXPLAIN QUERY PLAN "
    lines = []
    async with database.write() as session:
        if database.is_postgres:
            # A test's tables are so small that reading them whole is cheapest.
            await session.execute(text("SET LOCAL enable_seqscan = off"))
        connection = await session.connection()
        for statement, parameters in sent:
            if statement.startswith(("WITH", "SELECT")):
                rows = await connection.exec_driver_sql(explain + statement, parameters)
                lines += [str(tuple(row)) for row in rows]
    return "\n".join(lines)


async def given_people(database: Database, ring: KeyRing, count: int) -> None:
    await given(
        database,
        ring,
        *(
            planned(
                AppointmentKey("main", f"a{n}", f"p{n}"),
                routes=(ContactPoint(Channel.EMAIL, f"p{n}@example.org"), ANAS_PHONE),
                step_id=f"of {count}",
            )
            for n in range(count)
        ),
    )


async def round_trips(queue: MessageQueue, limit: int) -> tuple[int, int, int]:
    with statements() as claiming:
        claimed = await claim(queue, limit=limit)
    with statements() as marking:
        await sending(queue, claimed)
    thens = [Sent(), NextRoute(), TryAgain(START)]
    some = [settlement(one, thens[n % 3]) for n, one in enumerate(claimed)]
    with statements() as settling:
        await queue.settle(some, now=NOON)
    assert len(claimed) == limit
    return len(claiming), len(marking), len(settling)


async def test_a_batch_takes_as_many_statements_as_three_messages(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    await given_people(database, ring, 3)
    few = await round_trips(queue, 3)
    await queue.expire(now=START)
    await given_people(database, ring, 60)

    many = await round_trips(queue, 60)

    assert many == few


async def test_what_is_due_is_found_by_the_indexes_made_for_it(
    queue: MessageQueue, database: Database, ring: KeyRing
) -> None:
    with statements() as sent:
        await claim(queue)
        await queue.claim_uncertain(now=NOON, limit=5, lease=LEASE, node="one")
        await queue.recover(now=NOON)
        await queue.next_due_at()
        await WriteBackStore(database, ring).claim(now=NOON, limit=5, lease=LEASE)

    found = await plans(database, sent)

    for index in (
        "ix_reminder_due",
        "ix_reminder_together",
        "ix_message_urgent",
        "ix_message_due",
        "ix_message_uncertain",
        "ix_message_lease",
        "ix_write_back_due",
        "ix_write_back_order",
    ):
        assert index in found, index
    assert "Seq Scan" not in found
    assert "SCAN message" not in found
    assert "SCAN reminder" not in found
    first, then = ("(urgency =", "(due_at <=") if database.is_postgres else _IN_SQLITE
    due = [line for line in found.splitlines() if first in line and then in line]
    assert len(due) == len(Urgency), "each urgency is a range of the index"


_IN_SQLITE = ("ix_reminder_due (urgency=?", "AND due_at<?")


async def test_what_concerns_a_few_people_is_not_asked_of_everyone(
    database: Database, ring: KeyRing
) -> None:
    appointments = AppointmentStore(database, ring)
    with statements() as sent:
        await appointments.patients_to_read("main", older_than=NOON, limit=5)
        await PreferenceStore(database, ring).opt_out(ANAS_PHONE, "21610", at=NOON)
        await appointments.people([PatientKey("main", "p1")], told_since=NOON)

    found = await plans(database, sent)

    for index in ("ix_person_address", "ix_answer_patient", "ix_consent_patient"):
        assert index in found, index
    assert "CORRELATED" not in found, "one person after the other"
