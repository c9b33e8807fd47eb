"""What follows from one try: again and when, the next address, or a human.

An address that has a successor gets four hours or half of the time in which
the message is useful, whichever is less; the last one gets all of it. Where
the next try would come too late, waiting is over at once: the earlier the next
channel or a human takes over, the better.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Protocol, assert_never

from reminder.model.answers import WriteBack, WriteBackKind
from reminder.model.messages import ClaimedMessage
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    DeliveryEvent,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
)
from reminder.model.reasons import Reason
from reminder.model.settlements import (
    AwaitReport,
    GiveUp,
    Next,
    NextRoute,
    Sent,
    TryAgain,
)

_DELAYS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""After the first, second … try; the last one from then on."""

_ACCOUNT_DELAY = timedelta(minutes=15)
"""Our own account or configuration is at fault; IT is told and may be quick."""

_REPORT_DELAY = timedelta(minutes=3)
"""How long a far side gets to know a message of whose arrival we are not sure."""

_PASSING_DELAY = timedelta(minutes=30)
"""What failed on its way to a phone is tried once more, when that may be on again."""

_PATIENCE = timedelta(hours=4)


class Waiting(Protocol):
    """A message, as far as it says how long it may wait; instants are UTC."""

    @property
    def queued_at(self) -> datetime:
        """Since when it waits."""

    @property
    def first_tried_at(self) -> datetime | None:
        """When it went out first."""

    @property
    def useful_until(self) -> datetime:
        """Until when it is worth something to its reader."""


_ANSWER_DELAY = timedelta(minutes=5)
"""A patient waits, and may lose the new time to somebody else meanwhile."""

_ANSWER_LIFE = timedelta(hours=24)
_COMMUNICATION_LIFE = timedelta(days=7)
"""How long a write-back waits for its EHR: a patient waits for an answer, nobody
for the note that a message was sent.
"""


def after(
    outcome: Outcome, message: ClaimedMessage, now: datetime, *, has_next_route: bool
) -> Next:
    """What follows from what the far side said at `now`.

    A far side's own wish to be left alone is honoured where it is longer than
    our delay; a shorter one does not hurry us.
    """
    match outcome:
        case Accepted():
            return Sent()
        case Deferred(after=wish, policy=policy):
            wait = max(_delay(message.attempt), wish or timedelta())
            goes_on = _goes_on(now + wait, message, now, has_next_route=has_next_route)
            return _unprotected(goes_on) if policy else goes_on
        case Rejected(scope=Scope.ACCOUNT):
            at = now + _ACCOUNT_DELAY
            return _goes_on(at, message, now, has_next_route=has_next_route)
        case Rejected(scope=Scope.OPTED_OUT):
            return NextRoute(Reason.ADDRESS_OPTED_OUT)
        case Rejected():
            return NextRoute()
        case Uncertain():
            return AwaitReport(now + _REPORT_DELAY)
        case _:
            assert_never(outcome)


def after_uncertain(
    found: Outcome | None,
    message: ClaimedMessage,
    now: datetime,
    *,
    has_next_route: bool,
) -> Next:
    """What follows once the far side was asked about a message that may have gone.

    What is still not known is sent once more, under the same Message-ID. After
    that it goes by the next channel or to a human, and is never counted as
    sent: to be told twice is better than not to be told.
    """
    if found is not None and not isinstance(found, Uncertain):
        return after(found, message, now, has_next_route=has_next_route)
    if now >= message.useful_until:
        return GiveUp(Reason.DELIVERY_UNKNOWN)
    if message.uncertain_tries <= 1:
        return TryAgain(now)
    if has_next_route:
        return NextRoute(Reason.DELIVERY_UNKNOWN)
    return GiveUp(Reason.DELIVERY_UNKNOWN)


def after_failure(
    event: DeliveryEvent,
    message: Waiting,
    now: datetime,
    *,
    failures: int,
    has_next_route: bool,
) -> TryAgain | NextRoute | GiveUp:
    """What follows from a report that a message that was taken did not arrive.

    `failures` counts the copies that did not, this one included: what may pass
    is tried once more, and not again.
    """
    if event.opted_out:
        return NextRoute(Reason.ADDRESS_OPTED_OUT)
    if event.scope is Scope.ACCOUNT:
        at = now + _ACCOUNT_DELAY
        return _goes_on(at, message, now, has_next_route=has_next_route)
    if event.passing and failures <= 1:
        at = now + _PASSING_DELAY
        return _goes_on(at, message, now, has_next_route=has_next_route)
    return NextRoute()


def write_back_again(
    write_back: WriteBack, now: datetime, retry_after: timedelta | None
) -> datetime | None:
    """When to write again (UTC) to an EHR that did not answer; None when it is over.

    An answer of a patient waits a day, a move not beyond the new start, the
    note that a message was sent a week. Nobody waits for that note, so only
    it is tried less and less often.
    """
    delay = _delay(write_back.attempt)
    ends_at = write_back.created_at + _COMMUNICATION_LIFE
    if write_back.kind is not WriteBackKind.COMMUNICATION:
        delay = min(delay, _ANSWER_DELAY)
        ends_at = write_back.created_at + _ANSWER_LIFE
    if write_back.slot_start_at is not None:
        ends_at = min(ends_at, write_back.slot_start_at)
    at = now + max(delay, retry_after or timedelta())
    return at if at < ends_at else None


def _delay(attempt: int) -> timedelta:
    """What to wait after the try of that number; the first is 1."""
    return _DELAYS[min(max(attempt, 1), len(_DELAYS)) - 1]


def _goes_on(
    at: datetime, message: Waiting, now: datetime, *, has_next_route: bool
) -> TryAgain | NextRoute | GiveUp:
    """Again at `at` if this address may wait so long, else what comes after it."""
    ends_at = message.useful_until
    if has_next_route:
        ends_at = min(ends_at, _patience_ends_at(message, now))
    if at < ends_at:
        return TryAgain(at)
    if has_next_route and now < message.useful_until:
        return NextRoute()
    return GiveUp(Reason.NO_LONGER_USEFUL)


def _patience_ends_at(message: Waiting, now: datetime) -> datetime:
    useful = message.useful_until - message.queued_at
    return (message.first_tried_at or now) + min(_PATIENCE, useful / 2)


def _unprotected(goes_on: TryAgain | NextRoute | GiveUp) -> Next:
    """The same, but where this address is given up for want of encryption."""
    if isinstance(goes_on, TryAgain):
        return goes_on
    return replace(goes_on, reason=Reason.NOT_PROTECTED)
