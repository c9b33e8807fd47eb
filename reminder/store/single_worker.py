"""On SQLite one process works: a lock on a file beside the database says which."""

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from reminder.store.database import driver_url
from reminder.store.errors import StoreError


class AlreadyWorking(StoreError):
    """Another process works on this SQLite database."""


@contextmanager
def single_worker(url: str) -> Iterator[None]:
    """Hold the right to work on this database while the block runs.

    On PostgreSQL any number of processes share the work, so nothing is held.
    The kernel drops the lock when the process dies, however it dies.

    Raises:
        AlreadyWorking: another process holds it.
    """
    address = driver_url(url, asynchronous=False)
    if address.get_backend_name() != "sqlite":
        yield
        return
    with Path(f"{address.database}.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AlreadyWorking("another process works on this database") from None
        yield
