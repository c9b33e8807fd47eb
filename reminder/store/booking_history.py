"""What we saw of a booking over time, which the EHR does not tell."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row

from reminder.model.appointments import Appointment


@dataclass(frozen=True, slots=True)
class Look:
    """When the EHR told us, and until when we had seen everything before.

    What starts before `covered_until` and was not known is new; of what starts
    later, or when it is None, nobody knows how long it has been booked.
    """

    seen_at: datetime
    covered_until: datetime | None = None


def first_history(booking: Appointment, look: Look) -> dict[str, Any]:
    """The history of a booking met for the first time."""
    is_new = look.covered_until is not None and booking.start_at < look.covered_until
    return {
        "first_seen_at": look.seen_at if is_new else None,
        "status_since": None,
        "first_start_at": booking.start_at,
        "moved_at": None,
        "moves": 0,
    }


def next_history(before: Row[Any], booking: Appointment, look: Look) -> dict[str, Any]:
    """What this look adds to the history of a row that is there already.

    A row of the version before counts as first seen with the start it has. One
    that was gone and comes back goes on where it was.
    """
    moved = before.start_at != booking.start_at
    changed = before.status != booking.status.value
    return {
        "status_since": look.seen_at if changed else before.status_since,
        "first_start_at": before.first_start_at or before.start_at,
        "moved_at": look.seen_at if moved else before.moved_at,
        "moves": before.moves + moved,
    }
