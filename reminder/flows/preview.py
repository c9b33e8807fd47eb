"""Shows what other rules would send to everyone with a visit ahead; sends nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol
from uuid import UUID

import structlog

from reminder.flows.readable import CAPS_LOOK_BACK, People, readable
from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import ClinicDirectory
from reminder.model.clock import Clock
from reminder.model.offsets import DaysAfter, HoursAfter, MinutesAfter, WhenMissed
from reminder.model.people import Channel, PatientKey
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.model.rulesets import Step
from reminder.rules.explain import explain
from reminder.rules.plan import plan
from reminder.rules.plan_comparison import PlanComparison, PreviewReport

log = structlog.get_logger()

_DAY = timedelta(days=1)

_UNSAVED = UUID(int=0)
"""The id of a decision that is only a thought."""

Progress = Callable[[int, int], None]
"""Called with how many people are done, of how many."""


class World(People, Protocol):
    """Everyone with a visit ahead, and all that is known of them."""

    async def count_upcoming(self, since: datetime) -> int:
        """How many people have a booking that starts after `since`."""

    async def upcoming(
        self, after: PatientKey | None, since: datetime, limit: int
    ) -> list[PatientKey]:
        """The next of them after this one, in the order of their keys."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CalendarEntry:
    """One step of one visit of a patient: what becomes of it, and why.

    `due_at` and `channel` are None where nothing is sent.
    """

    appointment: AppointmentKey
    step_id: str
    start_at: datetime
    clinic_id: str | None
    state: ReminderState
    due_at: datetime | None
    channel: Channel | None
    sentence: str


class Preview:
    """Plans for everyone twice, with two sets of rules, and keeps neither plan."""

    def __init__(self, world: World, clock: Clock, *, page: int = 500) -> None:
        self._world, self._clock, self._page = world, clock, page

    async def compare(
        self,
        before: ClinicDirectory,
        after: ClinicDirectory,
        *,
        limit: int | None = None,
        progress: Progress | None = None,
    ) -> PreviewReport:
        """What `after` would send, and what differs from `before`, from now on.

        `limit` bounds how many affected reminders are named; however many
        there are, memory stays flat. Whose record is damaged is left out.
        """
        now = self._clock()
        since = now - _aftermath(before, after)
        total, done = await self._world.count_upcoming(since), 0
        comparison = PlanComparison(after, now, limit)
        last: PatientKey | None = None
        while keys := await self._world.upcoming(last, since, self._page):
            for person in await self._people(keys, now):
                _compare(comparison, person, before, after, now)
            last, done = keys[-1], done + len(keys)
            if progress is not None:
                progress(done, max(done, total))
        return comparison.report()

    async def calendar(
        self, patient: PatientKey, clinics: ClinicDirectory
    ) -> list[CalendarEntry] | None:
        """Every step of every visit of one patient, in the order of the visits.

        What was sent is told as it was, what is to come as these rules have
        it. None when the patient is not known.
        """
        now = self._clock()
        for person in await self._people([patient], now):
            kept = {one.key: one for one in person.kept}
            decisions = {one.key: one for one in plan(person, clinics, now)}
            reminders = [
                _reminder(one, kept.get(one.key)) for one in decisions.values()
            ]
            return [_entry(one, clinics) for one in sorted(reminders, key=_by_visit)]
        return None

    async def _people(self, keys: Sequence[PatientKey], now: datetime) -> list[Person]:
        return await readable(self._world, keys, told_since=now - CAPS_LOOK_BACK)


def _compare(
    comparison: PlanComparison,
    person: Person,
    before: ClinicDirectory,
    after: ClinicDirectory,
    now: datetime,
) -> None:
    try:
        was, will = plan(person, before, now), plan(person, after, now)
    except Exception as error:  # noqa: BLE001 - one impossible person stops no preview
        error_name = type(error).__name__
        log.error("could_not_preview", **person.key._asdict(), error=error_name)
        comparison.add_failed()
        return
    comparison.add(person, was, will)


def _aftermath(*directories: ClinicDirectory) -> timedelta:
    """How long after a visit any of these rules still has something to say."""
    spans = [_span(step) for directory in directories for step in _steps(directory)]
    longest = max(spans, default=timedelta())
    return longest + _DAY if longest else longest


def _span(step: Step) -> timedelta:
    match step.offset:
        case MinutesAfter(minutes):
            return timedelta(minutes=minutes)
        case HoursAfter(hours):
            return timedelta(hours=hours)
        case DaysAfter(days):
            return timedelta(days=days)
        case WhenMissed():
            return _DAY
        case _:
            return timedelta()


def _steps(directory: ClinicDirectory) -> Iterator[Step]:
    for clinic in directory.clinics:
        for rule in clinic.ruleset.rules:
            yield from rule.steps


def _reminder(decision: Decision, kept: Reminder | None) -> Reminder:
    """A decision as if it had been kept; one that is under way stays as it is."""
    if kept is not None and kept.state in _UNDER_WAY:
        return kept
    match decision:
        case Skipped(key=key, reason=reason, clinic_id=clinic_id, rule_id=rule_id):
            return Reminder(
                reminder_id=_UNSAVED,
                key=key,
                state=ReminderState.SKIPPED,
                clinic_id=clinic_id,
                rule_id=rule_id,
                reason=reason,
            )
        case Planned():
            return Reminder(
                reminder_id=_UNSAVED,
                key=decision.key,
                state=ReminderState.PLANNED,
                clinic_id=decision.clinic_id,
                template=decision.template,
                language=decision.language,
                channel=decision.routes[0].channel,
                routes=decision.routes,
                due_at=decision.due_at,
                useful_until=decision.useful_until,
                wanted_at=decision.wanted_at,
                rule_id=decision.rule_id,
                together=decision.together,
                urgency=decision.urgency,
                notes=decision.notes,
            )


_UNDER_WAY = {
    ReminderState.IN_MESSAGE,
    ReminderState.SENT,
    ReminderState.ANSWERED,
    ReminderState.EXPIRED,
    ReminderState.FAILED,
}


def _entry(reminder: Reminder, clinics: ClinicDirectory) -> CalendarEntry:
    known = {one.clinic_id: one for one in clinics.clinics}
    return CalendarEntry(
        appointment=reminder.key.appointment,
        step_id=reminder.key.step_id,
        start_at=reminder.key.start_at,
        clinic_id=reminder.clinic_id,
        state=reminder.state,
        due_at=reminder.due_at,
        channel=reminder.channel,
        sentence=explain(reminder, known.get(reminder.clinic_id or "")),
    )


def _by_visit(reminder: Reminder) -> tuple[datetime, ReminderKey]:
    return reminder.key.start_at, reminder.key
