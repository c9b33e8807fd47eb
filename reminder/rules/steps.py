"""Which steps an appointment gets: the clinic's, or the patient's own choice."""

from datetime import timedelta
from typing import NamedTuple

from reminder.model.clinics import Clinic
from reminder.model.offsets import HoursBefore
from reminder.model.people import Preference
from reminder.model.rulesets import Step

OWN_LEAD = "own-lead"
"""The id of the step that stands for the patient's own choice."""

SHORTEST_LEAD = timedelta(hours=2)
LONGEST_LEAD = timedelta(days=7)


class Steps(NamedTuple):
    """The steps to follow, and those the patient's own choice took the place of."""

    followed: tuple[Step, ...]
    replaced: tuple[Step, ...] = ()


def steps_for(clinic: Clinic, preference: Preference) -> Steps:
    """The steps of a clinic's rules, as far as the patient did not choose otherwise.

    A patient's own lead time takes the place of all steps before the visit by
    one, in whole hours between the shortest and the longest lead. A clinic
    that tells nothing before a visit is not made to by it.
    """
    steps = tuple(step for rule in clinic.ruleset.rules for step in rule.steps)
    if preference.lead is None or not steps:
        return Steps(steps)
    return Steps((_own_step(steps, preference.lead),), replaced=steps)


def _own_step(steps: tuple[Step, ...], lead: timedelta) -> Step:
    lead = min(max(lead, SHORTEST_LEAD), LONGEST_LEAD)
    channels = dict.fromkeys(channel for step in steps for channel in step.channels)
    return Step(
        OWN_LEAD,
        HoursBefore(lead // timedelta(hours=1)),
        tuple(channels),
        steps[0].template,
    )
