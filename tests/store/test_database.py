"""What a database promises whichever it is: transactions, privacy, plain errors."""

import asyncio
import stat
from pathlib import Path

import pytest
from sqlalchemy import text

from reminder.store.database import Database
from reminder.store.errors import StoreConflict, StoreError, StoreUnavailable
from tests.postgres import PostgreSQL

INSERT = text("INSERT INTO sync_state (connection, cursor) VALUES (:name, :cursor)")
CURSOR = text("SELECT cursor FROM sync_state")
COUNT = text("SELECT count(*) FROM sync_state")
CANARY = "zanzibar-okafor"


async def write(database: Database, name: str = "main", cursor: str = "1") -> None:
    async with database.write() as session:
        await session.execute(INSERT, {"name": name, "cursor": cursor})


async def run(database: Database, statement: str) -> None:
    async with database.write() as session:
        await session.execute(text(statement))


async def count(database: Database) -> int:
    async with database.read() as session:
        return (await session.execute(COUNT)).scalar_one()


async def test_what_is_written_is_there_afterwards(database: Database) -> None:
    await write(database)

    assert await count(database) == 1


async def test_an_error_undoes_the_whole_transaction(database: Database) -> None:
    async def write_and_stumble() -> None:
        async with database.write() as session:
            await session.execute(INSERT, {"name": "main", "cursor": "1"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await write_and_stumble()

    assert await count(database) == 0


async def test_a_read_sees_one_state_whatever_others_write(database: Database) -> None:
    async with database.read() as session:
        before = (await session.execute(COUNT)).scalar_one()
        await write(database)
        after = (await session.execute(COUNT)).scalar_one()

    assert (before, after) == (0, 0)
    assert await count(database) == 1


async def test_writers_wait_for_each_other_instead_of_failing(
    database: Database,
) -> None:
    async def add_one(number: int) -> None:
        async with database.write() as session:
            await session.execute(COUNT)
            await asyncio.sleep(0)
            name = {"name": f"connection-{number}", "cursor": "1"}
            await session.execute(INSERT, name)

    await asyncio.gather(*(add_one(number) for number in range(20)))

    assert await count(database) == 20


async def test_a_writer_cut_off_leaves_nothing_and_stops_nobody(
    database: Database,
) -> None:
    written = asyncio.Event()

    async def write_for_ever() -> None:
        async with database.write() as session:
            await session.execute(INSERT, {"name": "main", "cursor": "1"})
            written.set()
            await asyncio.Event().wait()

    writer = asyncio.create_task(write_for_ever())
    await written.wait()
    writer.cancel()
    with pytest.raises(asyncio.CancelledError):
        await writer

    await write(database, "other")
    assert await count(database) == 1


async def test_a_read_does_not_wait_for_the_writers_that_wait(
    sqlite_url: str,
) -> None:
    database = Database(sqlite_url)

    async with database.write():
        writers = [asyncio.create_task(write(database, f"c{n}")) for n in range(30)]
        async with asyncio.timeout(5):
            before = [await count(database) for _ in range(5)]
    await asyncio.gather(*writers)

    assert (before, await count(database)) == ([0] * 5, 30)
    await database.aclose()


async def test_a_writer_of_another_process_waits_before_it_reads(
    sqlite_url: str,
) -> None:
    # As two processes would: each `Database` has connections of its own.
    databases = [Database(sqlite_url), Database(sqlite_url)]

    async def count_and_add(database: Database) -> None:
        async with database.write() as session:
            before = (await session.execute(COUNT)).scalar_one()
            await asyncio.sleep(0)
            name = {"name": f"connection-{before}", "cursor": "1"}
            await session.execute(INSERT, name)

    await asyncio.gather(*(count_and_add(databases[one % 2]) for one in range(4)))

    assert await count(databases[0]) == 4
    for database in databases:
        await database.aclose()


async def test_a_refused_row_is_a_conflict_and_says_nothing_of_its_values(
    database: Database,
) -> None:
    await write(database, CANARY)

    with pytest.raises(StoreConflict) as caught:
        await write(database, CANARY, CANARY)

    expected = "23505 sync_state_pkey" if database.is_postgres else "SQLITE_CONSTRAINT"
    assert str(caught.value).startswith(expected)
    for error in chain(caught.value):
        assert CANARY not in f"{error} {error!r} {vars(error)}"


def chain(error: BaseException | None) -> list[BaseException]:
    """The error and everything it was raised from or during."""
    found: list[BaseException] = []
    while error is not None:
        found.append(error)
        error = error.__cause__ or error.__context__
    return found


async def test_a_statement_nobody_understands_is_an_error_of_ours(
    database: Database,
) -> None:
    with pytest.raises(StoreError) as caught:
        await run(database, "SELECT canary FROM nowhere")

    assert type(caught.value) is StoreError


async def test_after_a_refused_transaction_the_next_one_works(
    database: Database,
) -> None:
    await write(database)
    with pytest.raises(StoreConflict):
        await write(database)

    await write(database, "other")

    assert await count(database) == 2


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    database = Database("postgresql://nobody:secret@127.0.0.1:1/nothing")

    with pytest.raises(StoreUnavailable) as caught:
        await count(database)

    await database.aclose()
    assert "secret" not in f"{caught.value!r}"


@pytest.mark.postgres
async def test_a_lost_connection_is_unavailable_and_the_next_transaction_works(
    postgres_url: str, postgresql: PostgreSQL
) -> None:
    database = Database(postgres_url)
    cut_off = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    others = "WHERE datname = 'shared'"

    async def write_while_cut_off() -> None:
        async with database.write() as session:
            await session.execute(COUNT)
            await asyncio.to_thread(postgresql.run, "postgres", cut_off + others)
            await session.execute(INSERT, {"name": "main", "cursor": "1"})

    with pytest.raises(StoreUnavailable):
        await write_while_cut_off()

    await write(database)
    assert await count(database) == 1
    await database.aclose()


async def test_a_database_in_a_folder_that_is_not_there_is_unavailable(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path}/nowhere/reminder.db")

    with pytest.raises(StoreUnavailable):
        await count(database)

    await database.aclose()


async def test_a_file_that_is_no_database_is_an_error_and_stays_as_it_was(
    tmp_path: Path,
) -> None:
    path = tmp_path / "letter.txt"
    path.write_text("not a database" * 100)
    database = Database(f"sqlite:///{path}")

    with pytest.raises(StoreError, match="SQLITE_NOTADB"):
        await count(database)

    await database.aclose()
    assert path.read_text() == "not a database" * 100


async def test_the_database_file_and_its_companions_are_ours_alone(
    tmp_path: Path,
) -> None:
    database = Database(f"sqlite:///{tmp_path}/reminder.db")
    await run(database, "CREATE TABLE note (text TEXT)")

    modes = {path.name: path.stat().st_mode for path in tmp_path.iterdir()}

    await database.aclose()
    assert {f"reminder.db{end}" for end in ("", "-wal", "-shm")} <= modes.keys()
    assert {stat.S_IMODE(mode) for mode in modes.values()} == {0o600}


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("journal_mode", "wal"),
        ("synchronous", 2),
        ("foreign_keys", 1),
        ("secure_delete", 1),
        ("temp_store", 2),
        ("trusted_schema", 0),
    ],
)
async def test_every_sqlite_connection_is_durable_and_forgets_what_is_deleted(
    sqlite_url: str, pragma: str, value: object
) -> None:
    database = Database(sqlite_url)

    async with database.read() as session:
        found = (await session.execute(text(f"PRAGMA {pragma}"))).scalar_one()

    await database.aclose()
    assert found == value


@pytest.mark.parametrize(
    "url", ["mysql://h/d", "sqlite://", "sqlite:///:memory:", "reminder.db", ""]
)
def test_an_address_we_cannot_use_is_refused_without_quoting_it(url: str) -> None:
    with pytest.raises(StoreError) as caught:
        Database(url)

    assert not url or url not in str(caught.value)
