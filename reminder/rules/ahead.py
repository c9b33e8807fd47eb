"""Decides a step before a visit by itself: who is told, and when, if at all."""

from datetime import datetime

from reminder.model.reasons import Note, Reason
from reminder.rules.candidates import Candidate
from reminder.rules.due import Due, wanted_at
from reminder.rules.lateness import at_once_before, is_told_at_once, lateness
from reminder.rules.prepared import PreparedStep
from reminder.rules.visit import Visit


def look_ahead(visit: Visit, step: PreparedStep) -> Candidate | Reason:
    """What can be told by a step before the visit, or why nothing is."""
    if visit.reason is not None:
        return visit.reason
    to = visit.told(step)
    if isinstance(to, Reason):
        return to
    latest = visit.appointment.start_at - step.useful
    when = _when(visit, step, latest)
    return when if isinstance(when, Reason) else visit.candidate(step, to, when, latest)


def _when(visit: Visit, step: PreparedStep, latest: datetime) -> Due | Reason:
    start_at, kept = visit.appointment.start_at, visit.kept(step)
    wanted = wanted_at(visit.clinic, step.timed, start_at, None)
    if at := at_once_before(kept):
        return Due(wanted, at, Note.AT_ONCE)
    when = visit.due(step, wanted, latest, visit_at=start_at)
    if when is None:
        return Reason.QUIET_HOURS
    late = lateness(when, kept, visit.world.now)
    if late is None:
        return when
    return _at_once(visit, step, when, latest) if late is Reason.TOO_LATE else late


def _at_once(
    visit: Visit, step: PreparedStep, when: Due, latest: datetime
) -> Due | Reason:
    """When a step is told whose moment was over as the visit was booked."""
    published_at = visit.clinic.ruleset.published_at
    since = visit.appointment.booked_at
    if not is_told_at_once(step.step, when, since, published_at):
        return Reason.TOO_LATE
    start_at, now = visit.appointment.start_at, visit.world.now
    at_once = visit.due(step, now, latest, visit_at=start_at)
    if at_once is None or at_once.at < now:
        return Reason.QUIET_HOURS
    return Due(when.wanted_at, at_once.at, Note.AT_ONCE)
