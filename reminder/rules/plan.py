"""Decides, for each step of each appointment of a person, what is told and when.

The first check that fails gives the reason:

1. the appointment (`checks`): entered in error, cancelled, noshow, not
   booked, declined, past; then, if it is booked and ahead, no clinic, no rule
   for its kind, taken out by staff
2. the person (`checks`, `recipients`): unknown, deceased, inactive, opted out,
   confidential
3. the step: replaced by the patient's own lead time; nothing to tell
   (`events`); a condition not met; nobody to tell; no moment outside quiet
   hours; too late; superseded
4. all steps of the person together: over a cap (`caps`), once it is known what
   goes in one message (`merging`)

A reminder planned in time stays planned after its moment has passed: what
could not be sent yet is sent while it is useful, and the queue ends it, for
all to see, when it is not.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime

from reminder.model.appointments import Appointment, AppointmentKey
from reminder.model.clinics import Clinic, ClinicDirectory
from reminder.model.reasons import Reason
from reminder.model.reminders import Decision, Person, Reminder, ReminderKey, Skipped
from reminder.model.rulesets import Rule
from reminder.rules import caps
from reminder.rules.ahead import look_ahead
from reminder.rules.candidates import Candidate
from reminder.rules.checks import appointment_reason
from reminder.rules.lateness import settle_usefulness
from reminder.rules.merging import merge
from reminder.rules.news import look_at_event, look_back
from reminder.rules.prepared import (
    PreparedClinic,
    PreparedStep,
    StepKind,
    prepared,
    rule_of,
)
from reminder.rules.recipients import zone_of
from reminder.rules.steps import OWN_LEAD, Steps, steps_for
from reminder.rules.visit import Visit
from reminder.rules.world import World

_Look = Candidate | Skipped


def plan(
    person: Person, clinics: ClinicDirectory, now: datetime
) -> tuple[Decision, ...]:
    """One decision for every step of every appointment, in order of their starts.

    Made again from what it decided before, it decides the same. Appointments
    that are gone get no decision: what was planned for them is withdrawn.
    Neither do events that did not happen.
    """
    return _plan(World(person, prepared(clinics), now))


def plan_going(
    person: Person, clinics: ClinicDirectory, now: datetime, going: Reminder
) -> tuple[Decision, ...]:
    """As `plan`, while a reminder is about to go: by itself it is not said yet."""
    return _plan(World(person, prepared(clinics), now, going))


def _plan(world: World) -> tuple[Decision, ...]:
    directory, person = world.directory, world.person
    looks: list[_Look] = []
    for appointment in _in_order(person.appointments):
        looks += _looks(appointment, directory.of(appointment), world)
    candidates = [one for one in looks if isinstance(one, Candidate)]
    if candidates:
        _weigh(candidates, world)
    return tuple(one.decision() if isinstance(one, Candidate) else one for one in looks)


def _in_order(appointments: tuple[Appointment, ...]) -> Iterable[Appointment]:
    if len(appointments) == 1:
        return appointments
    return sorted(appointments, key=lambda one: (one.start_at, one.key))


def _looks(
    appointment: Appointment, clinic: PreparedClinic | None, world: World
) -> list[_Look]:
    """What there is to say of each step of one appointment, by itself."""
    reason = appointment_reason(appointment, world.now)
    if reason is None and world.asked_to_cancel(appointment):
        # Nobody is asked to confirm what they have asked to cancel.
        reason = Reason.ANSWERED
    if clinic is None:
        return [] if reason else [_skipped(appointment, Reason.NO_CLINIC)]
    ruleset = clinic.clinic.ruleset
    rule = rule_of(appointment, world.person, clinic)
    if rule is None or not rule.steps:
        is_told = reason is None and ruleset.rules
        return [_no_rule(appointment, clinic.clinic, rule)] if is_told else []
    visit = Visit(appointment, clinic.clinic, rule, world, reason)
    steps = clinic.steps[rule.rule_id]
    return _of_steps(visit, steps_for(steps, world.person.preference, ruleset.leads))


def _of_steps(visit: Visit, steps: Steps) -> list[_Look]:
    looks = [look for step in steps.followed if (look := _look(visit, step))]
    if steps.replaced:
        looks += _of_replaced(visit, steps, looks)
    settle_usefulness(
        [one for one in looks if isinstance(one, Candidate) and one.is_before]
    )
    return looks


def _of_replaced(
    visit: Visit, steps: Steps, followed: Sequence[_Look]
) -> Iterable[_Look]:
    """The clinic's steps that the patient's own choice took the place of.

    Where the visit was booked too late for that choice, those still ahead are
    better than nothing.
    """
    if any(map(_is_own_and_over, followed)):
        return [look for step in steps.replaced if (look := _look(visit, step))]
    reason = visit.why_not() or Reason.REPLACED_BY_PREFERENCE
    return [visit.skipped(step, reason) for step in steps.replaced]


def _is_own_and_over(look: _Look) -> bool:
    return (
        isinstance(look, Skipped)
        and look.key.step_id == OWN_LEAD
        and look.reason is Reason.TOO_LATE
    )


def _look(visit: Visit, step: PreparedStep) -> _Look | None:
    found: Candidate | Reason | None
    if step.kind is StepKind.BEFORE:
        found = look_ahead(visit, step)
    elif step.kind is StepKind.AFTER:
        found = look_back(visit, step)
    else:
        found = look_at_event(visit, step)
    return visit.skipped(step, found) if isinstance(found, Reason) else found


def _weigh(candidates: list[Candidate], world: World) -> None:
    """Weigh all that could be told against each other."""
    merge(candidates)
    zone = zone_of(world.person.patient, candidates[0].clinic)
    if caps.limit(candidates, world, zone):
        # What gave way no longer ends the use of the step before it.
        visits: dict[AppointmentKey, list[Candidate]] = {}
        for one in candidates:
            if one.is_before:
                visits.setdefault(one.key.appointment, []).append(one)
        for same in visits.values():
            settle_usefulness(same)


def _no_rule(appointment: Appointment, clinic: Clinic, rule: Rule | None) -> Skipped:
    if rule is None:
        return _skipped(appointment, Reason.NO_RULE, clinic.clinic_id)
    reason = Reason.TOLD_NOTHING
    return _skipped(appointment, reason, clinic.clinic_id, rule.rule_id)


def _skipped(
    appointment: Appointment,
    reason: Reason,
    clinic_id: str | None = None,
    rule_id: str = "",
) -> Skipped:
    """That nothing at all is told of an appointment that has no steps."""
    key = ReminderKey(appointment.key, "", appointment.start_at)
    return Skipped(key, reason, clinic_id, rule_id)
