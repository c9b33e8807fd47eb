"""Decides what to write so that what is kept says what the plan decided."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import assert_never

from reminder.model.appointments import AppointmentKey
from reminder.model.reasons import Reason
from reminder.model.reminders import (
    Decision,
    Person,
    Planned,
    Reminder,
    ReminderKey,
    ReminderState,
    Skipped,
)

_REVIVED = {ReminderState.WITHDRAWN, ReminderState.SKIPPED, ReminderState.EXPIRED}
"""States of a reminder that is not told: a new plan can have it told after all."""

_SET_ASIDE = {ReminderState.WITHDRAWN, ReminderState.SKIPPED}
"""States whose reason is always the one the plan gives today."""


@dataclass(frozen=True, slots=True)
class SetAside:
    """A kept reminder that is not told, or not any more, and why."""

    reminder: Reminder
    state: ReminderState
    reason: Reason
    clinic_id: str | None


@dataclass(slots=True)
class Difference:
    """What a plan changes; `unchanged` counts the decisions that change nothing."""

    new: list[Decision] = field(default_factory=list)
    told: list[tuple[Reminder, Planned]] = field(default_factory=list)
    set_aside: list[SetAside] = field(default_factory=list)
    unchanged: int = 0


def difference(
    person: Person, decisions: Sequence[Decision], kept: Iterable[Reminder]
) -> Difference:
    """What a plan changes in what is `kept` of that person.

    What was sent or answered, has failed, or is in a message now is history,
    or dispatch's to decide again: no plan touches it.
    """
    result = Difference()
    rows = {reminder.key: reminder for reminder in kept}
    for key, decision in {one.key: one for one in decisions}.items():
        _compare(result, rows.pop(key, None), decision)
    if rows:
        starts = _starts(person)
        for reminder in rows.values():
            _drop(result, reminder, starts)
    return result


def _compare(result: Difference, kept: Reminder | None, decision: Decision) -> None:
    if kept is None:
        result.new.append(decision)
        return
    match decision:
        case Planned() if kept.state in _REVIVED or _is_other(kept, decision):
            result.told.append((kept, decision))
        case Skipped(_, reason, clinic_id) if _is_aside(kept, reason, clinic_id):
            _set_aside(result, kept, reason, clinic_id)
        case Planned() | Skipped():
            result.unchanged += 1
        case _:
            assert_never(decision)


def _is_other(kept: Reminder, decision: Planned) -> bool:
    """Whether a reminder still to be told is now to be told otherwise."""
    if kept.state is not ReminderState.PLANNED:
        return False
    return (
        kept.clinic_id,
        kept.template,
        kept.language,
        kept.routes,
        kept.due_at,
        kept.useful_until,
    ) != (
        decision.clinic_id,
        decision.template,
        decision.language,
        decision.routes,
        decision.due_at,
        decision.useful_until,
    )


def _is_aside(kept: Reminder, reason: Reason, clinic_id: str | None) -> bool:
    """Whether not telling it, for this reason, is news."""
    if kept.state in _SET_ASIDE:
        return (kept.reason, kept.clinic_id) != (reason, clinic_id)
    return kept.state is ReminderState.PLANNED


def _drop(
    result: Difference, kept: Reminder, starts: Mapping[AppointmentKey, object]
) -> None:
    """A reminder nobody decided about: its step or its start is no more."""
    if kept.state in {ReminderState.PLANNED, ReminderState.SKIPPED}:
        reason = _why(kept.key, starts)
        if kept.reason is not reason:
            _set_aside(result, kept, reason, kept.clinic_id)


def _why(key: ReminderKey, starts: Mapping[AppointmentKey, object]) -> Reason:
    if key.appointment not in starts:
        return Reason.GONE
    if starts[key.appointment] != key.start_at:
        return Reason.MOVED
    return Reason.NO_LONGER_A_STEP


def _set_aside(
    result: Difference, kept: Reminder, reason: Reason, clinic_id: str | None
) -> None:
    """Withdraw what was to be told; what was not keeps its state."""
    planned = kept.state is ReminderState.PLANNED
    state = ReminderState.WITHDRAWN if planned else kept.state
    result.set_aside.append(SetAside(kept, state, reason, clinic_id))


def _starts(person: Person) -> dict[AppointmentKey, object]:
    return {one.key: one.start_at for one in person.appointments}
