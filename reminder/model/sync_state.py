"""How far the reading of one connection has come."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class SyncState:
    """Where the next run goes on; all None before the first.

    `cursor` is the server's own time, opaque to us. `last_sync_at` is when we
    last heard everything that changed, `last_window_at` when we last read the
    whole horizon (UTC).
    """

    cursor: str | None = None
    last_sync_at: datetime | None = None
    last_window_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class SyncRun:
    """A reading of the whole horizon [start, end) that was begun and not ended.

    `plan` names the windows it consists of; made by another plan, a run cannot
    go on. `done` are the names of the windows that were read, and whether
    absence from each means something. Instants are UTC.
    """

    run_id: UUID
    plan: str
    started_at: datetime
    start: datetime
    end: datetime
    done: dict[str, bool]
