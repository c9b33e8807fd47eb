"""How `reminder rules` prints what other rules would send."""

import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import typer

from reminder.cli.output import show, show_json
from reminder.flows.preview import CalendarEntry
from reminder.model.clinics import ClinicDirectory
from reminder.model.reasons import SENTENCES
from reminder.rules.phrases import CHANNEL, moment
from reminder.rules.plan_comparison import Affected, PreviewReport, Sending


def plain_difference(report: PreviewReport) -> dict[str, Any]:
    """How many messages change, as JSON."""
    return {
        "total": report.total,
        "total_before": report.total_before,
        "added": report.added,
        "removed": report.removed,
        "moved": report.moved,
        "within_the_hour": report.soon,
        "people": report.people,
        "appointments_affected": report.appointments,
        "could_not_be_planned": report.failed,
    }


def plain_report(report: PreviewReport) -> dict[str, Any]:
    """The whole report as JSON."""
    return plain_difference(report) | {
        "by_day": report.by_day,
        "by_channel": report.by_channel,
        "by_template": report.by_template,
        "affected_total": report.affected_total,
        "affected": [_plain_affected(one) for one in report.affected],
    }


def show_difference(report: PreviewReport) -> None:
    """What changes, in three lines; counted are messages, not reminders."""
    typer.echo(
        f"+{report.added}, {_minus()}{report.removed}, {report.moved} otherwise"
        f" than now: {report.total} messages to come instead of"
        f" {report.total_before}."
    )
    typer.echo(
        f"{report.appointments} appointments of {report.people} people change;"
        f" {report.soon} would be sent within the next hour."
    )
    if report.failed:
        typer.echo(f"{report.failed} people could not be planned for: see the log.")


def show_report(report: PreviewReport, clinics: ClinicDirectory) -> None:
    """The difference, the counts, and who is affected first."""
    show_difference(report)
    counts = [
        *(("day", day, count) for day, count in report.by_day.items()),
        *(("channel", CHANNEL[one], n) for one, n in report.by_channel.items()),
        *(("template", name, count) for name, count in report.by_template.items()),
    ]
    show(("by", "which", "messages"), counts, empty="Nothing would be sent.")
    if not report.affected:
        return
    zones = _Zones(clinics)
    show(
        ("visit", "appointment", "patient", "step", "now", "then"),
        [
            (
                zones.local(one.clinic_id, one.start_at),
                one.appointment.appointment_id,
                one.appointment.patient_id,
                one.step_id,
                zones.sending(one.clinic_id, one.before),
                zones.sending(one.clinic_id, one.after) or _why(one),
            )
            for one in report.affected
        ],
        empty="",
    )
    more = report.affected_total - len(report.affected)
    if more:
        typer.echo(f"And {more} more: --json has them all.")


def show_calendar(
    entries: Sequence[CalendarEntry], clinics: ClinicDirectory, *, as_json: bool
) -> None:
    """Every step of one patient's visits, in sentences."""
    if as_json:
        show_json([_plain_entry(one) for one in entries])
        return
    zones = _Zones(clinics)
    show(
        ("visit", "appointment", "step", "decision", "what and why"),
        [
            (
                zones.local(one.clinic_id, one.start_at),
                one.appointment.appointment_id,
                one.step_id,
                one.state,
                one.sentence,
            )
            for one in entries
        ],
        empty="No step is for any visit of this patient.",
    )


class _Zones:
    """The wall clock of each clinic."""

    def __init__(self, clinics: ClinicDirectory) -> None:
        self._zones = {one.clinic_id: one.zone for one in clinics.clinics}

    def local(self, clinic_id: str | None, at: datetime) -> str:
        """An instant as the clinic says it; in UTC where no clinic is known."""
        return moment(at, self._zones.get(clinic_id or "", UTC))

    def sending(self, clinic_id: str, sending: Sending | None) -> str:
        """'e-mail on Tue 1 Dec …, saying 'reminder''; empty where nothing goes."""
        if sending is None:
            return ""
        by, when = CHANNEL[sending.channel], self.local(clinic_id, sending.due_at)
        return f"{by} on {when}, '{sending.template}'"


def _why(one: Affected) -> str:
    return f"nothing: {SENTENCES[one.reason]}" if one.reason else "nothing"


def _plain_affected(one: Affected) -> dict[str, Any]:
    return one.appointment._asdict() | {
        "step": one.step_id,
        "clinic": one.clinic_id,
        "start": one.start_at,
        "before": one.before and one.before._asdict(),
        "after": one.after and one.after._asdict(),
        "reason": one.reason,
        "why": SENTENCES[one.reason] if one.reason else None,
    }


def _plain_entry(one: CalendarEntry) -> dict[str, Any]:
    return one.appointment._asdict() | {
        "step": one.step_id,
        "clinic": one.clinic_id,
        "start": one.start_at,
        "decision": one.state,
        "due": one.due_at,
        "channel": one.channel,
        "says": one.sentence,
    }


def _minus() -> str:
    """The sign where it can be written, else its ASCII."""
    encoding = (sys.stdout.encoding or "ascii").lower().replace("-", "")
    return "\N{MINUS SIGN}" if encoding.startswith("utf") else "-"
