"""The one place that reads the real clock."""

from datetime import UTC, datetime


def system_clock() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC)
