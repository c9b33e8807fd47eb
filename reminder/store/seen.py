"""Decides which of two answers of an EHR is the later one."""

from datetime import datetime, timedelta

_LAG = timedelta(minutes=10)
"""How long an index of an EHR may still tell what was written over."""
UNDER_WAY = timedelta(hours=1)
"""No answer takes so long: what was asked for later still is by a wrong clock."""


def is_seen_later(kept_at: datetime, asked_at: datetime) -> bool:
    """Whether what is kept was asked for after this, by a clock to be believed."""
    return asked_at < kept_at <= asked_at + UNDER_WAY


def is_of_wrong_clock(kept_at: datetime, asked_at: datetime) -> bool:
    """Whether our clock was put back since."""
    return kept_at > asked_at + UNDER_WAY


def may_be_lagging(kept_at: datetime, asked_at: datetime) -> bool:
    """Whether an EHR that tells an older state may just not know better yet.

    Whoever still tells it later has gone back: to a backup, or its clocks differ.
    """
    return asked_at < kept_at + _LAG
