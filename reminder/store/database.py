"""Opens the database, SQLite or PostgreSQL, and gives out transactions."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import URL, Connection, Engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine

from reminder.store.errors import StoreError, StoreUnavailable, translate

# busy_timeout comes first: switching to WAL itself may have to wait.
# secure_delete: without it deleted text stays readable in the file.
# cache_size (KiB): with the 2 MiB there are, planning 100,000 appointments
# reads the same pages again and again.
_PRAGMAS = (
    "PRAGMA busy_timeout = 10000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA cache_size = -32768",
    "PRAGMA trusted_schema = OFF",
)

# A node that hangs inside a transaction would keep its row locks, and its
# snapshot would make every claim of the others slower.
_POSTGRES_OPTIONS = "-c timezone=UTC -c idle_in_transaction_session_timeout=60000"

# A server whose machine or network is gone says nothing: without these we would
# wait for it as long as the kernel does, a quarter of an hour and more.
_POSTGRES_ARGUMENTS = {
    "options": _POSTGRES_OPTIONS,
    "connect_timeout": 10,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30000,
}


class Database:
    """One database; every `write()` and `read()` is one transaction.

    On SQLite writers of this process wait for each other in the order they
    came: SQLite itself would let them starve. So a `write()` must not be
    opened inside another.
    """

    def __init__(self, url: str) -> None:
        address = driver_url(url, asynchronous=True)
        self.is_postgres = address.get_backend_name() == "postgresql"
        self._engine = create_async_engine(address, **engine_options(address))
        prepare(self._engine.sync_engine)
        self._writer = self._engine.execution_options(writes=True)
        self._reader = self._engine
        if self.is_postgres:
            # Several selects of one read see one state of the world.
            self._reader = self._engine.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )
        self._turn = asyncio.Lock()

    @contextlib.asynccontextmanager
    async def write(self) -> AsyncIterator[AsyncSession]:
        """A transaction that writes: committed at the end, rolled back on an error.

        Raises:
            StoreError: one of its family; see `reminder.store.errors`.
        """
        turn = contextlib.nullcontext() if self.is_postgres else self._turn
        async with turn, _transaction(self._writer) as session:
            yield session

    @contextlib.asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """A transaction that only reads, and sees one state from start to end.

        Raises:
            StoreError: one of its family; see `reminder.store.errors`.
        """
        async with _transaction(self._reader) as session:
            yield session

    async def aclose(self) -> None:
        """Close every connection."""
        await self._engine.dispose()


@contextlib.asynccontextmanager
async def _transaction(engine: AsyncEngine) -> AsyncIterator[AsyncSession]:
    try:
        async with (
            AsyncSession(engine, expire_on_commit=False, autoflush=False) as session,
            session.begin(),
        ):
            yield session
    except SQLAlchemyError as error:
        raise translate(error) from None


def driver_url(url: str, *, asynchronous: bool) -> URL:
    """`url` with the driver we use: any other named in it is replaced.

    Raises:
        StoreError: it is no address of a SQLite file or a PostgreSQL database.
    """
    try:
        address = make_url(url)
    except ArgumentError:
        # The cause quotes the address, and with it the password.
        raise StoreError("not a database address") from None
    match address.get_backend_name():
        case "sqlite" if address.database not in (None, "", ":memory:"):
            driver = "sqlite+aiosqlite" if asynchronous else "sqlite"
        case "postgresql" | "postgres":
            driver = "postgresql+psycopg"
        case _:
            raise StoreError("neither a SQLite file nor a PostgreSQL database")
    return address.set(drivername=driver)


def engine_options(address: URL) -> dict[str, Any]:
    """What both our asynchronous engines and the migrations' open with."""
    options: dict[str, Any] = {"hide_parameters": True}
    if address.get_backend_name() == "postgresql":
        options["pool_pre_ping"] = True
        options["connect_args"] = _POSTGRES_ARGUMENTS
    return options


def prepare(engine: Engine) -> None:
    """Make a SQLite engine private, durable and explicit about its transactions."""
    if engine.dialect.name != "sqlite":
        return
    path = engine.url.database or ""

    @event.listens_for(engine, "do_connect")
    def create_private(*_: object) -> None:
        _create_private(path)

    @event.listens_for(engine, "connect")
    def configure(connection: DBAPIConnection, _: object) -> None:
        # The driver would begin transactions by itself, too late and never
        # IMMEDIATE; without this a reader that writes can fail half-way.
        connection.isolation_level = None
        cursor = connection.cursor()
        for pragma in _PRAGMAS:
            cursor.execute(pragma)
        cursor.close()

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _create_private(path: str) -> None:
    """Make the file 0600 before SQLite does; WAL and shm take over its mode.

    An existing file is never opened here: closing it would drop the locks
    SQLite holds on it in this process (POSIX advisory locks).
    """
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return
    except OSError as error:
        raise StoreUnavailable(f"database file: {type(error).__name__}") from None
