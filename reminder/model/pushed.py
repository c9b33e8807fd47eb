"""What an EHR told us to read again, of its own accord."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Hint(NamedTuple):
    """A resource to be read again by its id; nothing more is believed of a push.

    An Appointment with an empty id: something changed, and nothing said what.
    """

    resource_type: str
    resource_id: str


SOMETHING = Hint("Appointment", "")
"""Something changed, and nothing said what."""


@dataclass(frozen=True, slots=True)
class DueHint:
    """A hint whose time has come, as it was when it was handed out.

    `pushed_at` (UTC) and `attempt` name this state of it: a push that comes
    while the resource is read makes another.
    """

    hint: Hint
    pushed_at: datetime
    attempt: int
