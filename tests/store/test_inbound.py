"""Replies are kept once, sealed, acted on once, and leave when somebody is done."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from reminder.model.appointments import AppointmentKey
from reminder.model.inbound import Inbound, OpenQuestion, Wish
from reminder.model.messages import MessageKind, NewMessage
from reminder.model.people import PatientKey
from reminder.model.replies import Asking, Deed, PendingReply
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.database import Database
from reminder.store.inbound import InboundStore
from reminder.store.keyring import KeyRing
from reminder.store.statements import insert, table
from reminder.store.tables import (
    InboundRow,
    MessageAppointmentRow,
    MessageRow,
    ReminderRow,
)
from reminder.store.worklist import Worklist
from tests.store.given import (
    ANA,
    ANAS_PHONE,
    MINUTE,
    NOON,
    START,
    VISIT,
    given,
    given_person,
    planned,
    revisions,
)

BEN = AppointmentKey("main", "a2", "p2")
ANSWER = NewMessage(
    kind=MessageKind.REPLY,
    clinic_id="elm",
    to=ANAS_PHONE,
    language="en",
    template="reply-stopped",
    appointments=(),
    useful_until=START,
)


@pytest.fixture
def inbound(database: Database, ring: KeyRing) -> InboundStore:
    return InboundStore(database, ring)


def reply(provider_id: str = "SM1", text: str = "Secret words") -> Inbound:
    return Inbound(
        transport="twilio-sms",
        provider_id=provider_id,
        from_point=ANAS_PHONE,
        sender_id="+12025550199",
        text=text,
    )


async def one(inbound: InboundStore, provider_id: str = "SM1") -> PendingReply:
    await inbound.add(reply(provider_id), at=NOON)
    return (await inbound.pending(limit=10))[-1]


async def rows(database: Database, kind: Any) -> list[Any]:
    async with database.read() as session:
        return list(await session.execute(select(table(kind))))


async def given_told(
    database: Database, ring: KeyRing, *about: AppointmentKey, minutes: int = 0
) -> None:
    """Ana's phone was reminded of these in one message."""
    message_id, at = uuid4(), NOON - timedelta(minutes=minutes)
    ids = await given(
        database,
        ring,
        *(
            planned(key, routes=(ANAS_PHONE, ANA), step_id=str(uuid4()))
            for key in about
        ),
    )
    message = {
        "id": message_id,
        "kind": "reminder",
        "state": "sent",
        "clinic_id": "elm",
        "channel": "sms",
        "language": "en",
        "template": "reminder",
        "queued_at": at,
        "useful_until": START,
        "changed_at": at,
        "sealed": b"",
    }
    told = update(table(ReminderRow)).where(table(ReminderRow).c.id.in_(ids))
    async with database.write() as session:
        await session.execute(insert(session, MessageRow), message)
        await session.execute(
            insert(session, MessageAppointmentRow),
            [{"message_id": message_id} | key._asdict() for key in about],
        )
        await session.execute(
            told.values(told_at=at, message_id=message_id, state="sent")
        )


async def test_a_reply_is_kept_once(inbound: InboundStore) -> None:
    kept = [await inbound.add(reply(name), at=NOON) for name in ("SM1", "SM1", "SM2")]

    pending = await inbound.pending(limit=10)

    assert kept == [True, False, True]
    assert [one.text for one in pending] == ["Secret words"] * 2
    assert pending[0].from_point == ANAS_PHONE


async def test_its_words_and_its_number_cannot_be_read_in_the_database(
    inbound: InboundStore, database: Database
) -> None:
    await inbound.add(reply(), at=NOON)

    (row,) = await rows(database, InboundRow)

    assert b"Secret" not in row.sealed
    assert "2025550101" not in str(row)


async def test_what_follows_is_written_once(
    inbound: InboundStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PatientKey("main", "p1"), ANAS_PHONE)
    kept = await one(inbound)
    entry = WorklistEntry(kind=WorklistKind.WRONG_NUMBER, subject="main/p1", at=NOON)
    deed = Deed(wish=Wish.STOP, answer=ANSWER, stop="stop", entries=(entry,))

    settled = [await inbound.settle(kept, deed, now=NOON) for _ in range(2)]

    assert settled == [True, False]
    assert [row.kind for row in await rows(database, MessageRow)] == ["reply"]
    assert await inbound.pending(limit=10) == []
    assert (await inbound.correspondent(ANAS_PHONE, now=NOON)).is_stopped
    assert (await revisions(database))["p1"] > 1
    assert await Worklist(database, ring).open() == [entry]


