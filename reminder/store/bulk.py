"""Writes many rows in one go, past what SQLAlchemy does for each of them.

SQLite takes a prepared statement and a row at a time; PostgreSQL takes an array
for each column, and so one statement for all rows.
"""

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary, Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel.sql.sqltypes import AutoString, UTCDateTime

_POSTGRESQL = postgresql.dialect()  # type: ignore[no-untyped-call]

Line = dict[str, Any]


async def insert_missing(
    session: AsyncSession, into: Table, rows: Sequence[Line], *, unless: Sequence[str]
) -> None:
    """Insert these rows, but for those whose `unless` columns a row there has.

    All rows have the same columns.
    """
    if not rows:
        return
    names = tuple(rows[0])
    await _run(session, _insert, into, (names, tuple(unless)), names, rows)


async def insert_all(session: AsyncSession, into: Table, rows: Sequence[Line]) -> None:
    """Insert these rows, all of which have the same columns.

    Raises:
        IntegrityError: one of them is there already.
    """
    if not rows:
        return
    names = tuple(rows[0])
    await _run(session, _insert, into, (names, ()), names, rows)


async def update_each(
    session: AsyncSession,
    of: Table,
    rows: Sequence[Line],
    *,
    guard: Sequence[str] = (),
) -> None:
    """Give each row, by its `id`, the values of the other columns.

    All rows have the same columns. Of the `guard` columns each row has what is
    expected, as in `was_state`: a row that is otherwise by now stays as it is.
    """
    if not rows:
        return
    guards = tuple(f"was_{name}" for name in guard)
    changed = tuple(name for name in rows[0] if name not in {"id", *guards})
    names = (*changed, "id", *guards)
    in_order = sorted(rows, key=lambda row: row["id"].int)
    await _run(session, _update, of, (changed, tuple(guard)), names, in_order)


_Form = tuple[tuple[str, ...], tuple[str, ...]]


async def _run(
    session: AsyncSession,
    statement: Callable[[Table, bool, _Form], str],
    target: Table,
    form: _Form,
    names: Sequence[str],
    rows: Sequence[Line],
) -> None:
    connection = await session.connection()
    is_postgres = connection.dialect.name == "postgresql"
    text = statement(target, is_postgres, form)
    columns = [[row[name] for row in rows] for name in names]
    kinds = [type(target.c[_column(name)].type) for name in names]
    if is_postgres:
        arrays = tuple(map(_array, kinds, columns))
        await connection.exec_driver_sql(text, arrays)
    else:
        lines = list(zip(*map(_sqlite_values, kinds, columns), strict=True))
        await connection.exec_driver_sql(text, lines)


def _column(name: str) -> str:
    return name.removeprefix("was_")


def _sqlite_values(kind: type, values: list[Any]) -> list[Any]:
    """One column as SQLAlchemy writes it into SQLite."""
    convert = _IN_SQLITE.get(kind)
    if convert is None:
        return values
    return [None if value is None else convert(value) for value in values]


def _array(kind: type, values: Iterable[Any]) -> str:
    """One column as PostgreSQL reads an array: its driver takes ten times longer."""
    convert = _IN_ARRAY.get(kind, str)
    texts = ("NULL" if value is None else convert(value) for value in values)
    return f"{{{','.join(texts)}}}"


@functools.lru_cache(maxsize=1024)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@functools.lru_cache(maxsize=1024)
def _quoted_instant(at: datetime) -> str:
    return f'"{_instant(at)}+00"'


def _quoted(text: str) -> str:
    if "\\" in text or '"' in text:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _quoted_bytes(value: bytes) -> str:
    return f'"\\\\x{value.hex()}"'


def _hex(value: UUID) -> str:
    return value.hex


_IN_SQLITE: dict[type, Callable[[Any], Any]] = {UTCDateTime: _instant, Uuid: _hex}
_IN_ARRAY: dict[type, Callable[[Any], str]] = {
    UTCDateTime: _quoted_instant,
    Uuid: _hex,
    LargeBinary: _quoted_bytes,
    AutoString: _quoted,
}


@functools.cache
def _insert(into: Table, is_postgres: bool, form: _Form) -> str:  # noqa: FBT001
    names, unless = form
    values = _arrays(into, names) if is_postgres else _marks(names)
    statement = f"INSERT INTO {into.name} ({', '.join(names)}) {values}"
    if unless:
        statement += f" ON CONFLICT ({', '.join(unless)}) DO NOTHING"
    return statement


@functools.cache
def _update(of: Table, is_postgres: bool, form: _Form) -> str:  # noqa: FBT001
    changed, guard = form
    if not is_postgres:
        values = ", ".join(f"{name} = ?" for name in changed)
        where = " AND ".join(f"{name} = ?" for name in ("id", *guard))
        return f"UPDATE {of.name} SET {values} WHERE {where}"  # noqa: S608
    values = ", ".join(f"{name} = held.{name}" for name in changed)
    names = (*changed, "id", *(f"was_{name}" for name in guard))
    where = "".join(f" AND {of.name}.{name} = held.was_{name}" for name in guard)
    # Locked in the order of their ids, as everywhere. What is to be written
    # comes along: joined to it once more, PostgreSQL would compare every row
    # of a batch with every other.
    return (
        f"WITH held AS MATERIALIZED (SELECT new.* FROM "  # noqa: S608
        f"({_arrays(of, names)}) AS new JOIN {of.name} ON {of.name}.id = new.id "
        f"ORDER BY {of.name}.id FOR UPDATE OF {of.name}) "
        f"UPDATE {of.name} SET {values} FROM held WHERE {of.name}.id = held.id{where}"
    )


def _marks(names: Sequence[str]) -> str:
    return f"VALUES ({', '.join('?' for _ in names)})"


def _arrays(of: Table, names: Sequence[str]) -> str:
    types = [of.c[_column(name)].type.compile(_POSTGRESQL) for name in names]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    return f"SELECT * FROM unnest({arrays}) AS new({', '.join(names)})"  # noqa: S608
