"""How many reports of messages a node takes in a second, and whether one is lost.

    python benchmarks/callbacks.py [--json] [--quick]

The node is a whole one that serves (`reminder run --only web`, SQLite) in a
process of its own; this one plays Twilio beside it: 50 connections, each report
signed, of each text message that it was sent and that it was delivered.
`callbacks_per_s` are reports answered a second, `callback_p50_ms` and `_p99_ms`
how long one answer took with 50 under way, `callback_cpu_ms` the node's CPU for
each: it is one process, and Python runs on one core of it at a time. Then the
node is killed (kill -9) in the middle of as many again and started anew, and what
was not answered is sent again, as Twilio does where it is asked to.
`answered_before_kill_lost` are those answered with 204 before the kill that the
database does not have after it; `callbacks_lost` are messages that are not
delivered at the end.
"""

import asyncio
import contextlib
import os
import signal
import socket
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks import reporting
from benchmarks.reported import Reports, installed, kept_events, not_delivered

_MESSAGES = 10_000
_CONNECTIONS = 50
_ROOT = Path(__file__).parents[1]


@dataclass
class Answered:
    """Which reports were answered, and how long each answer took."""

    numbers: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)

    def ms(self, part: float) -> float:
        """How long the answer took at that part of all, from the quickest."""
        ordered = sorted(self.seconds)
        return round(1000 * ordered[int(part * (len(ordered) - 1))], 1)


@contextlib.asynccontextmanager
async def node(folder: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """A node that serves while the block runs; killed at its end."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "reminder", "run", "--only", "web"),
        *("--config", str(folder / "reminder.toml")),
        cwd=_ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listening(port)
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def _listening(port: int) -> None:
    for _ in range(300):
        with contextlib.suppress(OSError):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.close()
            return
        await asyncio.sleep(0.1)
    raise RuntimeError("the node did not start")


async def post(reports: Reports, port: int, numbers: Iterator[int]) -> Answered:
    """Post these reports, over all connections at once, until one fails."""
    answered = Answered()
    async with asyncio.TaskGroup() as group:
        for _ in range(_CONNECTIONS):
            group.create_task(_connection(reports, port, numbers, answered))
    return answered


async def _connection(
    reports: Reports, port: int, numbers: Iterator[int], answered: Answered
) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for number in numbers:
            began = time.perf_counter()
            writer.write(reports.request(number))
            head = await reader.readuntil(b"\r\n\r\n")
            answered.seconds.append(time.perf_counter() - began)
            if not head.startswith(b"HTTP/1.1 204"):
                raise RuntimeError(f"answered {head[:40]!r}")
            answered.numbers.add(number)
        writer.close()


def _cpu_s(pid: int) -> float:
    """CPU seconds of a process so far; see proc(5)."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


async def measure(folder: Path, port: int, messages: int) -> dict[str, object]:
    """The pace first, then what a kill leaves."""
    reports = await installed(folder, port, 2 * messages)
    half, all_ = 2 * messages, 4 * messages
    async with node(folder, port) as process:
        began, cpu_before = time.perf_counter(), _cpu_s(process.pid)
        first = await post(reports, port, iter(range(half)))
        took, cpu_s = time.perf_counter() - began, _cpu_s(process.pid) - cpu_before
    async with node(folder, port) as process:
        posting = asyncio.create_task(post(reports, port, iter(range(half, all_))))
        await asyncio.sleep(took / 2)
        os.kill(process.pid, signal.SIGKILL)
        before = await posting
    kept = kept_events(folder)
    lost = sum(reports.key(number) not in kept for number in before.numbers)
    async with node(folder, port):
        again = set(range(half, all_)) - before.numbers
        last = await post(reports, port, iter(sorted(again)))
    return {
        "callbacks_per_s": round(half / took),
        "callback_cpu_ms": round(1000 * cpu_s / half, 2),
        "callback_p50_ms": first.ms(0.5),
        "callback_p99_ms": first.ms(0.99),
        "answered_before_kill": len(before.numbers),
        "answered_before_kill_lost": lost,
        "answered_after_restart": len(last.numbers),
        "callbacks_lost": not_delivered(folder),
        "callbacks": all_,
        "hardware": reporting.hardware(),
    }


def main() -> None:
    """Measure, and say what came out."""
    asked = reporting.options(__doc__.partition("\n")[0] if __doc__ else "")
    messages = _MESSAGES // (10 if asked.quick else 1)
    reporting.say(f"{reporting.hardware()}, load {os.getloadavg()[0]:.1f}")
    if asked.quick:
        reporting.say(f"quick: {messages} messages instead of {_MESSAGES}")
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        figures = asyncio.run(measure(Path(folder), port, messages))
    reporting.conclude(figures, as_json=asked.json)


if __name__ == "__main__":
    main()
