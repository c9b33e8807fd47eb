import json

import pytest
import typer

from reminder.app.serve import AddressUnusable
from reminder.cli.errors import Exit, Stopped, Trouble, reported, say
from reminder.messages.render import TemplateError
from reminder.store.errors import (
    KeyRingMismatch,
    KeyRingUnreadable,
    SchemaOutdated,
    StoreConflict,
    StoreError,
    StoreUnavailable,
)
from reminder.store.single_worker import AlreadyWorking

SECRET = "Ana Okafor"  # noqa: S105 - a name


@pytest.mark.parametrize(
    ("error", "code", "first"),
    [
        pytest.param(
            AlreadyWorking("locked"), Exit.CONFLICT, "Another process", id="beside"
        ),
        pytest.param(
            SchemaOutdated("x"),
            Exit.CONFIGURATION,
            "The database's tables",
            id="schema",
        ),
        pytest.param(
            KeyRingMismatch("x"), Exit.CONFIGURATION, "The database was", id="ring"
        ),
        pytest.param(
            KeyRingUnreadable("x"), Exit.CONFIGURATION, "The key ring", id="no-ring"
        ),
        pytest.param(
            StoreUnavailable("57P01"),
            Exit.UNREACHABLE,
            "The database does not answer",
            id="database",
        ),
        pytest.param(
            StoreConflict("taken"), Exit.CONFLICT, "Somebody else", id="overtaken"
        ),
        pytest.param(
            StoreError("42P01"), Exit.FOUND_PROBLEMS, "The database refused", id="sql"
        ),
        pytest.param(
            TemplateError("email/en/reminder.txt:3: bad"),
            Exit.CONFIGURATION,
            "A template cannot be used",
            id="template",
        ),
        pytest.param(
            AddressUnusable("127.0.0.1 port 80: in use"),
            Exit.CONFLICT,
            "The pages cannot be served",
            id="port",
        ),
        pytest.param(
            PermissionError(13, "Permission denied", "keys.json"),
            Exit.UNREACHABLE,
            "The system refused",
            id="system",
        ),
        pytest.param(
            Stopped(Exit.FOUND_PROBLEMS, Trouble("Nothing is known.")),
            Exit.FOUND_PROBLEMS,
            "Nothing is known",
            id="own",
        ),
    ],
)
def test_what_stops_a_command_has_its_words_and_its_code(
    error: Exception, code: Exit, first: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise error

    written = capsys.readouterr()
    assert caught.value.exit_code == code
    assert written.err.startswith(first)
    assert written.out == ""


def test_of_what_nobody_foresaw_only_kind_and_place_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise ZeroDivisionError(SECRET)

    lines = capsys.readouterr().err.splitlines()
    assert caught.value.exit_code == Exit.FOUND_PROBLEMS
    assert lines[0] == "Something nobody foresaw stopped this command."
    assert lines[1].startswith("  where  test_errors.py:")
    assert lines[2] == "  why    ZeroDivisionError"
    assert SECRET not in str(lines)


def test_a_script_gets_it_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit), reported(as_json=True):
        raise StoreUnavailable("57P01")

    assert json.loads(capsys.readouterr().err) == {
        "error": "The database does not answer.",
        "where": "",
        "why": "57P01",
        "do": "Check [database] url, and that the server is up.",
    }


def test_what_is_said_does_not_command_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    say("a\x1b[2Jb", place="c\u202ed", do="é, 診察\nand more")

    assert capsys.readouterr().err.splitlines() == [
        "a\\x1b[2Jb",
        "  where  c\\u202ed",
        "  do     é, 診察",
        "and more",
    ]


def test_ctrl_c_is_no_error_of_ours(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise KeyboardInterrupt

    assert caught.value.exit_code == 130
    assert "what was done by then is kept" in capsys.readouterr().err


def test_a_command_may_end_as_it_wants() -> None:
    with pytest.raises(typer.Exit) as caught, reported():
        raise typer.Exit(Exit.WRONG_USE)

    assert caught.value.exit_code == 2
