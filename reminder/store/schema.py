"""Brings the tables to the state this version needs, and says whether they are."""

import functools
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import SQLAlchemyError

from reminder.store.database import Database, driver_url, engine_options, prepare
from reminder.store.errors import StoreError, translate

_MIGRATIONS = Path(__file__).with_name("migrations")

# Any number, as long as every node uses the same: 'reminder' in ASCII.
_UPGRADE_LOCK = int.from_bytes(b"reminder")


def upgrade(url: str) -> None:
    """Run every migration that is missing, in one transaction; repeatable.

    Several nodes may call it at once: one migrates, the others wait.
    """
    engine = _engine(url)
    try:
        with engine.execution_options(writes=True).begin() as connection:
            if connection.dialect.name == "postgresql":
                lock = text("SELECT pg_advisory_xact_lock(:lock)")
                connection.execute(lock, {"lock": _UPGRADE_LOCK})
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise translate(error) from None
    finally:
        engine.dispose()


def is_current(url: str) -> bool:
    """Whether no migration is missing (and none of a later version is there)."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            revision = MigrationContext.configure(connection).get_current_revision()
    except SQLAlchemyError as error:
        raise translate(error) from None
    finally:
        engine.dispose()
    return revision == _head()


async def current(database: Database) -> bool:
    """As `is_current`, of a database that is already open; cheap enough to ask often.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    try:
        async with database.read() as session:
            versions = (await session.execute(_VERSIONS)).scalars().all()
    except StoreError as error:
        if error.code in _NO_SUCH_TABLE:
            return False
        raise
    return list(versions) == [_head()]


_VERSIONS = text("SELECT version_num FROM alembic_version")
_NO_SUCH_TABLE = {"42P01", "SQLITE_ERROR"}


def _engine(url: str) -> Engine:
    address = driver_url(url, asynchronous=False)
    engine = create_engine(address, **engine_options(address))
    prepare(engine)
    return engine


@functools.cache
def _head() -> str | None:
    return ScriptDirectory.from_config(_config()).get_current_head()


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    return config
