"""Where every chapter puts what needs a human."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from reminder.model.worklist import WorklistEntry, WorklistKind


class Entries(Protocol):
    """Where what needs a human is put."""

    async def add(self, entry: WorklistEntry) -> bool:
        """False when it was open already."""

    async def add_all(self, entries: Sequence[WorklistEntry]) -> None:
        """Several at once; what was open already is renewed."""


class ClosableEntries(Entries, Protocol):
    """Where what is over can leave by itself."""

    async def resolve(self, kind: WorklistKind, subject: str, at: datetime) -> bool:
        """It is done; False when it was not open."""
