"""Says on standard error how far a long piece of work is."""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import typer
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)


class Advance(Protocol):
    """Told how many are done, and of how many where that is known."""

    def __call__(self, done: int, total: int | None = None, /) -> None:
        """So many are done."""


_AFTER_S = 1.0
_EVERY_S = 30.0


@contextmanager
def progress(what: str) -> Iterator[Advance]:
    """A bar for a person after a second; a line every half a minute for a log."""
    if not sys.stderr.isatty():
        yield _lines(what)
        return
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task, began = bar.add_task(what, total=None), time.monotonic()

    def advance(done: int, total: int | None = None) -> None:
        if not bar.live.is_started and time.monotonic() - began >= _AFTER_S:
            bar.start()
        bar.update(task, completed=done, total=total)

    try:
        yield advance
    finally:
        bar.stop()


def _lines(what: str) -> Advance:
    said = time.monotonic()

    def advance(done: int, total: int | None = None) -> None:
        nonlocal said
        if time.monotonic() - said >= _EVERY_S:
            said = time.monotonic()
            of = "" if total is None else f" of {total}"
            typer.echo(f"{done}{of} {what}", err=True)

    return advance
