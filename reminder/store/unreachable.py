"""Tells the worklist who could not be reached, with every try and what it met."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from reminder.model.appointments import AppointmentKey
from reminder.model.outcomes import DeliveryState
from reminder.model.reasons import Reason
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.statements import table
from reminder.store.tables import (
    DeliveryEventRow,
    DeliveryRow,
    MessageRow,
    ReminderMessageRow,
)
from reminder.store.worklist import add_entries

_DELIVERY = table(DeliveryRow)
_EVENT = table(DeliveryEventRow)
_FULFILS = table(ReminderMessageRow)
_MESSAGE = table(MessageRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreached:
    """One booking whose people were not told something, and why.

    With a `reminder_id` every message that tried to fulfil it counts, else
    only `message_id`.
    """

    booking: AppointmentKey
    clinic_id: str | None
    reason: Reason
    reminder_id: UUID | None = None
    message_id: UUID | None = None


async def report(
    session: AsyncSession, unreached: Sequence[Unreached], *, now: datetime
) -> None:
    """Put them on the worklist: one entry a booking, its newest story last."""
    if not unreached:
        return
    messages = await _messages(session, unreached)
    lines = await _lines(session, {one for some in messages.values() for one in some})
    entries = [
        WorklistEntry(
            kind=WorklistKind.UNREACHABLE,
            subject="/".join(one.booking),
            at=now,
            appointment=one.booking,
            message_id=one.message_id,
            clinic_id=one.clinic_id,
            details=(one.reason.value, *_story(lines, messages[one])),
        )
        for one in unreached
    ]
    await add_entries(session, entries)


async def _messages(
    session: AsyncSession, unreached: Sequence[Unreached]
) -> dict[Unreached, set[UUID]]:
    reminder_ids = {one.reminder_id for one in unreached if one.reminder_id}
    query = select(_FULFILS).where(_FULFILS.c.reminder_id.in_(reminder_ids))
    tried: dict[UUID | None, set[UUID]] = {}
    for row in await session.execute(query):
        tried.setdefault(row.reminder_id, set()).add(row.message_id)
    return {
        one: tried.get(one.reminder_id, {one.message_id} if one.message_id else set())
        for one in unreached
    }


async def _lines(
    session: AsyncSession, message_ids: Collection[UUID]
) -> dict[UUID, list[tuple[datetime, str]]]:
    """What happened to each message, when: transport, outcome and code."""
    found: dict[UUID, list[tuple[datetime, str]]] = {}
    for query in (_tries(message_ids), _failures(message_ids)):
        for row in await session.execute(query):
            line = " ".join(filter(None, (row.transport, row.outcome, row.code)))
            found.setdefault(row.message_id, []).append((row.at, line))
    return found


def _story(
    lines: dict[UUID, list[tuple[datetime, str]]], message_ids: Iterable[UUID]
) -> list[str]:
    told = sorted(line for one in message_ids for line in lines.get(one, ()))
    return [f"{at.isoformat(timespec='seconds')} {line}" for at, line in told]


def _tries(message_ids: Collection[UUID]) -> Select[Any]:
    return select(
        _DELIVERY.c.message_id,
        _DELIVERY.c.transport,
        _DELIVERY.c.outcome,
        _DELIVERY.c.code,
        _DELIVERY.c.ended_at.label("at"),
    ).where(_DELIVERY.c.message_id.in_(message_ids))


def _failures(message_ids: Collection[UUID]) -> Select[Any]:
    """Reports that a message taken before did not arrive after all."""
    return (
        select(
            _EVENT.c.message_id,
            _MESSAGE.c.transport,
            _EVENT.c.state.label("outcome"),
            _EVENT.c.code,
            _EVENT.c.at,
        )
        .join(_MESSAGE, _MESSAGE.c.id == _EVENT.c.message_id)
        .where(
            _EVENT.c.message_id.in_(message_ids),
            _EVENT.c.state == DeliveryState.FAILED.value,
        )
    )
