"""How a command says what went wrong: what, where, why, what to do; and exit codes."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import IntEnum

import typer

from reminder.app.logs import where
from reminder.app.serve import AddressUnusable
from reminder.messages.render import TemplateError
from reminder.settings.problems import SettingsError
from reminder.store.errors import (
    KeyRingMismatch,
    KeyRingUnreadable,
    SchemaOutdated,
    StoreConflict,
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
    INTERRUPTED = 130


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that went wrong; empty parts are not said."""

    what: str
    place: str = ""
    why: str = ""
    do: str = ""


class Stopped(Exception):
    """A command cannot go on, and says itself why."""

    def __init__(self, code: Exit, trouble: Trouble) -> None:
        super().__init__(trouble.what)
        self.code = code
        self.trouble = trouble


_CORRECT = "Correct it, then run the same command again."
_RIGHT_RING = "Point [keys] at the key ring this database was made with."

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
        _RIGHT_RING,
    ),
    KeyRingUnreadable: (
        Exit.CONFIGURATION,
        "The key ring cannot be read.",
        _RIGHT_RING,
    ),
    StoreConflict: (
        Exit.CONFLICT,
        "Somebody else changed the same meanwhile; nothing was written.",
        "Look at it again, then repeat the command.",
    ),
    StoreUnavailable: (
        Exit.UNREACHABLE,
        "The database does not answer.",
        "Check [database] url, and that the server is up.",
    ),
}


@contextmanager
def reported(*, as_json: bool = False) -> Iterator[None]:
    """Turn what stops a command into a few lines on standard error and a code.

    No traceback, and of what was not foreseen only the kind and the place:
    its words may hold anything.
    """
    try:
        yield
    except (typer.Exit, typer.Abort):
        raise
    except KeyboardInterrupt:
        _print([Trouble("Interrupted; what was done by then is kept.")], as_json)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except Exception as error:  # noqa: BLE001 - the outermost place of all
        code, troubles = _explain(error)
        _print(troubles, as_json)
        raise typer.Exit(code) from None


def say(what: str, *, place: str = "", why: str = "", do: str = "") -> None:
    """One problem on standard error; empty parts are left out."""
    typer.echo(_printable(what), err=True)
    for label, text in (("where", place), ("why", why), ("do", do)):
        if text:
            typer.echo(f"  {label:<6} {_printable(text)}", err=True)


def _printable(text: str) -> str:
    """Signs that a terminal would obey are written out: names may hold any."""
    return "".join(
        one if one.isprintable() or one == "\n" else repr(one)[1:-1] for one in text
    )


def _print(troubles: list[Trouble], as_json: bool) -> None:  # noqa: FBT001 - it is the flag itself
    for one in troubles:
        if as_json:
            parts = {"where": one.place, "why": one.why, "do": one.do}
            typer.echo(json.dumps({"error": one.what} | parts), err=True)
        else:
            say(one.what, place=one.place, why=one.why, do=one.do)


def _explain(error: Exception) -> tuple[Exit, list[Trouble]]:
    match error:
        case SettingsError():
            return Exit.CONFIGURATION, _settings(error)
        case TemplateError():
            what = "A template cannot be used."
            return Exit.CONFIGURATION, [Trouble(what, why=str(error), do=_CORRECT)]
        case AddressUnusable():
            what, do = "The pages cannot be served there.", "Choose another port."
            place = "[web] host and port"
            return Exit.CONFLICT, [Trouble(what, place, str(error), do)]
        case StoreError():
            return _store(error)
        case Stopped(code=code, trouble=trouble):
            return code, [trouble]
        case _:
            return _other(error)


def _settings(error: SettingsError) -> list[Trouble]:
    count = len(error.problems)
    plural = "s" if count > 1 else ""
    troubles = [Trouble(f"Cannot use the settings: {count} problem{plural}.")]
    for problem in error.problems:
        line = f", line {problem.line}" if problem.line else ""
        place = f"{error.file}{line}"
        troubles.append(Trouble(problem.setting, place, problem.sentence, _CORRECT))
    return troubles


def _store(error: StoreError) -> tuple[Exit, list[Trouble]]:
    for kind, (code, what, do) in _STORE.items():
        if isinstance(error, kind):
            return code, [Trouble(what, why=str(error), do=do)]
    what = "The database refused."
    return Exit.FOUND_PROBLEMS, [Trouble(what, where(error), str(error))]


def _other(error: Exception) -> tuple[Exit, list[Trouble]]:
    if isinstance(error, OSError):
        why, place = error.strerror or type(error).__name__, str(error.filename or "")
        return Exit.UNREACHABLE, [Trouble("The system refused.", place, why)]
    return Exit.FOUND_PROBLEMS, [
        Trouble(
            "Something nobody foresaw stopped this command.",
            place=where(error),
            why=type(error).__name__,
            do="Run it again; if it stays, report these lines.",
        )
    ]
