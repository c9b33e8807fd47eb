"""Shows the demo's chapters: alive on a terminal, one line each everywhere else."""

import contextlib
from collections.abc import Callable, Iterator

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Table

_TITLE_WIDTH = 12
_SECONDS_WIDTH = 6


class Chapter:
    """One chapter while it is told: how far it is, and what came of it."""

    def __init__(self, live: Progress, task: TaskID) -> None:
        self._live = live
        self._task = task
        self.lines: list[str] = []

    def at(
        self, words: str, done: float | None = None, of: float | None = None
    ) -> None:
        """Say what is going on, and how much of the whole is done."""
        self._live.update(self._task, words=escape(words), completed=done, total=of)

    def tell(self, line: str) -> None:
        """One line of what came of it; the first says the most."""
        self.lines.append(line)


class Narrator:
    """Tells chapters on a console, and keeps how long each took, in seconds.

    Args:
        console: a terminal gets a progress display, anything else only lines.
        monotonic: seconds of a source that only goes forward.
    """

    def __init__(self, console: Console, monotonic: Callable[[], float]) -> None:
        self.seconds: dict[str, float] = {}
        self._console = console
        self._monotonic = monotonic
        # Terminals and files that know only ASCII are met, too.
        plain = console.options.ascii_only
        self._done = "ok" if plain else "✓"

    def headline(self, words: str, more: str) -> None:
        """What this is."""
        self._console.print(
            f"\n[bold]{escape(words)}[/bold]  [dim]{escape(more)}[/dim]\n"
        )

    @contextlib.contextmanager
    def chapter(self, name: str, title: str) -> Iterator[Chapter]:
        """Tell a chapter; `name` is what its seconds are kept under."""
        began = self._monotonic()
        with self._live() as live:
            chapter = Chapter(live, live.add_task(title, words="", total=None))
            yield chapter
        self.seconds[name] = round(self._monotonic() - began, 2)
        self._close(title, chapter.lines, self.seconds[name])

    def invite(self, pages: dict[str, str], words: str) -> None:
        """Say where to look, and what to do there."""
        table = Table.grid(padding=(0, 3))
        for name, url in pages.items():
            table.add_row(f"  {escape(name)}", f"[link={url}]{escape(url)}[/link]")
        self._console.print()
        self._console.print(table)
        self._console.print(f"\n{escape(words)}\n", style="dim")

    def _live(self) -> Progress:
        return Progress(
            TextColumn(" "),
            SpinnerColumn("line" if self._done == "ok" else "dots"),
            TextColumn(f"{{task.description:<{_TITLE_WIDTH}}}"),
            BarColumn(bar_width=24),
            TextColumn("[dim]{task.fields[words]}[/dim]"),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )

    def _close(self, title: str, lines: list[str], seconds: float) -> None:
        first, *others = lines or [""]
        table = Table.grid(padding=(0, 1))
        table.add_column(width=4, justify="right")
        table.add_column(width=_TITLE_WIDTH, style="bold")
        table.add_column(width=_SECONDS_WIDTH, justify="right", style="dim")
        table.add_column(overflow="fold")
        mark = f"[green]{self._done}[/green]"
        table.add_row(mark, title, f"{seconds:.1f} s", escape(first))
        for line in others:
            table.add_row("", "", "", f"[dim]{escape(line)}[/dim]")
        self._console.print(table)
