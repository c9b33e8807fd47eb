"""Says rules, steps and limits in sentences, as whoever wrote them would aloud."""

from typing import assert_never

from reminder.model.offsets import Before, WhenBooked, WhenCancelled, WhenMoved
from reminder.model.people import Channel
from reminder.model.rulesets import (
    Caps,
    Confidential,
    InsidePolicy,
    LatePolicy,
    Leads,
    QuietPolicy,
    Rule,
    Ruleset,
    Settling,
    Step,
    Tier,
    Tiers,
)
from reminder.rules.conditions import print_condition
from reminder.rules.document_text import print_duration
from reminder.rules.match import criteria
from reminder.rules.offsets import print_offset
from reminder.rules.phrases import CHANNEL, listed, sentence
from reminder.rules.prepared import prepared_step

TIER: dict[Tier, str] = {
    Tier.BASIC: "date, time and phone",
    Tier.STANDARD: "date, time, phone, first name, clinic and address",
    Tier.FULL: "all of a visit, with practitioner and instructions",
}
"""What a message of each tier may say at the most."""

_QUIET: dict[QuietPolicy, str] = {
    QuietPolicy.NEAREST: "in quiet hours the nearest moment outside them",
    QuietPolicy.LATER: "in quiet hours not before they end",
    QuietPolicy.EARLIER: "in quiet hours before they begin",
    QuietPolicy.DROP: "in quiet hours not at all",
}

_INSIDE: dict[InsidePolicy, str] = {
    InsidePolicy.SKIP: "booked after that moment: skipped",
    InsidePolicy.AT_ONCE: "booked after that moment: sent at once",
}


def step_sentence(step: Step) -> str:
    """When, by what, in which words, unless what; then quiet hours and lateness."""
    by = [f"by {CHANNEL[step.channels[0]]}"]
    by += [f"then {CHANNEL[channel]}" for channel in step.channels[1:]]
    conditions = [print_condition(condition) for condition in step.conditions]
    saying = f"saying '{step.template}'"
    parts = [
        ", ".join([print_offset(step.offset), *by, saying, *conditions]),
        _QUIET[prepared_step(step).step.quiet],
        _late(step),
    ]
    if isinstance(step.offset, Before):
        parts.append(_INSIDE[step.inside])
    return sentence("; ".join(parts))


def rule_sentence(rule: Rule) -> str:
    """Which visits it is for, and in how many steps: 'Telehealth: …; 3 steps.'."""
    words = criteria(rule.match)
    which = f"only {', '.join(words)}" if words else "every visit"
    count = len(rule.steps)
    steps = f"{count} step{'s' * (count != 1)}" if count else "nothing is told"
    return f"{rule.name or rule.rule_id}: {which}; {steps}."


def ruleset_sentences(ruleset: Ruleset) -> tuple[str, ...]:
    """What holds for all rules: caps, own leads, tiers, services apart, settling."""
    return (
        _caps(ruleset.caps),
        _leads(ruleset.leads),
        _tiers(ruleset.tiers),
        *_sensitive(ruleset.sensitive),
        *_confidential(ruleset.confidential),
        _settling(ruleset.settling),
    )


def _late(step: Step) -> str:
    until = ""
    if isinstance(step.offset, Before):
        until = f" until {print_offset(step.useful)}"
    elif isinstance(step.offset, WhenBooked | WhenMoved | WhenCancelled):
        until = f", of a visit ahead until {print_offset(step.useful)}"
    match step.late:
        case LatePolicy.SEND:
            return f"late: still sent{until}"
        case LatePolicy.SHORTEN:
            return f"late: in fewer words ('{step.template}-late'){until}"
        case LatePolicy.DROP:
            return "late: not sent"
        case _:
            assert_never(step.late)


def _caps(caps: Caps) -> str:
    counts = [
        f"{count} a {period}"
        for count, period in ((caps.a_day, "day"), (caps.a_week, "week"))
        if count is not None
    ]
    channels = [CHANNEL[one] for one in Channel if one in caps.channels]
    if not counts or not channels:
        return "No limit to the number of messages one person gets."
    by = listed(channels)
    return f"At most {listed(counts)} to one person by {by}."


def _leads(leads: Leads) -> str:
    if not leads.allowed:
        return "Patients cannot choose how long before a visit they are told."
    shortest, longest = print_duration(leads.shortest), print_duration(leads.longest)
    return (
        f"Patients may choose to be told {shortest} to {longest} before a visit,"
        " instead of by the steps before it."
    )


def _tiers(tiers: Tiers) -> str:
    of_each = {
        Channel.EMAIL: tiers.email,
        Channel.SMS: tiers.sms,
        Channel.VOICE: tiers.voice,
    }
    by_tier: dict[Tier, list[str]] = {}
    for channel, tier in of_each.items():
        by_tier.setdefault(tier, []).append(CHANNEL[channel])
    said = [f"{TIER[tier]} by {listed(some)}" for tier, some in by_tier.items()]
    return sentence(f"At most is said: {'; '.join(said)}")


def _sensitive(codes: frozenset[str]) -> list[str]:
    if not codes:
        return []
    about = listed(sorted(codes), "or")
    return [f"About {about} no message says more than {TIER[Tier.BASIC]}."]


def _confidential(confidential: Confidential) -> list[str]:
    if not confidential.services:
        return []
    about = listed(sorted(confidential.services), "or")
    age = confidential.from_age
    return [f"About {about} no guardian is told by us from the age of {age} on."]


def _settling(settling: Settling) -> str:
    moves, rebooking = (
        print_duration(settling.moves),
        print_duration(settling.rebooking),
    )
    return (
        f"A change is told once it has stood for {moves}; what is cancelled and booked"
        f" anew within {rebooking} is told as a move."
    )
