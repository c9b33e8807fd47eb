"""Reads many rows of one table quickly: values converted once, by what they are.

SQLAlchemy asks every column of every row for its conversion, which is most of
what reading a hundred thousand rows costs. What PostgreSQL's driver gives needs
none, and SQLite has three kinds of columns that do.
"""

import functools
from collections import namedtuple
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, ColumnElement, String, Table, Uuid, select, type_coerce
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel.sql.sqltypes import UTCDateTime

Values = Any
"""A named tuple of one row, with the attributes its `Row` would have."""


class PlainRows:
    """The rows of one table, whole or only the columns named."""

    def __init__(self, source: Table, *names: str) -> None:
        columns = [source.c[name] for name in names] if names else list(source.c)
        make_class: Any = namedtuple
        self._make = make_class("Values", [column.name for column in columns])._make
        # A string is taken from either driver as it comes.
        self._query = select(
            *(type_coerce(column, String()).label(column.name) for column in columns)
        )
        self._in_sqlite = [
            (place, _CONVERSIONS[type(column.type)])
            for place, column in enumerate(columns)
            if type(column.type) in _CONVERSIONS
        ]

    async def read(
        self, session: AsyncSession, *where: ColumnElement[bool]
    ) -> list[Values]:
        """Those rows for which all of `where` is true, in no order."""
        rows = (await session.execute(self._query.where(*where))).all()
        if session.get_bind().dialect.name == "postgresql":
            return [self._make(row) for row in rows]
        return [self._make(self._converted(row)) for row in rows]

    def _converted(self, row: Sequence[Any]) -> list[Any]:
        values = list(row)
        for place, convert in self._in_sqlite:
            if (value := values[place]) is not None:
                values[place] = convert(value)
        return values


# One person's reminders have most of their instants in common.
@functools.lru_cache(maxsize=1024)
def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def _uuid(text: str) -> UUID:
    return UUID(int=int(text, 16))


_CONVERSIONS: dict[type, Callable[[Any], Any]] = {
    UTCDateTime: _instant,
    Uuid: _uuid,
    Boolean: bool,
}
