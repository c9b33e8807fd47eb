"""Looks a ruleset over for what cannot be meant, before patients find out.

An error is what nobody can mean: bounds that contradict each other, a step
that is of no use when it is due. All else is a warning, since a clinic may
know why: a rule that never wins, more messages than its own cap allows.
"""

from collections.abc import Iterator
from datetime import timedelta

from reminder.model.clinics import Clinic
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import Caps, Leads, Rule, Ruleset
from reminder.rules.lint_matches import contradictions, shadowed
from reminder.rules.lint_steps import step_remarks
from reminder.rules.lint_visits import visit_remarks
from reminder.rules.phrases import CHANNEL

_USEFUL = timedelta(minutes=30)
_LONGEST = timedelta(days=60)


def lint(ruleset: Ruleset, clinic: Clinic) -> list[Remark]:
    """What is wrong with a ruleset for a clinic, or odd: by rules, in their order.

    The clinic gives calendar, zone and quiet hours; its own ruleset is not
    looked at.
    """
    return [
        *_nothing(ruleset),
        *_caps(ruleset.caps),
        *_leads(ruleset.leads),
        *shadowed(ruleset.rules),
        *(remark for rule in ruleset.rules for remark in _rule(rule, ruleset, clinic)),
    ]


def _rule(rule: Rule, ruleset: Ruleset, clinic: Clinic) -> Iterator[Remark]:
    yield from contradictions(rule)
    yield from _one_channel(rule)
    for step in rule.steps:
        yield from step_remarks(rule, step)
    yield from visit_remarks(rule, ruleset.caps, clinic)


def _nothing(ruleset: Ruleset) -> Iterator[Remark]:
    if not any(rule.steps for rule in ruleset.rules):
        yield Remark(
            Severity.WARNING,
            "rules",
            "no rule has a step: nobody is told anything",
            "Give a rule a step, such as '24 hours before' by email and sms.",
        )


def _one_channel(rule: Rule) -> Iterator[Remark]:
    channels = {channel for step in rule.steps for channel in step.channels}
    if len(channels) == 1:
        (only,) = channels
        yield Remark(
            Severity.WARNING,
            f"rule {rule.rule_id}",
            f"its steps go by {CHANNEL[only]} only: who has none hears nothing",
            "Add a second channel to its steps.",
        )


def _caps(caps: Caps) -> Iterator[Remark]:
    if caps.a_day is not None and caps.a_week is not None and caps.a_week < caps.a_day:
        yield Remark(
            Severity.WARNING,
            "caps",
            f"{caps.a_day} a day are never reached with {caps.a_week} a week",
            "Allow at least as many a week as a day.",
        )


def _leads(leads: Leads) -> Iterator[Remark]:
    if not leads.allowed:
        return
    if leads.shortest > leads.longest:
        yield Remark(
            Severity.ERROR,
            "leads",
            "the shortest lead is longer than the longest",
            "Let a patient choose between, say, 2 hours and 7 days.",
        )
    elif leads.shortest <= _USEFUL or leads.longest > _LONGEST:
        yield Remark(
            Severity.WARNING,
            "leads",
            "a patient may choose a lead at which a reminder is of little use",
            "Keep the leads between an hour and 60 days.",
        )
