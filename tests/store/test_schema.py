"""The migrations make exactly the tables the rows describe, once, whoever calls."""

import contextlib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, create_engine, text
from sqlmodel import SQLModel

from reminder.store.database import Database, driver_url
from reminder.store.schema import current, is_current, upgrade
from tests.conftest import BACKENDS


@pytest.fixture(params=BACKENDS)
def bare_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The address of a database without any table."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/bare.db"
    else:
        with request.getfixturevalue("postgresql").new_database() as url:
            yield url


@contextlib.contextmanager
def connected(url: str) -> Iterator[Connection]:
    engine = create_engine(driver_url(url, asynchronous=False))
    try:
        with engine.begin() as connection:
            yield connection
    finally:
        engine.dispose()


def run(url: str, statement: str) -> None:
    with connected(url) as connection:
        connection.execute(text(statement))


# SQLAlchemy cannot read this kind of index back from SQLite; PostgreSQL's can be.
@pytest.mark.filterwarnings("ignore:Skipped unsupported reflection")
@pytest.mark.filterwarnings("ignore:autogenerate skipping")
def test_the_migrations_make_what_the_rows_describe(database_url: str) -> None:
    with connected(database_url) as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)

    assert differences == []


def test_the_migrations_make_every_index_with_its_condition(database_url: str) -> None:
    with connected(database_url) as connection:
        kept = connection.execute(text(INDEXES[connection.dialect.name])).all()

    made = {name: " where " in str(definition).lower() for name, definition in kept}
    assert made == {
        str(index.name): index.dialect_options["sqlite"]["where"] is not None
        for table in SQLModel.metadata.sorted_tables
        for index in table.indexes
    }


INDEXES = {
    "sqlite": "SELECT name, sql FROM sqlite_master WHERE name LIKE 'ix_%'",
    "postgresql": "SELECT indexname, indexdef FROM pg_indexes "
    "WHERE indexname LIKE 'ix\\_%'",
}


def test_a_bare_database_is_not_current_until_upgraded(bare_url: str) -> None:
    before = is_current(bare_url)

    upgrade(bare_url)

    assert (before, is_current(bare_url)) == (False, True)


def test_upgrading_again_changes_nothing(bare_url: str) -> None:
    upgrade(bare_url)
    run(bare_url, "INSERT INTO sync_state (connection) VALUES ('main')")

    upgrade(bare_url)

    assert is_current(bare_url)
    with pytest.raises(Exception, match=r"(?i)unique"):
        run(bare_url, "INSERT INTO sync_state (connection) VALUES ('main')")


def test_nodes_that_upgrade_at_once_wait_for_each_other(bare_url: str) -> None:
    with ThreadPoolExecutor(4) as nodes:
        list(nodes.map(upgrade, [bare_url] * 4))

    assert is_current(bare_url)


async def test_a_database_of_another_version_is_not_current(
    database: Database, database_url: str
) -> None:
    before = await current(database)

    run(database_url, "UPDATE alembic_version SET version_num = 'x' || version_num")
    after = await current(database)

    run(database_url, "UPDATE alembic_version SET version_num = substr(version_num, 2)")
    assert (before, after) == (True, False)


async def test_a_database_without_tables_is_not_current(bare_url: str) -> None:
    database = Database(bare_url)

    assert not await current(database)

    await database.aclose()


def test_every_sealed_column_and_every_hash_is_binary_and_nothing_else_is() -> None:
    binary = {
        column.name
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.type.python_type is bytes
    }

    assert binary == {"sealed", "address_index", "token_index", "key_check"}
