"""Reminders that were sent, for pages that tell what was said before."""

from datetime import datetime, timedelta
from uuid import uuid4

from reminder.model.appointments import AppointmentKey
from reminder.store.addresses import address_index, seal_routes
from reminder.store.statements import insert, table
from reminder.store.tables import ReminderRow
from tests.web.world import ANA_SMS, MAIN, World

_REMINDER = table(ReminderRow)


async def given_sent(world: World, start_at: datetime) -> None:
    """Ana was told of her visit at this time."""
    row_id, key = uuid4(), AppointmentKey(MAIN, "a1", "p1")
    row = {
        "id": row_id,
        **key._asdict(),
        "step_id": "week",
        "start_at": start_at,
        "n": 0,
        "state": "sent",
        "clinic_id": "lake",
        "template": "reminder",
        "language": "en",
        "channel": ANA_SMS.channel.value,
        "address_index": address_index(world.ring, ANA_SMS),
        "route": 0,
        "due_at": start_at - timedelta(days=7),
        "useful_until": start_at,
        "changed_at": world.clock(),
        "sealed": seal_routes(world.ring, row_id, (ANA_SMS,)),
    }
    async with world.store.database.write() as session:
        await session.execute(insert(session, ReminderRow), row)
