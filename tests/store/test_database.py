"""What a database promises whichever it is: transactions, privacy, plain errors."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from reminder.store.database import Database
from reminder.store.errors import StoreConflict, StoreError, StoreUnavailable

INSERT = text("INSERT INTO sync_state (connection, cursor) VALUES (:name, :cursor)")
COUNT = text("SELECT count(*) FROM sync_state")


async def count(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_is_written_is_there_afterwards(database: Database) -> None:
    async with database.write() as session:
        await session.execute(INSERT, {"name": "main", "cursor": "1"})

    assert await count(database) == 1


async def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        async with database.write() as session:
            await session.execute(INSERT, {"name": "main", "cursor": "1"})
            raise ZeroDivisionError

    assert await count(database) == 0
