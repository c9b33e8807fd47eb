"""How far the reading of one connection has come."""

from dataclasses import dataclass
from datetime import datetime


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
