"""How a connection report reads: on a terminal, and as a file to hand on."""

import dataclasses
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from reminder.model.capabilities import WriteStyle
from reminder.model.trials import ConnectionReport, Facts, Trial, Verdict

_WIDTH = 80
_MARGIN = 9
_WORDS = {Verdict.PASS: "works", Verdict.FAIL: "fails", Verdict.UNKNOWN: "unknown"}

_STYLES = {
    WriteStyle.TRANSACTION: "Appointment and Slots in one transaction, with versions",
    WriteStyle.UPDATE: "one update after the other, read again afterwards",
    WriteStyle.PATCH: "a JSON Patch of the Appointment, with its version",
    WriteStyle.REBOOK: "a new Appointment is booked, then the old one cancelled",
    WriteStyle.RESPONSE: "an AppointmentResponse",
    WriteStyle.TASK: "a Task for the front desk in the EHR",
    WriteStyle.REQUEST: "nothing is written; the worklist asks a human",
}


def in_words(report: ConnectionReport) -> Iterator[str]:
    """The report for a terminal, line by line, at most 80 columns wide."""
    yield from _wrapped(_heading(report))
    yield ""
    held = [each for each in report.trials if not _was_left_out(each)]
    for trial in held:
        yield from _trial(trial)
    if len(held) < len(report.trials):
        more = len(report.trials) - len(held)
        yield from _wrapped(f"The other {more} trials were not held.", "")
    yield ""
    for label, sentences in _conclusions(report):
        for sentence in sentences:
            yield from _wrapped(sentence, label)
            label = ""
    yield ""
    yield from _wrapped(verdict(report))


def as_markdown(report: ConnectionReport) -> str:
    """The report as a file for whoever looks after the EHR, or its vendor."""
    lines = [
        "# What Reminder found at this FHIR endpoint",
        "",
        _heading(report),
        "",
        verdict(report),
        "",
        "| result | tried | found | what Reminder does |",
        "|---|---|---|---|",
    ]
    for trial in report.trials:
        cells = (_WORDS[trial.verdict], trial.tried, facts(trial.found), trial.instead)
        lines.append("| " + " | ".join(map(_cell, cells)) + " |")
    for label, sentences in _conclusions(report):
        lines += ["", f"## {label.capitalize()}", ""]
        lines += [f"- {_cell(each)}" for each in sentences]
    lines += ["", "Counts, codes and times only: nothing of any patient is in here."]
    return "\n".join(lines) + "\n"


def in_json(report: ConnectionReport) -> dict[str, Any]:
    """The report for a program: its fields, and what follows from them."""
    fields = dataclasses.fields(report)
    return {"can_work": report.can_work, "verdict": verdict(report)} | {
        field.name: getattr(report, field.name) for field in fields
    }


def verdict(report: ConnectionReport) -> str:
    """In one sentence: can it work, and what is in the way."""
    if report.can_work:
        fails = sum(each.verdict is Verdict.FAIL for each in report.trials)
        if not fails:
            return "Reminder can work with this EHR."
        some = "one thing" if fails == 1 else f"{fails} things"
        return f"Reminder can work with this EHR, and goes around {some} that fail."
    names = ", ".join(each.name for each in report.obstacles)
    because = f" as it is: see {names}" if names else ": no way to find appointments"
    return f"Reminder cannot work with this EHR{because}."


def facts(found: Facts) -> str:
    """What was found, as short words."""
    return ", ".join(f"{_fact(name, value)}" for name, value in found.items())


def _fact(name: str, value: object) -> str:
    words = name.replace("_", " ")
    if isinstance(value, bool):
        return words if value else f"no {words}"
    return str(value) if name in ("why", "answer", "error") else f"{words} {value}"


def _heading(report: ConnectionReport) -> str:
    known = [report.software, report.fhir_version and f"FHIR {report.fhir_version}"]
    if report.profile:
        known.append(f"profile {report.profile}")
    known.append(f"{report.requests} requests, {report.asked_at:%Y-%m-%d %H:%MZ}")
    return f"{report.base_url} ({', '.join(filter(None, known))})"


def _trial(trial: Trial) -> Iterator[str]:
    found = facts(trial.found)
    said = f"{trial.tried[:-1]}: {found}." if found else trial.tried
    yield from _wrapped(said, _WORDS[trial.verdict])
    if trial.instead:
        yield from _wrapped(f"- {trial.instead}", "")


def _was_left_out(trial: Trial) -> bool:
    return str(trial.found.get("why", "")).startswith("not tried")


def _conclusions(report: ConnectionReport) -> list[tuple[str, Sequence[str]]]:
    plan = report.search.plan
    reading = f"{plan.value}. {report.search.why}" if plan else report.search.why
    writing = report.writing
    shown: list[tuple[str, Sequence[str]]] = [("reading", [reading])]
    if plan is not None:
        shown.append(
            (
                "writing",
                [
                    f"{what}: {style.value}, {_STYLES[style]}."
                    for what, style in (
                        ("confirm", writing.confirm),
                        ("cancel", writing.cancel),
                        ("move", writing.move),
                    )
                ]
                + list(report.writing_but),
            )
        )
    if report.limits:
        shown.append(("known", [f"Of {report.profile_title}:", *report.limits]))
    return shown


def _wrapped(text: str, label: str | None = None) -> list[str]:
    indent = "" if label is None else " " * _MARGIN
    first = "" if label is None else f"{label:<{_MARGIN}}"
    return textwrap.wrap(
        text,
        _WIDTH,
        initial_indent=first,
        subsequent_indent=indent,
        break_on_hyphens=False,
    )


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")
