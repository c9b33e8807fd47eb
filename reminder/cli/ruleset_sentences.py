"""A version of a ruleset in sentences, and what of it is not the organisation's."""

from typing import Any

from reminder.model.rulesets import (
    ORGANISATION,
    Rule,
    RulesetDocument,
    RulesetVersion,
)
from reminder.rules.inheritance import RULE, Effective, OverrideKind, effective
from reminder.rules.sentences import rule_sentence, ruleset_sentences, step_sentence

_HEAD = ("owner", "version", "state", "by", "note", "published_at", "changed_at")


def head(version: RulesetVersion) -> dict[str, Any]:
    """Which version it is, whose, since when and why."""
    return {name: getattr(version, name) for name in _HEAD}


def in_sentences(
    version: RulesetVersion, organisation: RulesetDocument | None
) -> dict[str, Any]:
    """The whole ruleset that comes of a version, as JSON would have it.

    `origin` says for each rule whose it is: `own` where there is nothing to
    inherit, else `added`, `replaced` or `inherited`. `left_out` are the ids of
    the organisation's rules the owner will not have, `limits_replaced` those of
    its limits that are the owner's own.
    """
    if version.owner == ORGANISATION:
        organisation = None
    found = effective(version.document, organisation)
    has_base = version.document.extends and organisation is not None
    own = {one.name: str(one.kind) for one in found.overridden if one.what == RULE}
    otherwise = "inherited" if has_base else "own"
    return head(version) | {
        "extends": version.document.extends,
        "rules": [
            _rule(rule, own.get(rule.rule_id, otherwise))
            for rule in found.ruleset.rules
        ],
        "left_out": _left_out(found),
        "limits": ruleset_sentences(found.ruleset),
        "limits_replaced": [one.what for one in found.overridden if one.what != RULE],
    }


def _rule(rule: Rule, origin: str) -> dict[str, Any]:
    return {
        "rule": rule.rule_id,
        "says": rule_sentence(rule),
        "origin": origin,
        "steps": [
            {"step": step.step_id, "says": step_sentence(step)} for step in rule.steps
        ],
    }


def _left_out(found: Effective) -> list[str]:
    return [one.name for one in found.overridden if one.kind is OverrideKind.LEFT_OUT]
