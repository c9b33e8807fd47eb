"""Whether this installation can work right now."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Readiness:
    """What `/health/ready` answers with.

    `database` is True when it answers, `schema` when no migration is missing.
    `last_sync_at` (UTC) is that of the connection heard least recently; None
    while one of them was never heard, or none is known.
    """

    database: bool
    schema: bool
    last_sync_at: datetime | None = None
