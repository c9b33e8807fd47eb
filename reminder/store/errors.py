"""What stopped us at the database. Messages hold codes and names, never values.

StoreError
├── StoreUnavailable     later: no connection, locked, dead-locked, full, shut down
├── StoreConflict        read again: another row or writer was there first
├── SchemaOutdated       never: the tables are not those this version needs
├── KeyRingMismatch      never: the database was sealed with another key ring
├── KeyRingUnreadable    never: the key ring's text is not one we wrote
└── CellUnreadable       never: an encrypted cell is damaged, moved or of another ring
"""

import sqlite3
from uuid import UUID

import psycopg
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout


class StoreError(Exception):
    """Something stopped us at the database; `code` is its own short name for it."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StoreUnavailable(StoreError):
    """The database cannot be asked now; the transaction did not happen, or may not."""


class StoreConflict(StoreError):
    """A constraint refused the transaction; `constraint` names it where known."""

    def __init__(self, code: str, constraint: str = "") -> None:
        super().__init__(f"{code} {constraint}".strip())
        self.code, self.constraint = code, constraint


class SchemaOutdated(StoreError):
    """The database needs `reminder db upgrade` before this version may use it."""


class KeyRingMismatch(StoreError):
    """The database belongs to another key ring; with this one nothing is readable."""


class KeyRingUnreadable(StoreError):
    """The key ring's file or variable does not hold a key ring."""


class CellUnreadable(StoreError):
    """An encrypted cell does not open: never a blank, always this error."""

    def __init__(self, table: str, column: str, row_id: UUID) -> None:
        super().__init__(f"{table}.{column} of {row_id}")
        self.table, self.column, self.row_id = table, column, row_id


def translate(error: SQLAlchemyError) -> StoreError:
    """Our own error for a library's, which is emptied of every value on the way.

    A PostgreSQL message quotes the failing row, and `hide_parameters` leaves
    the parameters on the exception; both would live on as its context.
    """
    ours = _ours(error)
    _empty(error)
    return ours


def _ours(error: SQLAlchemyError) -> StoreError:
    if isinstance(error, PoolTimeout):
        return StoreUnavailable("pool-timeout")
    if isinstance(error, DBAPIError):
        if isinstance(error.orig, sqlite3.Error):
            return _of_sqlite(error.orig)
        if isinstance(error.orig, psycopg.Error):
            return _of_postgres(error.orig, lost=error.connection_invalidated)
    return StoreError(type(error).__name__)


def _of_sqlite(error: sqlite3.Error) -> StoreError:
    name = getattr(error, "sqlite_errorname", type(error).__name__)
    if name.startswith("SQLITE_CONSTRAINT"):
        return StoreConflict(name)
    if name.startswith(_SQLITE_LATER):
        return StoreUnavailable(name)
    return StoreError(name)


def _of_postgres(error: psycopg.Error, *, lost: bool) -> StoreError:
    state = error.sqlstate or ""
    if state.startswith("23"):
        return StoreConflict(state, error.diag.constraint_name or "")
    silent = isinstance(error, psycopg.OperationalError) and not state
    if lost or silent or state.startswith(_SQLSTATE_LATER):
        return StoreUnavailable(state or type(error).__name__)
    return StoreError(state or type(error).__name__)


def _empty(error: BaseException | None) -> None:
    """Take the values out of an exception and of all it was raised from."""
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        before = error.__cause__ or error.__context__
        error.args = ()
        error.__cause__ = error.__context__ = error.__traceback__ = None
        for name in ("params", "orig", "statement"):
            if hasattr(error, name):
                setattr(error, name, None)
        error = before


_SQLITE_LATER = (
    "SQLITE_BUSY",
    "SQLITE_LOCKED",
    "SQLITE_IOERR",
    "SQLITE_FULL",
    "SQLITE_CANTOPEN",
    "SQLITE_READONLY",
    "SQLITE_INTERRUPT",
)

# Classes of SQLSTATE: 08 connection, 40 rolled back by the server (dead-lock,
# serialization), 53 out of resources, 55P03 lock not available, 57 operator
# intervention, 58 system error; 25P03 is the idle-in-transaction time-out.
_SQLSTATE_LATER = ("08", "40", "53", "55P03", "57", "58", "25P03")
