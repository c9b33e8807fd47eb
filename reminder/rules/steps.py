"""Which steps an appointment gets: its rule's, or the patient's own choice of time."""

from collections.abc import Sequence
from datetime import timedelta
from typing import NamedTuple

from reminder.model.offsets import HoursBefore
from reminder.model.people import Preference
from reminder.model.rulesets import InsidePolicy, Leads, Step
from reminder.rules.prepared import PreparedStep, StepKind, prepared_step

OWN_LEAD = "own-lead"
"""The id of the step that stands for the patient's own choice."""

_AT_ONCE, _SKIP = InsidePolicy.AT_ONCE, InsidePolicy.SKIP
_HOUR = timedelta(hours=1)


class Steps(NamedTuple):
    """The steps to follow, and those the patient's own choice took the place of."""

    followed: tuple[PreparedStep, ...]
    replaced: tuple[PreparedStep, ...] = ()


def steps_for(
    steps: tuple[PreparedStep, ...], preference: Preference, leads: Leads
) -> Steps:
    """The steps of a rule, as far as the patient did not choose otherwise.

    A patient's own lead time takes the place of all steps before the visit by
    one, in whole hours within what the clinic allows. A rule that tells
    nothing before a visit is not made to by it.
    """
    if preference.lead is None or not leads.allowed:
        return Steps(steps)
    before = tuple(one for one in steps if one.kind is StepKind.BEFORE)
    if not before:
        return Steps(steps)
    own = _own_step([one.step for one in before], preference.lead, leads)
    others = tuple(one for one in steps if one.kind is not StepKind.BEFORE)
    return Steps((prepared_step(own), *others), replaced=before)


def _own_step(steps: Sequence[Step], lead: timedelta, leads: Leads) -> Step:
    """One step for all: by each of their channels, on the conditions all have."""
    lead = min(max(lead, leads.shortest), leads.longest)
    channels = dict.fromkeys(channel for step in steps for channel in step.channels)
    conditions = tuple(
        one
        for one in steps[0].conditions
        if all(one in step.conditions for step in steps)
    )
    return Step(
        OWN_LEAD,
        HoursBefore(max(lead // _HOUR, 1)),
        tuple(channels),
        steps[0].template,
        conditions,
        inside=_AT_ONCE if any(step.inside is _AT_ONCE for step in steps) else _SKIP,
    )
