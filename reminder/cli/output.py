"""Prints lists: a table for a person, one tab-separated record a line for a pipe."""

import dataclasses
import json
import sys
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

import typer
from rich import box
from rich.console import Console
from rich.table import Table

_IDS = {"id", "appointment", "clinic"}


def show(
    columns: Sequence[str],
    rows: Sequence[Sequence[object]],
    *,
    empty: str,
    only_piped: Collection[str] = (),
) -> None:
    """Rows under their columns; `empty` is what is said when there are none.

    A terminal shows instants to the minute, leaves out `only_piped`, and never
    breaks instants and ids into lines: they are there to be copied.
    """
    if not sys.stdout.isatty():
        typer.echo("\t".join(columns))
        for row in rows:
            typer.echo("\t".join(_text(cell) for cell in row))
        return
    if not rows:
        typer.echo(empty)
        return
    shown = [place for place, name in enumerate(columns) if name not in only_piped]
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for place in shown:
        is_instant = any(isinstance(row[place], datetime) for row in rows)
        whole = is_instant or columns[place] in _IDS
        table.add_column(columns[place], no_wrap=whole, overflow="fold")
    for row in rows:
        table.add_row(*(_short(row[place]) for place in shown))
    Console(highlight=False, markup=False, emoji=False).print(table)


def _short(cell: object) -> str:
    if isinstance(cell, datetime):
        return f"{cell.astimezone(UTC):%Y-%m-%d %H:%MZ}"
    return _text(cell)


def show_json(value: object) -> None:
    """One JSON value; instants are ISO 8601 with their offset."""
    typer.echo(json.dumps(_plain(value), ensure_ascii=False))


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return cell.isoformat(timespec="seconds")
    if isinstance(cell, Enum):
        return str(cell.value)
    return str(cell).replace("\t", " ").replace("\n", " ")


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever JSON can hold
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {
            field.name: _plain(getattr(value, field.name))
            for field in dataclasses.fields(value)
            if field.repr
        }
    if isinstance(value, Mapping):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_plain(each) for each in value]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Enum):
        return value.value
    return str(value) if isinstance(value, UUID) else value
