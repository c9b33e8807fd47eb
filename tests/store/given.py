"""What the tests of the queues start from: an invented clinic's planned reminders."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import select

from reminder.model.answers import Answer, AnswerKind, AnswerState
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import ClaimedMessage, MessageKind, NewMessage, Protection
from reminder.model.outcomes import Accepted, Delivery, Outcome, Rejected
from reminder.model.people import Channel, ContactPoint, PatientKey
from reminder.model.reminders import Planned, ReminderKey
from reminder.model.settlements import Next, Sent, Settlement
from reminder.store import deliveries
from reminder.store.addresses import address_index, seal_routes
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.queue import MessageQueue
from reminder.store.statements import insert, table
from reminder.store.tables import (
    AppointmentRow,
    DeliveryRow,
    MessageRow,
    PersonAddressRow,
    PersonRow,
    ReminderRow,
)

NOON = datetime(2027, 3, 1, 12, tzinfo=UTC)
START = NOON + timedelta(days=1)
LEASE = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
ANA = ContactPoint(Channel.EMAIL, "ana@example.org")
ANAS_PHONE = ContactPoint(Channel.SMS, "+12025550101")
BOTH = (Channel.EMAIL, Channel.SMS)
VISIT = AppointmentKey("main", "a1", "p1")


def planned(visit: AppointmentKey = VISIT, **changes: Any) -> Planned:
    """A reminder due at noon: by e-mail, else by SMS."""
    values: dict[str, Any] = {
        "key": ReminderKey(
            visit, changes.pop("step_id", "day"), changes.pop("start_at", START)
        ),
        "clinic_id": "elm",
        "template": "reminder",
        "language": "en",
        "routes": (ANA, ANAS_PHONE),
        "due_at": NOON,
        "useful_until": START,
    }
    return Planned(**(values | changes))


async def given(database: Database, ring: KeyRing, *reminders: Planned) -> list[UUID]:
    """Keep these as planned reminders."""
    rows = [_row(ring, reminder) for reminder in reminders]
    async with database.write() as session:
        await session.execute(insert(session, ReminderRow), rows)
    return [row["id"] for row in rows]


def _row(ring: KeyRing, reminder: Planned) -> dict[str, Any]:
    row_id, first = uuid4(), reminder.routes[0]
    return {
        "id": row_id,
        **reminder.key.appointment._asdict(),
        "step_id": reminder.key.step_id,
        "start_at": reminder.key.start_at,
        "n": reminder.key.n,
        "state": "planned",
        "clinic_id": reminder.clinic_id,
        "template": reminder.template,
        "language": reminder.language,
        "channel": first.channel.value,
        "address_index": address_index(ring, first),
        "route": 0,
        "due_at": reminder.due_at,
        "useful_until": reminder.useful_until,
        "wanted_at": reminder.wanted_at,
        "rule_id": reminder.rule_id,
        "together": reminder.together,
        "urgency": reminder.urgency.value,
        "notes": " ".join(reminder.notes),
        "changed_at": NOON,
        "sealed": seal_routes(ring, row_id, reminder.routes),
    }


async def given_visit(
    database: Database, visit: AppointmentKey = VISIT, *, start_at: datetime = START
) -> None:
    """Keep a booking."""
    row = {
        "id": uuid4(),
        **visit._asdict(),
        "status": "booked",
        "participation": "needs-action",
        "start_at": start_at,
        "slot_ids": "",
        "fingerprint": "",
        "seen_at": NOON,
        "gone": False,
        "sealed": b"",
    }
    async with database.write() as session:
        await session.execute(insert(session, AppointmentRow), row)


async def given_person(
    database: Database, ring: KeyRing, patient: PatientKey, *points: ContactPoint
) -> None:
    """Keep a person who can be reached at these addresses, their plan up to date."""
    person_id = uuid4()
    person = {
        "id": person_id,
        **patient._asdict(),
        "readable": True,
        "active": True,
        "deceased": False,
        "opted_out": False,
        "fingerprint": "",
        "revision": 1,
        "planned_revision": 1,
        "sealed": b"",
    }
    addresses = [
        {
            "id": uuid4(),
            "person_id": person_id,
            "channel": point.channel.value,
            "address_index": address_index(ring, point),
        }
        for point in points
    ]
    async with database.write() as session:
        await session.execute(insert(session, PersonRow), person)
        await session.execute(insert(session, PersonAddressRow), addresses)


async def revisions(database: Database) -> dict[str, int]:
    """How often each person is to be planned again."""
    async with database.read() as session:
        rows = await session.execute(select(table(PersonRow)))
        return {row.patient_id: row.revision for row in rows}


async def reminders(database: Database) -> dict[str, str]:
    """Each reminder, as 'a1/day': its state, reason and the route being tried."""
    rows = table(ReminderRow)
    async with database.read() as session:
        return {
            f"{row.appointment_id}/{row.step_id}": " ".join(
                filter(None, (row.state, row.reason, f"route {row.route}"))
            )
            for row in await session.execute(select(rows))
        }


async def message_row(database: Database, message_id: UUID) -> Any:
    """The row of one message."""
    rows = table(MessageRow)
    async with database.read() as session:
        return (
            await session.execute(select(rows).where(rows.c.id == message_id))
        ).one()


async def states(database: Database) -> list[str]:
    """The states of all messages, the oldest first."""
    rows = table(MessageRow)
    query = select(rows.c.state).order_by(rows.c.queued_at, rows.c.id)
    async with database.read() as session:
        return list((await session.execute(query)).scalars())


async def tries(database: Database) -> list[Delivery]:
    """Every try that was written down, the first to end first."""
    rows = table(DeliveryRow)
    async with database.read() as session:
        kept = await session.execute(select(rows).order_by(rows.c.ended_at))
        return [deliveries.from_row(row) for row in kept]


async def claim(
    queue: MessageQueue, *, now: datetime = NOON, limit: int = 50, node: str = "one"
) -> list[ClaimedMessage]:
    """Take what is due on e-mail and SMS."""
    return await queue.claim_due(
        channels=BOTH, now=now, limit=limit, lease=LEASE, node=node
    )


async def sending(
    queue: MessageQueue,
    claimed: Sequence[ClaimedMessage],
    *,
    now: datetime = NOON,
) -> set[UUID]:
    """Mark as sending, each by its channel's transport."""
    return await queue.mark_sending(
        claimed,
        transport={
            one.message_id: "smtp" if one.channel is Channel.EMAIL else "twilio-sms"
            for one in claimed
        },
        protection={
            one.message_id: Protection.TLS
            if one.channel is Channel.EMAIL
            else Protection.PICKUP
            for one in claimed
        },
        lease_until=now + LEASE,
        now=now,
    )


