"""The EHR as it is written to, whether a patient waits for it or nobody does."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.model.answers import Communication, WriteBack, WriteBackKind
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Written


class WritesAnswers(Protocol):
    """Each may be repeated under the same `ask`: what is so already stays so.

    `start_at` (UTC) is when the visit that the patient decided about starts.
    """

    async def confirm(
        self, key: AppointmentKey, *, ask: UUID | None, start_at: datetime | None
    ) -> Written:
        """The patient accepted."""

    async def cancel(
        self, key: AppointmentKey, *, ask: UUID | None, start_at: datetime | None
    ) -> Written:
        """Cancelled, and its Slots free."""

    async def rebook(
        self,
        key: AppointmentKey,
        slot_ids: Sequence[str],
        *,
        ask: UUID | None,
        start_at: datetime | None,
    ) -> Written:
        """Booked again in the Slots it had."""

    async def reschedule(
        self,
        key: AppointmentKey,
        slot_id: str,
        *,
        ask: UUID | None,
        before_slot_ids: Sequence[str],
        start_at: datetime | None,
    ) -> Written:
        """Moved to another Slot from those it had."""


class Writable(WritesAnswers, Protocol):
    """All that is written into an EHR."""

    async def record(self, communication: Communication) -> None:
        """A message was sent."""


async def write(ehr: Writable, write_back: WriteBack) -> Written | None:
    """Write what waits; None for what changes no visit."""
    key, ask = write_back.appointment, write_back.answer_id
    start_at = write_back.before_start_at
    match write_back.kind:
        case WriteBackKind.CONFIRM:
            return await ehr.confirm(key, ask=ask, start_at=start_at)
        case WriteBackKind.CANCEL:
            return await ehr.cancel(key, ask=ask, start_at=start_at)
        case WriteBackKind.REBOOK:
            slot_ids = write_back.slot_ids
            return await ehr.rebook(key, slot_ids, ask=ask, start_at=start_at)
        case WriteBackKind.MOVE:
            return await ehr.reschedule(
                key,
                write_back.slot_ids[0],
                ask=ask,
                before_slot_ids=write_back.before_slot_ids,
                start_at=start_at,
            )
        case WriteBackKind.COMMUNICATION:
            if write_back.sent is not None:
                await ehr.record(write_back.sent)
            return None
