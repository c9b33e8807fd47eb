"""How `reminder rules` prints versions, remarks and what a change would do."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from reminder.cli.errors import Trouble, say
from reminder.cli.output import show
from reminder.cli.ruleset_sentences import head
from reminder.flows.rulesets import VersionChanges
from reminder.model.remarks import Remark, Severity
from reminder.model.reminders import PlanCounts
from reminder.model.rulesets import ORGANISATION, RulesetVersion

CHANGED_MEANWHILE = Trouble(
    "Somebody else changed or published these rules meanwhile; nothing was written.",
    do="Look at what there is now: reminder rules history",
)

_ORIGIN = {
    "own": "",
    "inherited": " (the organisation's)",
    "replaced": " (instead of the organisation's)",
    "added": " (beside the organisation's)",
}


def option(owner: str) -> str:
    """The option that names an owner."""
    return "--organisation" if owner == ORGANISATION else f"--clinic {owner}"


def no_draft(owner: str) -> Trouble:
    """There is nothing to preview or publish."""
    return Trouble(
        f"There is no draft of {owner}.",
        why="What was published is changed by a draft only.",
        do=f"Run: reminder rules export {option(owner)} > rules.toml, change it,"
        " then: reminder rules import rules.toml",
    )


def no_version(owner: str, number: int | None) -> Trouble:
    """There is nothing of that number, or nothing published at all."""
    if number is not None:
        do = f"Run: reminder rules history {option(owner)}"
        return Trouble(f"There is no version {number} of {owner}.", do=do)
    return Trouble(
        f"Nothing is published for {owner}.",
        why="The settings have no rules for it either.",
        do="Write rules into a file, then: reminder rules import FILE",
    )


def anothers_draft(draft: RulesetVersion) -> Trouble:
    """Somebody's work would be lost."""
    return Trouble(
        f"{draft.by or 'Somebody'} saved a draft of {draft.owner} on"
        f" {_day(draft.changed_at)}.",
        why="There is one draft of an owner, and this would take its place.",
        do=f"Look at it: reminder rules preview {option(draft.owner)}; to drop it,"
        " write --replace.",
    )


def show_remarks(
    remarks: Sequence[Remark], file: Path | None, *, as_json: bool = False
) -> None:
    """Every remark on standard error, after how many there are of each kind."""
    if as_json:
        for one in remarks:
            typer.echo(json.dumps(_plain_remark(one, file)), err=True)
        return
    errors = [one for one in remarks if one.severity is Severity.ERROR]
    others = [one for one in remarks if one.severity is not Severity.ERROR]
    if errors:
        typer.echo(f"{_count(len(errors), 'problem')} to be put right.", err=True)
    _say_each(errors, file)
    if others:
        typer.echo(f"{_count(len(others), 'remark')}: it may be meant so.", err=True)
    _say_each(others, file)


def show_ruleset(said: dict[str, Any]) -> None:
    """A version in sentences, as `ruleset_sentences.in_sentences` has it."""
    typer.echo(_heading(said))
    for rule in said["rules"]:
        typer.echo(f"\n{rule['says']}{_ORIGIN[rule['origin']]}")
        for step in rule["steps"]:
            typer.echo(f"  {step['step']}: {step['says']}")
    if not said["rules"]:
        typer.echo("\nNo rules: nobody is told anything.")
    for rule_id in said["left_out"]:
        typer.echo(f"\nThe organisation's rule {rule_id} is left out.")
    typer.echo("")
    for sentence in said["limits"]:
        typer.echo(sentence)
    if said["limits_replaced"]:
        own = ", ".join(said["limits_replaced"])
        typer.echo(f"Instead of the organisation's: {own}.")


def _heading(said: dict[str, Any]) -> str:
    owner, number = said["owner"], said["version"]
    if not number:
        return f"{owner}, as {said['by']} has it: in force once `reminder run` starts"
    since = _day(said["published_at"] or said["changed_at"])
    by = f" by {said['by']}" if said["by"] else ""
    note = f": {said['note']}" if said["note"] else ""
    return f"{owner}, version {number}, {said['state']} on {since}{by}{note}"


def show_saved(saved: VersionChanges) -> None:
    """What a draft changes in what was before, and what to do next."""
    version = saved.version
    typer.echo(f"Draft of {version.owner}, to be version {version.version}:")
    for sentence in saved.changes or ("It changes nothing.",):
        typer.echo(f"  {sentence}")
    typer.echo(f"Next: reminder rules preview {option(version.owner)}")


def show_history(versions: Sequence[VersionChanges]) -> None:
    """One version a line, the newest first."""
    show(
        ("since", "version", "state", "by", "note", "changes"),
        [
            (
                one.version.published_at or one.version.changed_at,
                one.version.version,
                one.version.state,
                one.version.by,
                one.version.note,
                " ".join(one.changes),
            )
            for one in versions
        ],
        empty="There is no version yet.",
    )


def show_replanned(counts: PlanCounts | None) -> None:
    """What a publish did to the plans."""
    if counts is None:
        typer.echo("The process at work plans everyone anew within a minute.")
        return
    typer.echo(
        f"{counts.planned} reminders planned, {counts.withdrawn} withdrawn,"
        f" {counts.unchanged} as they were."
    )


def plain_change(one: VersionChanges) -> dict[str, Any]:
    """A version and its changes as JSON."""
    return head(one.version) | {"changes": one.changes}


def _say_each(remarks: Sequence[Remark], file: Path | None) -> None:
    for one in remarks:
        place = _place(one, file)
        problem = one.problem[:1].upper() + one.problem[1:].removesuffix(".")
        say(f"{problem}.", place=place, do=one.advice)


def _place(remark: Remark, file: Path | None) -> str:
    if file is None:
        return remark.place
    line = f", line {remark.line}" if remark.line is not None else ""
    return f"{file}{line}: {remark.place}"


def _plain_remark(remark: Remark, file: Path | None) -> dict[str, Any]:
    return {
        "error": remark.problem,
        "where": _place(remark, file),
        "do": remark.advice,
        "severity": remark.severity.value,
    }


def _count(count: int, what: str) -> str:
    return f"{count} {what}{'s' * (count != 1)}"


def _day(at: datetime) -> str:
    return f"{at.astimezone(UTC):%d %b %Y %H:%MZ}"
