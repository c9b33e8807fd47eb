"""Chooses among several ways out for one channel: what is healthy gets more."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import blake2b

import structlog

from reminder.model.messages import ClaimedMessage
from reminder.model.outcomes import Deferred, Delivery, Rejected, Scope, Uncertain
from reminder.model.people import Channel
from reminder.rules.shares import (
    SLOW,
    WINDOW,
    Health,
    Shares,
    pick,
    resting,
    reviewed,
)

log = structlog.get_logger()

_MOST_TRIES = 1000


class Switching:
    """The shares of one channel's ways, as this process sees them.

    Nothing is kept: after a restart all is taken to be well. `weights` are
    the shares in the settings, by the transport's name.
    """

    def __init__(self, channel: Channel, weights: Mapping[str, float]) -> None:
        self._channel = channel
        self._weights = weights
        self._rest: Shares | None = None
        self._shares: Shares | None = None
        self._tries: dict[str, deque[tuple[datetime, bool]]] = {
            name: deque(maxlen=_MOST_TRIES) for name in weights
        }

    def tell(self, delivery: Delivery) -> None:
        """Take in how one try went."""
        self._tries[delivery.transport].append((delivery.ended_at, _troubled(delivery)))

    def review(self, now: datetime) -> Shares:
        """The shares from now on."""
        if self._rest is None or self._shares is None:
            # Whatever was tried before the first look counts as well.
            self._rest = self._shares = resting(self._weights, now - WINDOW)
        since = max(now - WINDOW, self._shares.since)
        health = {name: _health(tries, since) for name, tries in self._tries.items()}
        before, self._shares = (
            self._shares,
            reviewed(self._shares, self._rest, health, now),
        )
        if self._shares is not before:
            self._log(self._shares, health)
        return self._shares

    def _log(self, shares: Shares, health: Mapping[str, Health]) -> None:
        for name, part in shares.parts.items():
            log.warning(
                "moved_share",
                channel=self._channel.value,
                transport=name,
                share=round(part, 3),
                tries=health[name].tries,
                troubles=health[name].troubles,
            )


def way_of(
    claimed: ClaimedMessage, shares: Shares, open_ways: Sequence[str]
) -> str | None:
    """The way this message goes; None when none is open.

    One that may have gone by a way stays with it, open or not: only there it
    is known whether it did, and only there a second copy may be noticed.
    """
    if claimed.uncertain_tries and claimed.transport in shares.parts:
        return claimed.transport
    return pick(shares, _point(claimed), open_ways) if open_ways else None


def _point(claimed: ClaimedMessage) -> float:
    """A number of [0, 1) for this try: another one for the next."""
    what = claimed.message_id.bytes + str(claimed.attempt).encode()
    return int.from_bytes(blake2b(what, digest_size=6).digest()) / 2**48


def _troubled(delivery: Delivery) -> bool:
    """Whether it was the way that was in trouble, and not the message."""
    if delivery.ended_at - delivery.started_at > SLOW:
        return True
    outcome = delivery.outcome
    if isinstance(outcome, Rejected):
        return outcome.scope is Scope.ACCOUNT
    return isinstance(outcome, Deferred | Uncertain)


def _health(tries: Sequence[tuple[datetime, bool]], since: datetime) -> Health:
    recent = [troubled for at, troubled in tries if at > since]
    return Health(len(recent), sum(recent))
