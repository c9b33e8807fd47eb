"""Writes many rows in one go, past what SQLAlchemy does for each of them.

SQLite takes a prepared statement and a row at a time; PostgreSQL takes an array
for each column, and so one statement for all rows.
"""

import functools
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table, Uuid
from sqlalchemy.dialects import postgresql
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel.sql.sqltypes import UTCDateTime

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


async def update_each(
    session: AsyncSession,
    of: Table,
    rows: Sequence[Line],
    *,
    guard: Sequence[str] = (),
) -> None:
    """Give each row, by its `id`, the values of the other columns.

    Of the `guard` columns each row has what is expected, as in `was_state`: a
    row that is otherwise by now stays as it is.
    """
    if not rows:
        return
    guards = tuple(f"was_{name}" for name in guard)
    changed = tuple(name for name in rows[0] if name not in {"id", *guards})
    names = (*changed, "id", *guards)
    in_order = sorted(rows, key=lambda row: row["id"])
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
    if is_postgres:
        arrays = tuple([row[name] for row in rows] for name in names)
        await connection.exec_driver_sql(text, arrays)
    else:
        columns = [_sqlite_values(target, name, rows) for name in names]
        lines = list(zip(*columns, strict=True))
        await connection.exec_driver_sql(text, lines)


def _sqlite_values(of: Table, name: str, rows: Sequence[Line]) -> list[Any]:
    """One column of `rows` as SQLAlchemy writes it into SQLite."""
    kind = type(of.c[name.removeprefix("was_")].type)
    values = [row[name] for row in rows]
    if kind is UTCDateTime:
        return [None if value is None else _instant(value) for value in values]
    if kind is Uuid:
        return [None if value is None else value.hex for value in values]
    return values


@functools.lru_cache(maxsize=1024)
def _instant(at: datetime) -> str:
    return at.astimezone(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")


@functools.cache
def _insert(into: Table, is_postgres: bool, form: _Form) -> str:  # noqa: FBT001
    names, unless = form
    values = _arrays(into, names) if is_postgres else _marks(names)
    return (
        f"INSERT INTO {into.name} ({', '.join(names)}) {values} "
        f"ON CONFLICT ({', '.join(unless)}) DO NOTHING"
    )


@functools.cache
def _update(of: Table, is_postgres: bool, form: _Form) -> str:  # noqa: FBT001
    changed, guard = form
    if not is_postgres:
        values = ", ".join(f"{name} = ?" for name in changed)
        where = " AND ".join(f"{name} = ?" for name in ("id", *guard))
        return f"UPDATE {of.name} SET {values} WHERE {where}"  # noqa: S608
    values = ", ".join(f"{name} = new.{name}" for name in changed)
    names = (*changed, "id", *(f"was_{name}" for name in guard))
    where = "".join(f" AND {of.name}.{name} = new.was_{name}" for name in guard)
    # Locked in the order of their ids, as everywhere.
    return (
        f"WITH new AS MATERIALIZED ({_arrays(of, names)}), "  # noqa: S608
        f"held AS MATERIALIZED (SELECT {of.name}.id FROM {of.name} "
        f"JOIN new ON new.id = {of.name}.id ORDER BY {of.name}.id "
        f"FOR UPDATE OF {of.name}) "
        f"UPDATE {of.name} SET {values} FROM new JOIN held ON held.id = new.id "
        f"WHERE {of.name}.id = held.id{where}"
    )


def _marks(names: Sequence[str]) -> str:
    return f"VALUES ({', '.join('?' for _ in names)})"


def _arrays(of: Table, names: Sequence[str]) -> str:
    columns = [of.c[name.removeprefix("was_")] for name in names]
    types = [column.type.compile(_POSTGRESQL) for column in columns]
    arrays = ", ".join(f"%s::{kind}[]" for kind in types)
    return f"SELECT * FROM unnest({arrays}) AS new({', '.join(names)})"  # noqa: S608
