"""What every test may ask for: an empty database of either kind, and a key ring."""

import logging
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import structlog
from sqlmodel import SQLModel

import reminder.store.tables  # noqa: F401 - fills the metadata
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.schema import upgrade
from reminder.store.store import Store, open_store
from tests.postgres import PostgreSQL, start_postgresql


def _loopback_only(event: str, arguments: tuple[object, ...]) -> None:
    if event != "socket.connect" or not isinstance(arguments[1], tuple):
        return
    host = str(arguments[1][0])
    if host not in {"localhost", "::1"} and not host.startswith("127."):
        raise PermissionError("tests reach nothing but this machine")


# From here on, whatever of Python's own connects elsewhere fails its test.
sys.addaudithook(_loopback_only)


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """A command called in this process sets up the log, on a stream soon closed."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


BACKENDS = [
    pytest.param("sqlite", id="sqlite"),
    pytest.param("postgres", id="postgres", marks=pytest.mark.postgres),
]


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgreSQL]:
    """A PostgreSQL of this run's own; skips without binaries, fails in CI."""
    with start_postgresql() as server:
        yield server


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite file to copy."""
    path = tmp_path_factory.mktemp("template") / "template.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    """The address of an empty, migrated SQLite database."""
    shutil.copy(sqlite_template, tmp_path / "reminder.db")
    return f"sqlite:///{tmp_path}/reminder.db"


@pytest.fixture
def postgres_url(postgresql: PostgreSQL) -> str:
    """The address of an empty, migrated PostgreSQL database."""
    tables = [table.name for table in reversed(SQLModel.metadata.sorted_tables)]
    return postgresql.emptied(upgrade, tables)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The address of an empty, migrated database: the test runs on both kinds."""
    url: str = request.getfixturevalue(f"{request.param}_url")
    return url


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    """An empty database of each kind, open."""
    opened = Database(database_url)
    yield opened
    await opened.aclose()


@pytest.fixture(scope="session")
def new_ring(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], KeyRing]:
    """Makes key rings, each unlike any other."""
    folder = tmp_path_factory.mktemp("rings")
    numbers = iter(range(1000))
    return lambda: KeyRing.create(folder / f"ring-{next(numbers)}.json")


@pytest.fixture(scope="session")
def ring(new_ring: Callable[[], KeyRing]) -> KeyRing:
    """The key ring of this run."""
    return new_ring()


@pytest.fixture
async def store(database_url: str, ring: KeyRing) -> AsyncIterator[Store]:
    """An empty store of each kind, open."""
    opened = await open_store(database_url, ring)
    yield opened
    await opened.aclose()
