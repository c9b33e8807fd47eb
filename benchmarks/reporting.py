"""How a benchmark says what it is doing, on which machine, and what came out."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

Progress = Callable[[int], None]
_WIDTH = 30


def options(about: str, arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """What every benchmark may be asked for: `--json`, and `--quick`."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument(
        "--json", action="store_true", help="one JSON object on the last line"
    )
    parser.add_argument(
        "--quick", action="store_true", help="a tenth of the work; no figure to quote"
    )
    return parser.parse_args(arguments)


def say(line: str) -> None:
    """A line for the reader, whoever reads standard output."""
    print(line, file=sys.stderr, flush=True)  # noqa: T201 - what a command says


def bar(title: str, total: int) -> Progress:
    """A progress bar on standard error; nothing where nobody is watching."""
    if not sys.stderr.isatty():
        return lambda _: None

    def show(done: int) -> None:
        filled = _WIDTH * min(done, total) // max(total, 1)
        line = f"\r{title} [{'#' * filled:<{_WIDTH}}] {done:,} of {total:,}"
        print(line, end="\n" if done >= total else "", file=sys.stderr, flush=True)  # noqa: T201

    return show


def conclude(figures: Mapping[str, object], *, as_json: bool) -> None:
    """The figures: one a line, or one JSON object on the last line."""
    if as_json:
        print(json.dumps(dict(figures)))  # noqa: T201
        return
    for name, figure in figures.items():
        print(f"{name:<28} {figure}")  # noqa: T201


def hardware() -> str:
    """What it ran on, in one line."""
    model = platform.machine()
    cpus = Path("/proc/cpuinfo")
    if cpus.exists():
        names = [line for line in cpus.read_text().splitlines() if "model name" in line]
        model = names[0].partition(":")[2].strip() if names else model
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{model}, {cores or os.cpu_count()} cores, {memory_gib:.0f} GiB, "
        f"Python {platform.python_version()}"
    )
