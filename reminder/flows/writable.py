"""The EHR as it is written to, whether a patient waits for it or nobody does."""

from collections.abc import Sequence
from typing import Protocol
from uuid import UUID

from reminder.model.answers import Communication
from reminder.model.appointments import AppointmentKey
from reminder.model.readings import Written


class WritesAnswers(Protocol):
    """Each may be repeated under the same `ask`: what is so already stays so."""

    async def confirm(self, key: AppointmentKey, *, ask: UUID | None) -> Written:
        """The patient accepted."""

    async def cancel(self, key: AppointmentKey, *, ask: UUID | None) -> Written:
        """Cancelled, and its Slots free."""

    async def rebook(
        self, key: AppointmentKey, slot_ids: Sequence[str], *, ask: UUID | None
    ) -> Written:
        """Booked again in the Slots it had."""

    async def reschedule(
        self,
        key: AppointmentKey,
        slot_id: str,
        *,
        ask: UUID | None,
        before_slot_ids: Sequence[str],
    ) -> Written:
        """Moved to another Slot from those it had."""


class Writable(WritesAnswers, Protocol):
    """All that is written into an EHR."""

    async def record(self, communication: Communication) -> None:
        """A message was sent."""