def settlement(
    message: ClaimedMessage,
    then: Next,
    outcome: Outcome | None = None,
    *,
    at: datetime = NOON,
    **flags: bool,
) -> Settlement:
    """What became of one try; the outcome is a plain one that fits."""
    if outcome is None:
        outcome = Accepted("SM1") if then == Sent() else Rejected("550 5.1.1")
    return Settlement(
        message_id=message.message_id,
        fence=message.fence,
        delivery=Delivery(
            message_id=message.message_id,
            transport="smtp" if message.channel is Channel.EMAIL else "twilio-sms",
            started_at=at,
            ended_at=at,
            outcome=outcome,
        ),
        then=then,
        **flags,
    )


async def send(
    queue: MessageQueue,
    then: Next | None = None,
    outcome: Outcome | None = None,
    *,
    now: datetime = NOON,
    **flags: bool,
) -> list[ClaimedMessage]:
    """Claim, send and settle everything due."""
    claimed = await claim(queue, now=now)
    await sending(queue, claimed, now=now)
    settlements = [
        settlement(one, then or Sent(), outcome, at=now, **flags) for one in claimed
    ]
    await queue.settle(settlements, now=now)
    return claimed


def new_link(
    *appointments: AppointmentKey, to: ContactPoint = ANAS_PHONE, **changes: Any
) -> NewMessage:
    """A new link for these visits."""
    values: dict[str, Any] = {
        "kind": MessageKind.NEW_LINK,
        "clinic_id": "elm",
        "to": to,
        "language": "en",
        "template": "new-link",
        "appointments": appointments or (VISIT,),
        "useful_until": START,
    }
    return NewMessage(**(values | changes))


def answer(kind: AnswerKind = AnswerKind.CONFIRM, **changes: Any) -> Answer:
    """What Ana asked for at noon, by a link of hers."""
    values: dict[str, Any] = {
        "answer_id": uuid4(),
        "appointment": VISIT,
        "message_id": uuid4(),
        "kind": kind,
        "state": AnswerState.WAITING,
        "at": NOON,
    }
    return Answer(**(values | changes))
