"""What a row of the second queue holds, and what an answer asks to be put there."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Row

from reminder.model.answers import (
    Answer,
    Communication,
    WriteBack,
    WriteBackKind,
    WriteBackState,
)
from reminder.model.people import Channel
from reminder.model.worklist import WorklistEntry, WorklistKind
from reminder.store.reminder_rows import appointment_key


def of_answer_id(answer_id: UUID) -> UUID:
    """The id of the write-back an answer asks for: the same each time it is asked."""
    return uuid5(answer_id, "write-back")


def of_answer(
    answer: Answer, kind: WriteBackKind, *, now: datetime, first_try_at: datetime
) -> dict[str, Any]:
    """A new row for what an answer asks to be written."""
    return {
        "id": of_answer_id(answer.answer_id),
        "kind": kind.value,
        "state": WriteBackState.WAITING.value,
        **answer.appointment._asdict(),
        "answer_id": answer.answer_id,
        "message_id": answer.message_id,
        "template": "",
        "slot_ids": " ".join(_slots(answer, kind)),
        "slot_start_at": answer.slot_start_at,
        "attempt": 0,
        "created_at": now,
        "next_try_at": first_try_at,
        "fence": 0,
    }


def _slots(answer: Answer, kind: WriteBackKind) -> Sequence[str]:
    if kind is WriteBackKind.MOVE and answer.slot_id is not None:
        return [answer.slot_id]
    if kind in (WriteBackKind.MOVE, WriteBackKind.REBOOK):
        return answer.before_slot_ids
    return []


@dataclass(frozen=True, slots=True)
class Before:
    """When the visit was, and its Slots, as its patient saw it when they asked."""

    start_at: datetime | None = None
    slot_ids: tuple[str, ...] = ()


def from_row(row: Row[Any], before: Before) -> WriteBack:
    """The write-back a whole row holds; of an answer, with what was before it."""
    key = appointment_key(row)
    sent = None
    if row.kind == WriteBackKind.COMMUNICATION:
        sent = Communication(
            identifier=row.id,
            appointment=key,
            channel=Channel(row.channel),
            template=row.template,
            sent_at=row.sent_at,
        )
    return WriteBack(
        write_back_id=row.id,
        kind=WriteBackKind(row.kind),
        appointment=key,
        attempt=row.attempt,
        created_at=row.created_at,
        slot_ids=tuple(row.slot_ids.split()),
        slot_start_at=row.slot_start_at,
        before_slot_ids=before.slot_ids,
        before_start_at=before.start_at,
        answer_id=row.answer_id,
        sent=sent,
        fence=row.fence,
    )


def failed_entry(write_back: WriteBack, code: str, now: datetime) -> WorklistEntry:
    """What a human must do, since the EHR did not take it."""
    kind, key = write_back.kind, write_back.appointment
    # An EHR that takes no Communication takes none at all: that is one thing
    # for a human to do, and not one for each message sent.
    about_all = kind is WriteBackKind.COMMUNICATION
    at = now.isoformat(timespec="seconds")
    return WorklistEntry(
        kind=WorklistKind.WRITE_BACK_FAILED,
        subject="/".join((key.connection, kind) if about_all else (*key, kind)),
        at=now,
        appointment=None if about_all else key,
        details=(f"{at} {kind.value} {code} attempt {write_back.attempt}",),
    )
