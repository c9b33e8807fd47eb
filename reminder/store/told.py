"""Knows which messages went to a person's addresses, whoever they were about."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.people import Channel
from reminder.model.reminders import Told
from reminder.store.batches import batches
from reminder.store.statements import one_of, table
from reminder.store.tables import PersonAddressRow, ReminderRow

_ADDRESS = table(PersonAddressRow)
_REMINDER = table(ReminderRow)
_TOLD = ("address_index", "told_at", "channel", "message_id")


async def told_to(
    session: AsyncSession, person_ids: Sequence[UUID], since: datetime
) -> dict[UUID, set[Told]]:
    """The messages that went to an address of each of these people after `since`.

    Asked by the addresses: joined to them, PostgreSQL would look through
    everything anybody was ever told.
    """
    query = select(_ADDRESS.c.person_id, _ADDRESS.c.address_index).where(
        one_of(session, _ADDRESS.c.person_id, person_ids)
    )
    whose: dict[bytes, list[UUID]] = defaultdict(list)
    for person_id, index in await session.execute(query):
        whose[index].append(person_id)
    told: dict[UUID, set[Told]] = defaultdict(set)
    for indexes in batches(whose):
        messages = select(*(_REMINDER.c[name] for name in _TOLD)).where(
            one_of(session, _REMINDER.c.address_index, indexes),
            _REMINDER.c.told_at > since,
        )
        for index, at, channel, message_id in await session.execute(messages):
            for person_id in whose[index]:
                told[person_id].add(Told(at, Channel(channel), message_id))
    return told
