"""Looks a ruleset over for what this installation cannot do: channels, days ahead."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from reminder.model.clinics import Clinic
from reminder.model.people import Channel
from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import Rule, Ruleset, Step
from reminder.rules.offsets import days_ahead, print_offset
from reminder.rules.phrases import CHANNEL


@dataclass(frozen=True, slots=True)
class Installation:
    """What the settings allow: the channels with a transport, and the days read."""

    channels: Collection[Channel]
    horizon_days: int


def installation_remarks(
    ruleset: Ruleset, clinic: Clinic, installation: Installation
) -> Iterator[Remark]:
    """Steps by a channel nobody has set up, or due before their visit is read."""
    for rule in ruleset.rules:
        for step in rule.steps:
            yield from _without_transport(rule, step, installation)
            yield from _beyond_the_horizon(rule, step, clinic, installation)


def _without_transport(
    rule: Rule, step: Step, installation: Installation
) -> Iterator[Remark]:
    for channel in step.channels:
        if channel not in installation.channels:
            yield Remark(
                Severity.ERROR,
                f"rule {rule.rule_id}, step {step.step_id}, channels",
                f"nothing is set up to send by {CHANNEL[channel]}",
                f"Leave {channel.value!r} out, or have IT add a [transport.…] for it.",
            )


def _beyond_the_horizon(
    rule: Rule, step: Step, clinic: Clinic, installation: Installation
) -> Iterator[Remark]:
    days = days_ahead(step.offset, len(clinic.business_weekdays))
    if days > installation.horizon_days:
        yield Remark(
            Severity.ERROR,
            f"rule {rule.rule_id}, step {step.step_id}, offset",
            f"{print_offset(step.offset)} can be {days} days ahead, and appointments "
            f"are read {installation.horizon_days} days ahead",
            "Remind nearer to the visit, or have IT raise [work] horizon_days.",
        )
