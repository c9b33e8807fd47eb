"""Contact points in the store: sealed where they are kept, hashed where looked up."""

import functools
from collections.abc import Sequence
from uuid import UUID

import orjson

from reminder.model.people import Channel, ContactPoint
from reminder.store.keyring import KeyRing
from reminder.store.sealing import Sealer

_CHANNELS: dict[str, Channel] = {channel.value: channel for channel in Channel}


def address_index(ring: KeyRing, point: ContactPoint) -> bytes:
    """What stands for `point` in every `address_index` column.

    Whoever shares the address on that channel has the same; the same number
    on another channel has another.
    """
    return ring.index("address", f"{point.channel.value}:{point.value}")


def to_cell(point: ContactPoint) -> list[str]:
    """`point` as it lies inside a sealed cell."""
    return [point.channel.value, point.value]


def from_cell(cell: list[str]) -> ContactPoint:
    """The contact point `to_cell` wrote."""
    channel, value = cell
    return ContactPoint(_CHANNELS[channel], value)


def seal_point(ring: KeyRing, row_id: UUID, point: ContactPoint) -> bytes:
    """Where a message goes, for its row's `sealed`."""
    return Sealer(ring, "message").seal(row_id, {"to": to_cell(point)})


def open_point(ring: KeyRing, row_id: UUID, cell: bytes) -> ContactPoint:
    """Where the message of that row goes."""
    return from_cell(Sealer(ring, "message").open(row_id, cell)["to"])


def seal_routes(ring: KeyRing, row_id: UUID, routes: Sequence[ContactPoint]) -> bytes:
    """The addresses a reminder tries in order, for its row's `sealed`."""
    cells = [to_cell(point) for point in routes]
    return Sealer(ring, "reminder").seal(row_id, {"routes": cells})


def open_routes(
    ring: KeyRing, row_id: UUID, cell: bytes | None
) -> tuple[ContactPoint, ...]:
    """The addresses the reminder of that row tries in order; none if it has no cell."""
    if cell is None:
        return ()
    return _routes(ring.open("reminder", "sealed", row_id, cell))


# The reminders of one person mostly have the same, and come one after the other.
@functools.lru_cache(maxsize=16)
def _routes(text: bytes) -> tuple[ContactPoint, ...]:
    return tuple(from_cell(point) for point in orjson.loads(text)["routes"])
