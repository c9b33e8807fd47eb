"""Where every chapter puts what needs a human."""

from collections.abc import Sequence
from typing import Protocol

from reminder.model.worklist import WorklistEntry


class Entries(Protocol):
    """Where what needs a human is put."""

    async def add(self, entry: WorklistEntry) -> bool:
        """False when it was open already."""

    async def add_all(self, entries: Sequence[WorklistEntry]) -> None:
        """Several at once; what was open already is renewed."""
