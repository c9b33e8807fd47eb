"""What came of `reminder connect`: the report, and what was or would be written."""

from dataclasses import dataclass
from pathlib import Path

import typer

from reminder.cli.connect_output import in_json, in_words
from reminder.cli.connect_settings import (
    Draft,
    clinic_snippet,
    still_to_do,
    without_clinic,
)
from reminder.cli.output import show_json
from reminder.model.trials import ConnectionReport
from reminder.settings.writing import difference, sample


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was tried; `text` are the settings as they are now, or would be."""

    draft: Draft
    report: ConnectionReport
    text: str
    is_written: bool
    why_not: str
    new_keys: Path | None

    @property
    def changes(self) -> list[str]:
        """The lines that go and come."""
        return difference(self.draft.before or sample(), self.text)

    @property
    def homeless(self) -> dict[str, int]:
        """The Locations seen that belong to no clinic."""
        return without_clinic(self.report, self.draft.loaded(), self.draft.name)


def tell(outcome: Outcome, *, as_json: bool) -> None:
    """Print all of it."""
    if as_json:
        show_json(
            {
                "schema": 1,
                **in_json(outcome.report),
                "connection": outcome.draft.name,
                "written": str(outcome.draft.file) if outcome.is_written else None,
                "changes": outcome.changes,
                "locations_without_clinic": outcome.homeless,
            }
        )
        return
    for line in in_words(outcome.report):
        typer.echo(line)
    typer.echo()
    _tell_changes(outcome)
    if outcome.homeless and outcome.report.can_work:
        _tell_clinics(outcome)


def _tell_changes(outcome: Outcome) -> None:
    draft = outcome.draft
    if outcome.is_written:
        typer.echo(f"Wrote connection {draft.name} into {draft.file}:")
    else:
        typer.echo(outcome.why_not)
    for line in outcome.changes:
        typer.echo(f"  {line}")
    for line in still_to_do(outcome.report, draft.connection()):
        typer.echo(line)
    if outcome.new_keys is not None:
        typer.echo(f"Wrote {outcome.new_keys} (0600; keep a copy of it elsewhere)")


def _tell_clinics(outcome: Outcome) -> None:
    typer.echo()
    typer.echo("No clinic has these Locations; add them to one, or add a clinic:")
    typer.echo()
    for line in clinic_snippet(outcome.draft.name, outcome.homeless):
        typer.echo(f"  {line}")
