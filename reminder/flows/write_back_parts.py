"""What the write-backs need of the store, each as small as the call needs."""

from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

from reminder.flows.entries import Entries
from reminder.flows.requested import KeepsRequests, People, ResolvesEntries
from reminder.flows.tell import Links as Told
from reminder.flows.written import FollowsMoves, KeepsReadings
from reminder.model.answers import AnswerState, WriteBack


class WriteBacks(Protocol):
    """The queue of what is to be written."""

    async def claim(
        self, *, now: datetime, limit: int, lease: timedelta
    ) -> list[WriteBack]:
        """Take what is due."""

    async def done(self, write_back: WriteBack, *, now: datetime) -> None:
        """It is written."""

    async def requested(self, write_back: WriteBack, *, now: datetime) -> None:
        """A human was asked to make it so."""

    async def retry(self, write_back: WriteBack, *, at: datetime, code: str) -> None:
        """Not yet: again at this instant."""

    async def fail(self, write_back: WriteBack, code: str, *, now: datetime) -> None:
        """Never: a human must."""


class Answers(KeepsRequests, Protocol):
    """What patients asked for."""

    async def settle(
        self, answer_id: UUID, state: AnswerState, *, now: datetime
    ) -> None:
        """What became of it."""


class Bookings(KeepsReadings, People, Protocol):
    """Everyone's world: kept up with what the EHR answers."""


class Worklist(Entries, ResolvesEntries, Protocol):
    """What needs a human."""


class Links(Told, FollowsMoves, Protocol):
    """The links that patients hold."""
