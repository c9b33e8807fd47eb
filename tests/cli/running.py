"""A command in a process of its own, watched and told to stop."""

import queue
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.cli.outside import SECRETS

PATIENT = 60
"""Seconds until a test gives up; the machine may be busy."""

PAGES = re.compile(r"^Pages at (http://\S+)$")


@dataclass
class Running:
    """The process, and what it has written to standard error so far."""

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)
    _new: "queue.Queue[str | None]" = field(default_factory=queue.Queue)

    def __post_init__(self) -> None:
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._new.put(line.rstrip("\n"))
        self._new.put(None)

    def until(self, words: str) -> str:
        """The next line with these words in it."""
        while (line := self._new.get(timeout=PATIENT)) is not None:
            self.lines.append(line)
            if words in line:
                return line
        raise AssertionError(f"{words!r} never came: {self.lines}")

    def pages(self) -> str:
        """Where the pages are, once they are served."""
        found = PAGES.match(self.until("Pages at"))
        assert found is not None
        return found[1]

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        """Tell it to stop; the code it ends with. Nothing of the patient was said."""
        self.process.send_signal(how)
        code = self.process.wait(PATIENT)
        while (line := self._new.get(timeout=PATIENT)) is not None:
            self.lines.append(line)
        assert self.process.stdout is not None
        said = self.process.stdout.read() + "\n".join(self.lines)
        assert [secret for secret in SECRETS if secret in said] == []
        assert "Traceback" not in said
        return code


@contextmanager
def running(file: Path, *words: str) -> Iterator[Running]:
    """`reminder run` on these settings; it is gone at the end of the block."""
    process = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "reminder", "run", "--config", str(file), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield Running(process)
    finally:
        process.kill()
        process.wait()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
