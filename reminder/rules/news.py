"""Decides a step after something happened: booked, moved, cancelled, over."""

from datetime import datetime, timedelta

from reminder.model.appointments import CAME
from reminder.model.reasons import Reason
from reminder.model.reminders import Reminder, ReminderState
from reminder.rules.candidates import Candidate
from reminder.rules.due import wanted_at
from reminder.rules.events import Happened, happened
from reminder.rules.lateness import LATE_AFTER
from reminder.rules.prepared import PreparedStep, StepKind
from reminder.rules.visit import Visit

_A_DAY = timedelta(days=1)
"""How long thanks are of use."""

_NOT_TOLD = {ReminderState.SKIPPED, ReminderState.WITHDRAWN, ReminderState.EXPIRED}
_NOT_NEWS = Reason.NOT_NEWS
_OF_A_VISIT_AHEAD = frozenset({StepKind.BOOKED, StepKind.MOVED})


def look_at_event(visit: Visit, step: PreparedStep) -> Candidate | Reason | None:
    """What can be told of an event, or why not; None when nothing of it happened.

    What an earlier plan was about to tell and is no longer so is taken back.
    """
    found = _event(visit, step)
    if found is not None:
        return found
    kept = visit.kept(step)
    was_planned = kept is not None and kept.state is ReminderState.PLANNED
    return Reason.TAKEN_BACK if was_planned else None


def look_back(visit: Visit, step: PreparedStep) -> Candidate | Reason:
    """What can be told after the visit, or why nothing is.

    Until then it is planned for whoever is booked; then only for those of whom
    the EHR says that they came.
    """
    appointment, now = visit.appointment, visit.world.now
    came = appointment.status in CAME
    if not came and visit.reason not in (None, Reason.PAST):
        return visit.reason or Reason.NOT_ATTENDED
    to = visit.told(step)
    if isinstance(to, Reason):
        return to
    wanted = wanted_at(
        visit.clinic, step.timed, appointment.start_at, appointment.end_at
    )
    when = visit.due(step, wanted, wanted + _A_DAY)
    if when is None:
        return Reason.QUIET_HOURS
    latest = when.at + _A_DAY
    if when.at <= now and (reason := _too_late(visit, step, latest, came=came)):
        return reason
    return visit.candidate(step, to, when, latest)


def _too_late(
    visit: Visit, step: PreparedStep, latest: datetime, *, came: bool
) -> Reason | None:
    """Why nothing is said once its moment has come; nobody is thanked on a guess."""
    if not came:
        return Reason.NOT_ATTENDED
    kept = visit.kept(step)
    if visit.world.now >= latest:
        return _over(kept)
    return Reason.TOO_LATE if kept is None or _expired(kept.reason) else None


def _over(kept: Reminder | None) -> Reason | None:
    """Why an event is not told any more, whose use is over; None: it was in time."""
    if kept is None:
        return Reason.TOO_LATE
    return kept.reason if kept.state in _NOT_TOLD else None


def _expired(reason: Reason | None) -> bool:
    return reason in {Reason.TOO_LATE, Reason.NO_LONGER_USEFUL}


def _event(visit: Visit, step: PreparedStep) -> Candidate | Reason | None:
    if step.kind in _OF_A_VISIT_AHEAD and visit.reason is not None:
        return None
    event = happened(step.kind, visit.appointment, visit.clinic, visit.world)
    if not isinstance(event, Happened):
        return event
    if _was_a_move(visit.kept(step), event, visit.world.now):
        return Reason.REBOOKED
    return _told(visit, step, event) if _is_news(visit, step, event) else _NOT_NEWS


def _was_a_move(kept: Reminder | None, event: Happened, now: datetime) -> bool:
    """What was let pass as a move stays one, whatever becomes of the new visit."""
    was_rebooked = kept is not None and kept.reason is Reason.REBOOKED
    return was_rebooked and now > event.at + LATE_AFTER


def _is_news(visit: Visit, step: PreparedStep, event: Happened) -> bool:
    """A rule tells what happens while it is in force, and what it told before."""
    published_at = visit.clinic.ruleset.published_at
    # Seen shortly before a publish it may not have been planned for by then.
    if published_at is None or event.since >= published_at - LATE_AFTER:
        return True
    kept = visit.kept(step)
    return kept is not None and kept.reason is not _NOT_NEWS


def _told(visit: Visit, step: PreparedStep, event: Happened) -> Candidate | Reason:
    to = visit.told(step)
    if isinstance(to, Reason):
        return to
    latest, start_at = event.until, visit.appointment.start_at
    if start_at > visit.world.now:
        latest = min(latest, start_at - step.useful)
    when = visit.due(step, event.at, latest)
    if when is None:
        return Reason.QUIET_HOURS
    if when.at >= latest:
        return Reason.NO_LONGER_USEFUL
    if visit.world.now >= latest and (reason := _over(visit.kept(step))):
        return reason
    return visit.candidate(step, to, when, latest)
