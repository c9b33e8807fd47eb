"""A PostgreSQL server that lives as long as the test run, and databases on it."""

import contextlib
import itertools
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

# Nothing here outlives the run, so nothing needs to reach the disk.
_SETTINGS = (
    "-c fsync=off -c full_page_writes=off -c synchronous_commit=off "
    "-c listen_addresses=127.0.0.1 -c shared_buffers=64MB -c autovacuum=off"
)

_CUT_OFF = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)
_USED = (
    "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND relkind = 'r' "
    "AND pg_relation_size(oid) > 0"
)


class PostgreSQL:
    """One running server: one migrated database to empty, and new ones on demand."""

    def __init__(self, port: int, user: str) -> None:
        self._at = f"127.0.0.1:{port}"
        self._user = user
        self._names = (f"test_{number}" for number in itertools.count(1))
        self._migrated = False

    def url(self, name: str) -> str:
        """The address of the database `name`."""
        return f"postgresql://{self._user}@{self._at}/{name}"

    @contextlib.contextmanager
    def new_database(self) -> Iterator[str]:
        """The address of a new database without any table; dropped at the end."""
        name = next(self._names)
        self.run("postgres", f"CREATE DATABASE {name}")
        yield self.url(name)
        self.run("postgres", f"DROP DATABASE {name} WITH (FORCE)")

    def emptied(self, upgrade: Callable[[str], None], tables: Sequence[str]) -> str:
        """The address of the one shared database, migrated, all `tables` empty.

        That takes a few milliseconds where a database of its own takes a
        hundred. Tables a test has used are truncated, since rows only deleted
        would mislead the planner of the next. Whoever is still connected from
        a test before is cut off.
        """
        if not self._migrated:
            self.run("postgres", "CREATE DATABASE shared")
            upgrade(self.url("shared"))
            self._migrated = True
        with self._connection("shared") as connection:
            connection.execute(_CUT_OFF)
            used = connection.execute(_USED, [list(tables)]).fetchall()
            if used:
                names = ", ".join(name for (name,) in used)
                connection.execute(f"TRUNCATE {names} CASCADE")
        return self.url("shared")

    def run(self, name: str, statements: str) -> None:
        """Run statements without parameters in the database `name`."""
        with self._connection(name) as connection:
            connection.execute(statements)

    def _connection(self, name: str) -> psycopg.Connection:
        return psycopg.connect(self.url(name), autocommit=True)


@contextlib.contextmanager
def start_postgresql() -> Iterator[PostgreSQL]:
    """Run a server in a folder of its own until the end of the block."""
    binaries = _binaries()
    # Not pytest's own folder: that is 0700, and the server's user is another.
    folder = Path(tempfile.mkdtemp(prefix="reminder-postgresql-"))
    data, port = folder / "data", _free_port()
    account = _give_away(folder)

    def run(program: str, *arguments: str) -> None:
        command = [str(binaries / program), "-D", str(data), *arguments]
        log = folder / f"{program}.log"
        with log.open("ab") as opened:
            subprocess.run(  # noqa: S603 - our own command
                command, check=True, stdout=opened, stderr=opened, cwd=folder, **account
            )

    try:
        run("initdb", "-A", "trust", "-U", "reminder", "-E", "UTF8", "--no-sync")
        options = f"{_SETTINGS} -k {folder} -p {port}"
        run("pg_ctl", "-w", "-l", str(folder / "server.log"), "-o", options, "start")
        try:
            yield PostgreSQL(port, "reminder")
        finally:
            run("pg_ctl", "-w", "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _binaries() -> Path:
    """Where `initdb` lies: on PATH, or where Debian and Red Hat put it."""
    on_path = shutil.which("initdb")
    if on_path:
        return Path(on_path).resolve().parent
    versions = [*Path("/usr/lib/postgresql").glob("*/bin"), Path("/usr/pgsql/bin")]
    found = [folder for folder in versions if (folder / "initdb").exists()]
    if found:
        return max(found, key=lambda folder: folder.parent.name.zfill(4))
    if os.environ.get("CI"):  # noqa: TID251 - the run, not the application
        pytest.fail("no PostgreSQL binaries, and CI must test on it")
    pytest.skip("no PostgreSQL binaries: the store is tested on SQLite only")


def _give_away(folder: Path) -> dict[str, object]:
    """Hand the folder to another user if we are root, whom `initdb` refuses."""
    if os.geteuid() != 0:
        return {}
    names = {account.pw_name: account for account in pwd.getpwall()}
    account = names.get("postgres") or names["nobody"]
    os.chown(folder, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
