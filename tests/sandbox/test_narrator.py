import io

import pytest
from rich.console import Console

from reminder.sandbox.narrator import Narrator


class Seconds:
    """A monotonic source that the test moves."""

    def __init__(self) -> None:
        self.value = 50.0

    def __call__(self) -> float:
        return self.value


def console(file: io.TextIOBase) -> Console:
    return Console(file=file, width=100, highlight=False)  # type: ignore[arg-type]


def test_away_from_a_terminal_each_chapter_is_told_once_with_its_seconds() -> None:
    out, seconds = io.StringIO(), Seconds()
    narrator = Narrator(console(out), seconds)

    with narrator.chapter("read", "Read") as chapter:
        chapter.at("asking the EHR", 1, 2)
        seconds.value += 2.5
        chapter.tell("300 appointments")
        chapter.tell("5 unreadable")

    lines = [line.split() for line in out.getvalue().splitlines()]
    assert lines == [
        ["✓", "Read", "2.5", "s", "300", "appointments"],
        ["5", "unreadable"],
    ]
    assert narrator.seconds == {"read": 2.5}


def test_an_ascii_terminal_gets_ascii() -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding="ascii")
    narrator = Narrator(console(out), Seconds())

    with narrator.chapter("read", "Read") as chapter:
        chapter.tell("300 appointments")
    out.flush()

    assert raw.getvalue().split()[0] == b"ok"


def test_brackets_in_what_is_told_are_no_markup() -> None:
    out = io.StringIO()
    narrator = Narrator(console(out), Seconds())

    with narrator.chapter("read", "Read") as chapter:
        chapter.tell("participant[0] of [bold]")

    assert "participant[0] of [bold]" in out.getvalue()


def test_a_chapter_that_fails_is_not_told_as_done() -> None:
    out = io.StringIO()
    narrator = Narrator(console(out), Seconds())

    with pytest.raises(ZeroDivisionError), narrator.chapter("read", "Read"):
        raise ZeroDivisionError

    assert out.getvalue() == ""
    assert narrator.seconds == {}
