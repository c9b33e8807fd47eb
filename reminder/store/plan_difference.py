"""Decides what to write so that what is kept says what the plan decided."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import assert_never

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
    rule_id: str = ""


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
    for reminder in rows.values():
        # What was skipped or sent for it is history.
        if reminder.state is ReminderState.PLANNED:
            reason = _why(reminder.key, person)
            _set_aside(result, reminder, reason, reminder.clinic_id, reminder.rule_id)
    return result


def _compare(result: Difference, kept: Reminder | None, decision: Decision) -> None:
    if kept is None:
        result.new.append(decision)
        return
    match decision:
        case Planned() if kept.state in _REVIVED or _is_other(kept, decision):
            result.told.append((kept, decision))
        case Skipped() if _is_aside(kept, decision):
            _set_aside(
                result, kept, decision.reason, decision.clinic_id, decision.rule_id
            )
        case Planned() | Skipped():
            result.unchanged += 1
        case _:
            assert_never(decision)


def _is_other(kept: Reminder, decision: Planned) -> bool:
    """Whether a reminder still to be told is now to be told otherwise."""
    if kept.state is not ReminderState.PLANNED:
        return False
    return _told(kept) != _told(decision)


_told = attrgetter(
    "due_at",
    "useful_until",
    "wanted_at",
    "routes",
    "clinic_id",
    "template",
    "language",
    "rule_id",
    "together",
    "urgency",
    "notes",
)


def _is_aside(kept: Reminder, decision: Skipped) -> bool:
    """Whether not telling it, for this reason, is news."""
    if kept.state in _SET_ASIDE:
        return (kept.reason, kept.clinic_id, kept.rule_id) != (
            decision.reason,
            decision.clinic_id,
            decision.rule_id,
        )
    return kept.state is ReminderState.PLANNED


def _why(key: ReminderKey, person: Person) -> Reason:
    """Why nobody decided about it: the visit, its start or the step is no more."""
    for appointment in person.appointments:
        if appointment.key == key.appointment:
            is_earlier = 0 < key.n < appointment.history.moves
            moved = is_earlier or appointment.start_at != key.start_at
            return Reason.MOVED if moved else Reason.NO_LONGER_A_STEP
    return Reason.GONE


def _set_aside(
    result: Difference,
    kept: Reminder,
    reason: Reason,
    clinic_id: str | None,
    rule_id: str,
) -> None:
    """Withdraw what was to be told; what was not keeps its state."""
    planned = kept.state is ReminderState.PLANNED
    state = ReminderState.WITHDRAWN if planned else kept.state
    result.set_aside.append(SetAside(kept, state, reason, clinic_id, rule_id))
