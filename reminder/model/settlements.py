"""What follows from one try of a message: the decision `rules.retries` makes."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from reminder.model.outcomes import Delivery
from reminder.model.reasons import Reason


@dataclass(frozen=True, slots=True)
class Sent:
    """The far side has it; its reminders are sent and the EHR is to be told."""


@dataclass(frozen=True, slots=True)
class TryAgain:
    """The same message is tried again at this instant (UTC)."""

    at: datetime


@dataclass(frozen=True, slots=True)
class NextRoute:
    """This address is given up; each reminder goes to its next one.

    A reminder without a next address fails with `reason`, onto the worklist.
    """

    reason: Reason = Reason.NOT_DELIVERED


@dataclass(frozen=True, slots=True)
class GiveUp:
    """Nothing more is tried; the reminders fail or expire, onto the worklist."""

    reason: Reason


@dataclass(frozen=True, slots=True)
class AwaitReport:
    """It may have gone: ask the far side at this instant before anything else."""

    at: datetime


Next = Sent | TryAgain | NextRoute | GiveUp | AwaitReport


@dataclass(frozen=True, slots=True, kw_only=True)
class Settlement:
    """One message's try and what follows, written under the node's fence.

    `opted_out` is True when the far side said that the person stopped us.
    `unprotected` is True when our demand for encryption was not met: it goes
    onto the worklist although the message waits.
    """

    message_id: UUID
    fence: int
    delivery: Delivery
    then: Next
    opted_out: bool = False
    unprotected: bool = False