async def test_start_lets_messages_go_there_again(inbound: InboundStore) -> None:
    stop, start = Deed(wish=Wish.STOP, stop="stop"), Deed(wish=Wish.START, starts=True)
    await inbound.settle(await one(inbound), stop, now=NOON)

    await inbound.settle(await one(inbound, "SM2"), start, now=NOON)

    assert not (await inbound.correspondent(ANAS_PHONE, now=NOON)).is_stopped


async def test_what_a_human_must_read_is_open_until_they_did(
    inbound: InboundStore,
) -> None:
    kept = await one(inbound)
    deed = Deed(wish=Wish.OTHER, is_done=False, clinic_id="elm", appointment=VISIT)
    await inbound.settle(kept, deed, now=NOON)

    (open_one,) = await inbound.open()
    done = [await inbound.done(kept.reply_id, at=NOON) for _ in range(2)]

    assert open_one.text == "Secret words"
    assert (open_one.clinic_id, open_one.appointment) == ("elm", VISIT)
    assert done == [True, False]
    assert await inbound.open() == []


async def test_what_nothing_was_done_about_cannot_be_put_away(
    inbound: InboundStore,
) -> None:
    kept = await one(inbound)

    assert not await inbound.done(kept.reply_id, at=NOON)
    assert await inbound.pending(limit=10) == [kept]


async def test_a_number_is_known_by_what_it_was_told(
    inbound: InboundStore, database: Database, ring: KeyRing
) -> None:
    await given_person(database, ring, PatientKey("main", "p1"), ANAS_PHONE, ANA)
    await given_person(database, ring, PatientKey("main", "p2"), ANAS_PHONE)
    await given_person(database, ring, PatientKey("main", "p3"), ANA)
    await given_told(database, ring, BEN, minutes=60)
    await given_told(database, ring, VISIT, BEN, minutes=1)
    await given_told(database, ring, VISIT, minutes=60 * 24 * 40)

    known = await inbound.correspondent(ANAS_PHONE, now=NOON)

    assert [one.appointments for one in known.told] == [(VISIT, BEN), (BEN,)]
    assert known.told[0].clinic_id == "elm"
    assert [key.patient_id for key in known.patients] == ["p1", "p2"]


async def test_replies_are_counted_once_they_were_acted_on(
    inbound: InboundStore,
) -> None:
    words = Deed(wish=Wish.OTHER, is_done=False)
    await inbound.settle(await one(inbound), words, now=NOON)
    await inbound.settle(await one(inbound, "SM2"), Deed(wish=Wish.HELP), now=NOON)
    await inbound.add(reply("SM3"), at=NOON)

    now = await inbound.correspondent(ANAS_PHONE, now=NOON + MINUTE)
    later = await inbound.correspondent(ANAS_PHONE, now=NOON + 90 * MINUTE)

    assert (now.recent, now.words) == (2, 1)
    assert (later.recent, later.words) == (0, 1)


async def test_a_question_is_open_until_it_is_answered_or_over(
    inbound: InboundStore,
) -> None:
    def asking(wish: Wish) -> Asking:
        question = OpenQuestion(
            at=ANAS_PHONE,
            wish=wish,
            options=(VISIT, BEN),
            expires_at=NOON + 5 * MINUTE,
        )
        return Asking(question=question, starts=(START, START))

    for n, wish in enumerate((Wish.CONFIRM, Wish.CANCEL)):
        deed = Deed(wish=wish, asking=asking(wish))
        await inbound.settle(await one(inbound, f"SM{n}"), deed, now=NOON)
    known = await inbound.correspondent(ANAS_PHONE, now=NOON)
    over = await inbound.correspondent(ANAS_PHONE, now=NOON + 5 * MINUTE)
    which = Deed(wish=Wish.WHICH)
    await inbound.settle(await one(inbound, "SM9"), which, now=NOON)

    assert known.question == asking(Wish.CANCEL).question
    assert known.starts == (START, START)
    assert over.question is None
    assert (await inbound.correspondent(ANAS_PHONE, now=NOON)).question is None
