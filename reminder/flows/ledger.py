"""Where tries are written down: what the sending asks of the queue."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol
from uuid import UUID

from reminder.model.messages import ClaimedMessage, Protection
from reminder.model.settlements import Settlement


class Ledger(Protocol):
    """Where tries are written down before and after they happen."""

    async def mark_sending(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        transport: Mapping[UUID, str],
        protection: Mapping[UUID, Protection],
        lease_until: datetime,
        now: datetime,
    ) -> set[UUID]:
        """Commit that these are about to go; only those that are still ours."""

    async def settle(
        self, settlements: Sequence[Settlement], /, *, now: datetime
    ) -> set[UUID]:
        """Write what became of them."""

    async def give_back(
        self,
        claimed: Sequence[ClaimedMessage],
        *,
        now: datetime,
        until: datetime | None = None,
    ) -> None:
        """Put them back for anyone to take, at once or from an instant on."""
