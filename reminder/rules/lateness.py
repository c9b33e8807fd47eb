"""What becomes of a step whose moment is over: told, told shorter, or left out."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from reminder.model.clinics import ClinicDirectory
from reminder.model.reasons import Note, Reason
from reminder.model.reminders import Reminder, ReminderState
from reminder.model.rulesets import InsidePolicy, LatePolicy, Step
from reminder.rules.candidates import Candidate
from reminder.rules.due import Due

LATE_AFTER = timedelta(hours=1)
"""How late a message may be without being a late one; a queue takes its time."""

_NOT_PLANNED = {ReminderState.SKIPPED, ReminderState.WITHDRAWN, ReminderState.EXPIRED}
"""States whose moment, once it has passed, does not come again."""

_LASTING = {
    Reason.QUIET_HOURS,
    Reason.NO_LONGER_USEFUL,
    Reason.SUPERSEDED,
    Reason.OVER_CAP,
}
"""Reasons that say more of a moment gone by than that it has gone by."""


def lateness(when: Due, kept: Reminder | None, now: datetime) -> Reason | None:
    """Why a step whose moment has passed is not planned any more; None while it is.

    One that was planned in time is not late, nor is one that was withdrawn only
    for a while (moved and moved back, dropped by older rules). But one whose
    moment was still to come and is over all at once has moved with the clinic's
    rules: everybody it concerns would get it now, in the same minute.
    """
    if when.at >= now:
        return None
    was_to_come = kept is not None and kept.due_at is not None and kept.due_at > now
    if kept is not None and not was_to_come:
        if kept.state not in _NOT_PLANNED or kept.reason is Reason.REPLANNED:
            return None
        if kept.reason in _LASTING:
            return kept.reason
        was_withdrawn = kept.state is ReminderState.WITHDRAWN
        if was_withdrawn and now - when.at <= LATE_AFTER:
            return None
    # The evening before was the only moment outside quiet hours, and it is over.
    moved_back_too_far = when.wanted_at >= now
    return Reason.QUIET_HOURS if moved_back_too_far else Reason.TOO_LATE


def at_once_before(kept: Reminder | None) -> datetime | None:
    """When an earlier plan told a step at once (UTC), while it still does."""
    if kept is None or Note.AT_ONCE not in kept.notes or kept.state in _NOT_PLANNED:
        return None
    return kept.due_at


def is_told_at_once(
    step: Step, when: Due, booked_at: datetime | None, published_at: datetime | None
) -> bool:
    """Whether a step is told although its moment was over when the visit was booked.

    Not to those who were booked before the rule was published: all of them would
    be told in the same minute.
    """
    if step.inside is not InsidePolicy.AT_ONCE or booked_at is None:
        return False
    return booked_at > when.at and (published_at is None or booked_at >= published_at)


def settle_usefulness(candidates: Sequence[Candidate]) -> None:
    """Until when each step of one visit is of use: until the next is due, or its limit.

    Of steps that quiet hours pushed onto one instant only the one meant to be
    closest to the visit is left, since two messages at once tell no more than
    one; a step due when its own limit is reached is left out as well.
    """
    next_at: datetime | None = None
    told = [one for one in candidates if one.reason is None]
    for one in sorted(told, key=lambda one: (one.due_at, one.wanted_at), reverse=True):
        limit = _limit(one)
        if one.due_at >= limit:
            one.reason = Reason.NO_LONGER_USEFUL
        elif next_at is not None and one.due_at >= next_at:
            one.reason = Reason.SUPERSEDED
        else:
            one.useful_until = limit if next_at is None else min(limit, next_at)
            next_at = one.due_at


def is_late(due_at: datetime | None, now: datetime) -> bool:
    """Whether a reminder goes so late that its step's late policy counts."""
    return due_at is not None and now - due_at > LATE_AFTER


def is_shortened(
    reminders: Iterable[Reminder], clinics: ClinicDirectory, now: datetime
) -> bool:
    """Whether a message of these reminders goes in fewer words, because it is late."""
    return any(
        is_late(one.due_at, now) and _late_policy(one, clinics) is LatePolicy.SHORTEN
        for one in reminders
    )


def templates_of(step: Step) -> tuple[str, ...]:
    """The words a step may need, in time and late."""
    if step.late is LatePolicy.SHORTEN:
        return (step.template, shortened(step.template))
    return (step.template,)


def shortened(template: str) -> str:
    """The words to use instead of a template's when a message is late."""
    return f"{template}-late"


def _late_policy(reminder: Reminder, clinics: ClinicDirectory) -> LatePolicy | None:
    try:
        clinic = clinics.by_id(reminder.clinic_id or "")
    except KeyError:
        return None
    return next(
        (
            step.late
            for rule in clinic.ruleset.rules
            for step in rule.steps
            if step.step_id == reminder.key.step_id
            and step.template == reminder.template
        ),
        None,
    )


def _limit(candidate: Candidate) -> datetime:
    if candidate.prepared.step.late is LatePolicy.DROP:
        return min(candidate.latest, candidate.due_at + LATE_AFTER)
    return candidate.latest
