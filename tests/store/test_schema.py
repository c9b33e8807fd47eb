"""The migrations make exactly the tables the rows describe, once, whoever calls."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
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


def run(url: str, statement: str) -> None:
    engine = create_engine(driver_url(url, asynchronous=False))
    with engine.begin() as connection:
        connection.execute(text(statement))
    engine.dispose()


def test_the_migrations_make_what_the_rows_describe(database_url: str) -> None:
    engine = create_engine(driver_url(database_url, asynchronous=False))

    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        differences = compare_metadata(context, SQLModel.metadata)

    engine.dispose()
    assert differences == []


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

    run(database_url, "UPDATE alembic_version SET version_num = 'later'")
    after = await current(database)

    run(database_url, "UPDATE alembic_version SET version_num = '0001'")
    assert (before, after) == (True, False)


def test_every_sealed_column_and_every_hash_is_binary_and_nothing_else_is() -> None:
    binary = {
        column.name
        for table in SQLModel.metadata.sorted_tables
        for column in table.columns
        if column.type.python_type is bytes
    }

    assert binary == {"sealed", "address_index", "token_index", "key_check"}
