"""How far a reading is, for whoever looks on: a line on a terminal, else the log's."""

import contextlib
import os
import pty
import re
import subprocess
import sys

READING = """
from reminder.cli.progress import sync_progress
from reminder.flows.progress import SyncProgress
with sync_progress(silent={silent}) as tell:
    print("the log tells" if tell is None else "told")
    for done in range(3):
        tell and tell(SyncProgress("main", done, 2, 100 * done, 7))
"""


def on_a_terminal(*, silent: bool) -> str:
    """What a person sees on standard error, without its colours."""
    ours, theirs = pty.openpty()
    ran(silent=silent, stderr=theirs)
    os.close(theirs)
    seen = b""
    # That nobody has the terminal open any more is an error on Linux.
    with contextlib.suppress(OSError):
        while more := os.read(ours, 65536):
            seen += more
    os.close(ours)
    return re.sub(r"\x1b\[[?\d;]*[a-zA-Z]", "", seen.decode())


def ran(*, silent: bool, stderr: int) -> subprocess.CompletedProcess[str]:
    """A process that says three times how far it is."""
    return subprocess.run(  # noqa: S603 - our own words
        [sys.executable, "-c", READING.format(silent=silent)],
        check=True,
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
    )


def in_a_script(*, silent: bool) -> tuple[str, str]:
    """What comes on standard output and on standard error."""
    process = ran(silent=silent, stderr=subprocess.PIPE)
    return process.stdout.strip(), process.stderr


def test_a_person_sees_windows_appointments_and_patients() -> None:
    seen = on_a_terminal(silent=False)

    assert "main" in seen
    assert "2/2 windows, 200 appointments" in seen


def test_where_nobody_looks_the_log_tells() -> None:
    assert in_a_script(silent=False) == ("the log tells", "")


def test_for_a_script_that_wants_json_nothing_is_told() -> None:
    assert on_a_terminal(silent=True) == ""
    assert in_a_script(silent=True) == ("told", "")
