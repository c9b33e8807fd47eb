"""Contact points in the store: sealed where they are kept, hashed where looked up."""

from reminder.model.people import Channel, ContactPoint
from reminder.store.keyring import KeyRing


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
    return ContactPoint(Channel(channel), value)
