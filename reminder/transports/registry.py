"""Finds the ways out that are installed: ours, and those a clinic has added.

Each is an entry point of the group `reminder.transports`. Only those asked
for are imported.
"""

from importlib.metadata import EntryPoint, entry_points

from reminder.transports.base import API_VERSION, Transport
from reminder.transports.errors import UnknownTransport, UnusableTransport

GROUP = "reminder.transports"

_PARTS = ("name", "channel", "Config", "send", "reconcile", "read_event", "check")


def available() -> tuple[str, ...]:
    """The names that `load` knows, sorted."""
    return tuple(sorted({found.name for found in entry_points(group=GROUP)}))


def load(name: str) -> type[Transport]:
    """The transport's class, checked against the contract.

    Raises:
        UnknownTransport: nothing of that name is installed.
        UnusableTransport: two packages claim the name, it cannot be imported,
            or it was made for another version of the contract.
    """
    loaded = _load(_find(name))
    version = getattr(loaded, "api_version", None)
    if version != API_VERSION:
        raise UnusableTransport(
            f"transport {name!r} was made for version {version} of the contract,"
            f" this is version {API_VERSION}"
        )
    missing = [part for part in _PARTS if not hasattr(loaded, part)]
    if missing or loaded.name != name:
        lacks = ", ".join(missing) or "its own name"
        raise UnusableTransport(f"transport {name!r} lacks {lacks}")
    return loaded


def _find(name: str) -> EntryPoint:
    found = {entry.value: entry for entry in entry_points(group=GROUP, name=name)}
    if not found:
        known = ", ".join(available()) or "none"
        raise UnknownTransport(f"no transport is named {name!r}; known: {known}")
    if len(found) > 1:
        raise UnusableTransport(
            f"several packages offer {name!r}: {', '.join(sorted(found))}"
        )
    return next(iter(found.values()))


def _load(entry: EntryPoint) -> type[Transport]:
    try:
        loaded: type[Transport] = entry.load()
    except (ImportError, AttributeError) as error:
        raise UnusableTransport(
            f"transport {entry.name!r} cannot be loaded from {entry.value}"
        ) from error
    return loaded
