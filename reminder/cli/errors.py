"""How a command says what went wrong: what, where, why, what to do; and exit codes."""

from collections.abc import Iterator
from contextlib import contextmanager
from enum import IntEnum

import typer

from reminder.app.logs import where
from reminder.ehr.errors import EHRError
from reminder.messages.render import TemplateError
from reminder.settings.load import SettingsError
from reminder.store.errors import (
    KeyRingMismatch,
    KeyRingUnreadable,
    SchemaOutdated,
    StoreError,
    StoreUnavailable,
)
from reminder.store.single_worker import AlreadyWorking


class Exit(IntEnum):
    """What a shell sees."""

    DONE = 0
    FOUND_PROBLEMS = 1
    WRONG_USE = 2
    CONFIGURATION = 3
    UNREACHABLE = 4
    CONFLICT = 5


_STORE: dict[type[StoreError], tuple[Exit, str, str]] = {
    AlreadyWorking: (
        Exit.CONFLICT,
        "Another process already works on this SQLite database.",
        "Stop it first; with PostgreSQL any number of processes share the work.",
    ),
    SchemaOutdated: (
        Exit.CONFIGURATION,
        "The database's tables are not those this version needs.",
        "Run: reminder db upgrade",
    ),
    KeyRingMismatch: (
        Exit.CONFIGURATION,
        "The database was encrypted with another key ring.",
        "Point [keys] at the key ring this database was made with.",
    ),
    KeyRingUnreadable: (
        Exit.CONFIGURATION,
        "The key ring cannot be read.",
        "Point [keys] at the key ring this database was made with.",
    ),
    StoreUnavailable: (
        Exit.UNREACHABLE,
        "The database does not answer.",
        "Check [database] url, and that the server is up.",
    ),
}


@contextmanager
def reported() -> Iterator[None]:
    """Turn what stops a command into three lines on standard error and a code."""
    try:
        yield
    except SettingsError as error:
        _settings(error)
        raise typer.Exit(Exit.CONFIGURATION) from None
    except TemplateError as error:
        say("A template cannot be used.", why=str(error), do="Correct it.")
        raise typer.Exit(Exit.CONFIGURATION) from None
    except StoreError as error:
        raise typer.Exit(_store(error)) from None
    except EHRError as error:
        say("The EHR does not answer as it should.", why=str(error))
        raise typer.Exit(Exit.UNREACHABLE) from None
    except OSError as error:
        say("The system refused.", why=error.strerror or str(error))
        raise typer.Exit(Exit.UNREACHABLE) from None


def say(what: str, *, place: str = "", why: str = "", do: str = "") -> None:
    """One problem on standard error; empty parts are left out."""
    typer.echo(what, err=True)
    for label, text in (("where", place), ("why", why), ("do", do)):
        if text:
            typer.echo(f"  {label:<6} {text}", err=True)


def _settings(error: SettingsError) -> None:
    count = len(error.problems)
    plural = "s" if count > 1 else ""
    typer.echo(f"Cannot use the settings: {count} problem{plural}.", err=True)
    for problem in error.problems:
        line = f", line {problem.line}" if problem.line else ""
        say(
            f"{problem.setting}",
            place=f"{error.file}{line}",
            why=problem.sentence,
        )


def _store(error: StoreError) -> Exit:
    for kind, (code, what, do) in _STORE.items():
        if isinstance(error, kind):
            say(what, why=str(error), do=do)
            return code
    say("The database refused.", why=str(error), place=where(error))
    return Exit.FOUND_PROBLEMS
