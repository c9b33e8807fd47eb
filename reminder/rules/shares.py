"""Which of several ways out for one channel gets how much: less while it is in trouble.

As GOV.UK Notify does it: what fails or is slow loses traffic to the others,
and gets it back little by little. Unlike there a part of it goes on: so it is
known when it is well again, and a trouble that ended costs nobody an hour.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

WINDOW = timedelta(minutes=10)
"""How long a try says something about the way it went."""

SLOW = timedelta(seconds=5)
"""An answer that took longer is a trouble, whatever it says."""

FLOOR = 0.05
"""What a way in trouble goes on with, unless it has less when all is well."""

_TROUBLED = 0.2
_FEWEST = 5
"""So many tries, and so much of them in trouble, before anything changes."""

_HOLD = timedelta(minutes=1)
_DRIFT_EVERY = timedelta(minutes=5)
_DRIFT = 0.1


@dataclass(frozen=True, slots=True)
class Health:
    """How many tries there were in the window, and how many were in trouble."""

    tries: int = 0
    troubles: int = 0

    @property
    def trouble(self) -> float:
        """The part in trouble; 0 while there are too few tries to say."""
        return self.troubles / self.tries if self.tries >= _FEWEST else 0.0


@dataclass(frozen=True, slots=True)
class Shares:
    """The part each way has, together 1, since an instant."""

    parts: Mapping[str, float]
    since: datetime


def resting(weights: Mapping[str, float], now: datetime) -> Shares:
    """The shares while all is well, from weights of which one at least is not 0."""
    total = sum(weights.values())
    return Shares({name: one / total for name, one in weights.items()}, now)


def reviewed(
    shares: Shares, rest: Shares, health: Mapping[str, Health], now: datetime
) -> Shares:
    """The shares from now on; `health` is that since they were last changed.

    Where every way is in trouble, none is better than another.
    """
    troubled = {name for name in shares.parts if health[name].trouble >= _TROUBLED}
    if troubled == shares.parts.keys():
        return shares
    if troubled:
        if now - shares.since < _HOLD:
            return shares
        parts = _without(shares.parts, rest.parts, health, troubled)
    else:
        if now - shares.since < _DRIFT_EVERY:
            return shares
        parts = _drifted(shares.parts, rest.parts)
    return Shares(parts, now) if parts != shares.parts else shares


def pick(shares: Shares, point: float, open_ways: Collection[str]) -> str:
    """The way at `point` of [0, 1), of those that are open.

    Where none of them has a share, the first that is open is taken.
    """
    parts = {name: one for name, one in shares.parts.items() if name in open_ways}
    left = point * sum(parts.values())
    for name, part in parts.items():
        if left < part:
            return name
        left -= part
    # Rounding may leave a little over, and it must not fall to one without a share.
    return max(parts, key=lambda name: parts[name])


def _without(
    parts: Mapping[str, float],
    rest: Mapping[str, float],
    health: Mapping[str, Health],
    troubled: Collection[str],
) -> dict[str, float]:
    """What is in trouble loses as much of its part as fails; the others gain it."""
    lowered = {
        name: max(
            min(FLOOR, rest[name], parts[name]),
            parts[name] * (1 - health[name].trouble),
        )
        for name in troubled
    }
    freed = sum(parts[name] - part for name, part in lowered.items())
    well = [name for name in parts if name not in troubled]
    weights = {name: rest[name] for name in well}
    if not any(weights.values()):
        weights = dict.fromkeys(well, 1.0)
    total = sum(weights.values())
    raised = {name: parts[name] + freed * weights[name] / total for name in well}
    return {name: (lowered | raised)[name] for name in parts}


def _drifted(parts: Mapping[str, float], rest: Mapping[str, float]) -> dict[str, float]:
    furthest = max(abs(rest[name] - part) for name, part in parts.items())
    if furthest <= _DRIFT:
        return dict(rest)
    step = _DRIFT / furthest
    return {name: part + step * (rest[name] - part) for name, part in parts.items()}
