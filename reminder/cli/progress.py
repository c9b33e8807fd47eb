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
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

from reminder.flows.progress import SyncProgress, Tell


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


@contextmanager
def sync_progress(*, silent: bool) -> Iterator[Tell | None]:
    """A line for a person, from which one sees how far each EHR is read.

    None, which leaves it to the log, where nobody looks; `silent` tells nobody.
    """
    if silent:
        yield _nobody
        return
    if not sys.stderr.isatty():
        yield None
        return
    line = Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("windows, {task.fields[appointments]} appointments,"),
        TextColumn("{task.fields[patients]} patients read"),
        console=Console(stderr=True),
        transient=True,
    )
    with line:
        yield _on(line)


def _on(line: Progress) -> Tell:
    tasks: dict[str, TaskID] = {}

    def tell(progress: SyncProgress) -> None:
        name, appointments = progress.connection, progress.appointments
        if name not in tasks:
            tasks[name] = line.add_task(name, total=None, appointments=0, patients=0)
        line.update(
            tasks[name],
            completed=progress.windows_done,
            # Without windows there is nothing yet to come to the end of.
            total=progress.windows or None,
            appointments=appointments,
            patients=progress.patients,
        )

    return tell


def _nobody(progress: SyncProgress) -> None:
    del progress
