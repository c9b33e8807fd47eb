"""Where every chapter puts what needs a human."""

from typing import Protocol

from reminder.model.worklist import WorklistEntry


class Entries(Protocol):
    """Where what needs a human is put."""

    async def add(self, entry: WorklistEntry) -> bool:
        """False when it was open already."""
