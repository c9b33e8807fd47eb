"""What is in force for one clinic: its own rules, and those of its organisation.

A clinic's rule takes the place of the organisation's with the same id; each
of its limits takes the place of the organisation's as a whole.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import Rule, Ruleset, RulesetDocument

RULE = "rule"
LIMITS = ("caps", "leads", "tiers", "sensitive", "confidential", "settling")
"""What a ruleset has beside its rules."""


class OverrideKind(StrEnum):
    """What a clinic does with what it could have inherited."""

    REPLACED = "replaced"
    ADDED = "added"
    LEFT_OUT = "left out"


@dataclass(frozen=True, slots=True)
class Override:
    """One way in which a clinic differs from the organisation.

    `what` is 'rule' or the limit; `name` is a rule's id, and empty for a limit.
    """

    what: str
    name: str
    kind: OverrideKind


@dataclass(frozen=True, slots=True)
class Effective:
    """The ruleset in force, and in what it differs from the organisation's."""

    ruleset: Ruleset
    overridden: tuple[Override, ...] = ()


def effective(
    document: RulesetDocument,
    organisation: RulesetDocument | None,
    *,
    version: int = 0,
    published_at: datetime | None = None,
) -> Effective:
    """What a clinic's document comes to, with the organisation's where it extends it.

    The clinic's rules come first, then those it inherits. A document that
    extends nothing overrides nothing.
    """
    base = organisation if document.extends else None
    inherited = () if base is None else _inherited(document, base)
    ruleset = Ruleset(
        rules=(*document.rules, *inherited),
        version=version,
        published_at=published_at,
        **_limits(document, base),
    )
    overridden = () if base is None else tuple(_overridden(document, base))
    return Effective(ruleset, overridden)


def dangling(
    document: RulesetDocument, organisation: RulesetDocument | None
) -> tuple[Remark, ...]:
    """What a document says of the organisation's rules that comes to nothing."""
    if not document.extends:
        return tuple(
            _remark(rule_id, "nothing is inherited", "write extends = true")
            for rule_id in sorted(document.without)
        )
    if organisation is None:
        return (
            Remark(
                Severity.WARNING,
                "extends",
                "the organisation has no rules",
                "publish the organisation's rules, or leave extends out",
            ),
        )
    known = [rule.rule_id for rule in organisation.rules]
    has = f"it has {', '.join(known)}" if known else "it has none at all"
    return tuple(
        _remark(rule_id, "the organisation has no such rule", has)
        for rule_id in sorted(document.without - set(known))
    )


def _inherited(document: RulesetDocument, base: RulesetDocument) -> tuple[Rule, ...]:
    own = {rule.rule_id for rule in document.rules}
    return tuple(
        rule
        for rule in base.rules
        if rule.rule_id not in own and rule.rule_id not in document.without
    )


def _limits(document: RulesetDocument, base: RulesetDocument | None) -> dict[str, Any]:
    """Those that the document or its base gives; the model has the others."""
    given = {}
    for name in LIMITS:
        own = getattr(document, name)
        value = getattr(base, name) if own is None and base is not None else own
        if value is not None:
            given[name] = value
    return given


def _overridden(document: RulesetDocument, base: RulesetDocument) -> Iterator[Override]:
    known = {rule.rule_id for rule in base.rules}
    own = [rule.rule_id for rule in document.rules]
    for rule_id in own:
        kind = OverrideKind.REPLACED if rule_id in known else OverrideKind.ADDED
        yield Override(RULE, rule_id, kind)
    for rule in base.rules:
        if rule.rule_id in document.without and rule.rule_id not in own:
            yield Override(RULE, rule.rule_id, OverrideKind.LEFT_OUT)
    for name in LIMITS:
        if getattr(document, name) is not None:
            is_known = getattr(base, name) is not None
            kind = OverrideKind.REPLACED if is_known else OverrideKind.ADDED
            yield Override(name, "", kind)


def _remark(rule_id: str, problem: str, advice: str) -> Remark:
    return Remark(Severity.ERROR, f"without, {rule_id}", problem, advice)
