"""Compares what two rulesets would send: how many messages, when, how, and the rest.

What is counted are messages to come: reminders that go together (to one
address, in one template, on one day) are one. What was sent is on neither side.
"""

from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from reminder.model.appointments import AppointmentKey
from reminder.model.clinics import ClinicDirectory
from reminder.model.people import Channel
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    ReminderKey,
    ReminderState,
    Skipped,
)
from reminder.rules.calendar import local_date

_SOON = timedelta(hours=1)
_OVER = {
    ReminderState.SENT,
    ReminderState.ANSWERED,
    ReminderState.EXPIRED,
    ReminderState.FAILED,
}


class Sending(NamedTuple):
    """When (UTC) and how one reminder goes first."""

    due_at: datetime
    channel: Channel
    template: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Affected:
    """One reminder that would go otherwise than now, newly (`before` is None) or not.

    `reason` says why nothing would be sent any more.
    """

    appointment: AppointmentKey
    step_id: str
    start_at: datetime
    clinic_id: str
    before: Sending | None
    after: Sending | None
    reason: Reason | None = None

    @property
    def first_at(self) -> datetime:
        """The first instant at which something is otherwise."""
        return min(one.due_at for one in (self.before, self.after) if one is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewReport:
    """What would be sent from now on, and how that differs from what is in force.

    `total` and the counts by day (the clinic's), channel and template are of
    messages with the new rules, `total_before` with those in force. Of the
    `added` and `moved`, `soon` would go within the next hour. `appointments`
    counts those of which anything changes; `affected` are their reminders, the
    first to go first, at most as many as were asked for, of `affected_total`.
    `failed` people could not be planned for, and are in no count.
    """

    total: int = 0
    total_before: int = 0
    by_day: Mapping[date, int]
    by_channel: Mapping[Channel, int]
    by_template: Mapping[str, int]
    added: int = 0
    removed: int = 0
    moved: int = 0
    soon: int = 0
    appointments: int = 0
    affected_total: int = 0
    affected: tuple[Affected, ...] = ()
    people: int = 0
    failed: int = 0


Messages = dict[Hashable, list[Planned]]


class PlanComparison:
    """Adds up one person after the other; `limit` bounds how many affected it keeps."""

    def __init__(
        self, clinics: ClinicDirectory, now: datetime, limit: int | None = None
    ) -> None:
        self._zones = {one.clinic_id: one for one in clinics.clinics}
        self._now, self._limit = now, limit
        # Messages to households are met again with each of their people; only
        # hashes are kept, so that a hundred thousand take little room.
        self._seen: tuple[set[int], set[int]] = (set(), set())
        self._counts: Counter[str] = Counter()
        self._days: Counter[date] = Counter()
        self._channels: Counter[Channel] = Counter()
        self._templates: Counter[str] = Counter()
        self._affected: list[Affected] = []

    def add(
        self, person: Person, before: Sequence[Decision], after: Sequence[Decision]
    ) -> None:
        """One person's plan with the rules in force, and with the others."""
        over = {one.key for one in person.kept if one.state in _OVER}
        was, will = _to_come(before, over), _to_come(after, over)
        self._counts["people"] += 1
        self._add_affected(was, will, after)
        self._add_messages(
            self._messages(was.values(), 0), self._messages(will.values(), 1)
        )

    def add_failed(self) -> None:
        """Somebody nobody could plan for."""
        self._counts["failed"] += 1

    def report(self) -> PreviewReport:
        """What was added up so far."""
        affected = sorted(self._affected, key=_order)
        return PreviewReport(
            by_day=dict(sorted(self._days.items())),
            by_channel=dict(sorted(self._channels.items())),
            by_template=dict(sorted(self._templates.items())),
            affected=tuple(affected[: self._limit]),
            **self._counts,
        )

    def _messages(self, planned: Iterable[Planned], side: int) -> Messages:
        """What goes as one message, but for what was met at other people."""
        messages: Messages = {}
        for one in sorted(planned, key=lambda one: (one.due_at, one.key)):
            messages.setdefault(_message(one), []).append(one)
        seen = self._seen[side]
        new = {key: some for key, some in messages.items() if hash(key) not in seen}
        seen.update(map(hash, new))
        return new

    def _add_messages(self, before: Messages, after: Messages) -> None:
        self._counts["total"] += len(after)
        self._counts["total_before"] += len(before)
        matches = _matches(before, after)
        for key, some in after.items():
            self._count(some[0])
            if key not in matches:
                self._change("added", some[0])
            elif _sending(before[matches[key]][0]) != _sending(some[0]):
                self._change("moved", some[0])
        self._counts["removed"] += len(before) - len(matches)

    def _count(self, first: Planned) -> None:
        self._days[local_date(self._zones[first.clinic_id], first.due_at)] += 1
        self._channels[first.routes[0].channel] += 1
        self._templates[first.template] += 1

    def _change(self, how: str, first: Planned) -> None:
        self._counts[how] += 1
        self._counts["soon"] += first.due_at <= self._now + _SOON

    def _add_affected(
        self,
        was: Mapping[ReminderKey, Planned],
        will: Mapping[ReminderKey, Planned],
        after: Sequence[Decision],
    ) -> None:
        reasons = {one.key: one.reason for one in after if isinstance(one, Skipped)}
        changed = [
            _affected(was.get(key), will.get(key), reasons.get(key))
            for key in was.keys() | will.keys()
            if key not in was
            or key not in will
            or _sending(was[key]) != _sending(will[key])
        ]
        self._counts["affected_total"] += len(changed)
        self._counts["appointments"] += len({one.appointment for one in changed})
        self._affected += changed
        if self._limit is not None and len(self._affected) > 10 * self._limit:
            self._affected = sorted(self._affected, key=_order)[: self._limit]


def _to_come(
    decisions: Iterable[Decision], over: set[ReminderKey]
) -> dict[ReminderKey, Planned]:
    return {
        one.key: one
        for one in decisions
        if isinstance(one, Planned) and one.key not in over
    }


def _message(one: Planned) -> Hashable:
    """What tells messages apart; what is not to go together may fall together."""
    together = one.together or one.due_at
    return one.clinic_id, one.routes[0], one.template, one.language, together


def _matches(before: Messages, after: Messages) -> dict[Hashable, Hashable]:
    """For messages the one before that became of them: no two have the same.

    It is the one that tells one of the same reminders, else the one that goes
    to the same address on the same day.
    """
    left = {one.key: key for key, some in before.items() for one in some}
    free, matches = set(before), dict[Hashable, Hashable]()
    for key, some in after.items():
        former = (left[one.key] for one in some if one.key in left)
        found = next((one for one in former if one in free), None)
        if found is not None:
            matches[key] = found
            free.remove(found)
    for key in after.keys() - matches.keys():
        if key in free:
            matches[key] = key
            free.remove(key)
    return matches


def _sending(planned: Planned) -> Sending:
    return Sending(planned.due_at, planned.routes[0].channel, planned.template)


def _affected(
    was: Planned | None, will: Planned | None, reason: Reason | None
) -> Affected:
    known = will or was
    assert known is not None  # noqa: S101 - one of the two is there
    return Affected(
        appointment=known.key.appointment,
        step_id=known.key.step_id,
        start_at=known.key.start_at,
        clinic_id=known.clinic_id,
        before=None if was is None else _sending(was),
        after=None if will is None else _sending(will),
        reason=None if will else reason or Reason.NO_LONGER_A_STEP,
    )


def _order(one: Affected) -> tuple[datetime, AppointmentKey, str]:
    return one.first_at, one.appointment, one.step_id
