"""Pieces of SQL that SQLite and PostgreSQL read alike."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    FromClause,
    Select,
    Table,
    any_,
    func,
    literal,
    literal_column,
    select,
    text,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import SQLModel


def table(row: type[SQLModel]) -> Table:
    """The table of a row class: the bulk statements are written on it."""
    return SQLModel.metadata.tables[str(row.__tablename__)]


def constant(word: StrEnum) -> ColumnElement[str]:
    """One of our own words, written out in the statement.

    A partial index serves only a statement that holds its condition in
    constants: a bound parameter could be anything.
    """
    return literal_column(f"'{word}'")


def among(column: ColumnElement[str], *words: StrEnum) -> ColumnElement[bool]:
    """`column` is one of `words`, written out as `constant` does."""
    constants = [constant(word) for word in words]
    return column == constants[0] if len(words) == 1 else column.in_(constants)


def insert(session: AsyncSession, row: type[SQLModel]) -> sqlite.Insert:
    """An INSERT that knows ON CONFLICT; to be executed with a list of rows.

    Both databases have the clause, and SQLAlchemy one class for each; typed
    as the one of SQLite, since what we use of them is the same.
    """
    if session.get_bind().dialect.name == "postgresql":
        made: sqlite.Insert = postgresql.insert(table(row))  # type: ignore[assignment]
        return made
    return sqlite.insert(table(row))


def one_of(
    session: AsyncSession, column: ColumnElement[Any], values: Sequence[object]
) -> ColumnElement[bool]:
    """`column` is one of `values`, of which there may be hundreds.

    PostgreSQL takes them as one array; its driver reads a statement with a
    parameter for each all over again. It must not see how many they are: of a
    table it has no statistics of yet it takes hundreds for half of all rows, and
    reads the whole of it for every page of a first sync.
    """
    if session.get_bind().dialect.name == "postgresql":
        given = func.unnest(literal(list(values), postgresql.ARRAY(column.type)))
        return column == any_(func.array(select(given).scalar_subquery()))
    return column.in_(values)


async def plan_afresh(session: AsyncSession) -> None:
    """Have PostgreSQL plan every statement of this transaction for its values.

    Else it goes on with the plan it made when a table was still empty, and reads
    the whole of it for every page of a first sync, until it is analysed.
    """
    if session.get_bind().dialect.name == "postgresql":
        await session.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))


def claimed(candidates: Select[Any], of: FromClause, name: str) -> CTE:
    """Of the candidates, rows `of` one table, those that no other transaction holds.

    PostgreSQL passes over rows another worker has locked; SQLite, which knows
    no such clause, has one writer at a time. Inside `IN (...)` PostgreSQL may
    run a select once per row and claim far more than its limit, or read the
    whole table: so it is a materialized CTE, to be joined by id.
    """
    held = candidates.with_for_update(skip_locked=True, of=of)
    return held.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")


def locked(rows: Select[Any], of: FromClause, name: str) -> CTE:
    """The rows `of` a table, waited for and locked in the order of their ids.

    Several rows of one table are changed through this, so that two
    transactions never hold what the other waits for.
    """
    held = rows.order_by(of.c.id).with_for_update(of=of)
    return held.cte(name).prefix_with("MATERIALIZED", dialect="postgresql")
