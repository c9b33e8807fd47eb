"""Cuts long lists into pieces a statement can hold."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")

# SQLite takes 32,766 parameters, PostgreSQL 65,535; past a thousand a longer
# list saves nothing any more.
_SIZE = 1000


def batches(values: Iterable[T], size: int = _SIZE) -> Iterator[list[T]]:
    """`values` in lists of at most `size`, in order; none for no values."""
    rest = iter(values)
    while batch := list(islice(rest, size)):
        yield batch
