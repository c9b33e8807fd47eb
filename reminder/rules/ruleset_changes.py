"""Says in sentences what differs between two versions of one owner's ruleset."""

from collections.abc import Iterable, Iterator, Sequence

from reminder.model.rulesets import Rule, Ruleset, RulesetDocument, Step
from reminder.rules.conditions import print_condition
from reminder.rules.match import criteria
from reminder.rules.offsets import print_offset
from reminder.rules.phrases import CHANNEL, listed, sentence
from reminder.rules.sentences import rule_sentence, ruleset_sentences, step_sentence

_LIMITS = {
    "caps": "how many messages one person gets",
    "leads": "what patients may choose",
    "tiers": "how much messages say",
    "sensitive": "sensitive services",
    "confidential": "confidential services",
    "settling": "how long a change must stand",
}
"""What holds for all rules, by its field of the document."""

_DEFAULT = ruleset_sentences(Ruleset())


def ruleset_changes(
    before: RulesetDocument | None, after: RulesetDocument
) -> tuple[str, ...]:
    """One sentence for each difference, rules first; none where nothing differs.

    Rules and steps are known by their ids, which stay through every version.
    Without a version `before` everything is new.
    """
    before = before or RulesetDocument(owner=after.owner)
    return (
        *_inheritance(before, after),
        *_rules(before.rules, after.rules),
        *_limits(before, after),
    )


def _inheritance(before: RulesetDocument, after: RulesetDocument) -> Iterator[str]:
    if after.extends and not before.extends:
        yield "The organisation's rules hold as well."
    if before.extends and not after.extends:
        yield "The organisation's rules no longer hold."
    for rule_id in sorted(after.without - before.without):
        yield f"The organisation's rule '{rule_id}' is left out."
    for rule_id in sorted(before.without - after.without):
        yield f"The organisation's rule '{rule_id}' is no longer left out."


def _rules(before: Sequence[Rule], after: Sequence[Rule]) -> Iterator[str]:
    was = {rule.rule_id: rule for rule in before}
    now = {rule.rule_id: rule for rule in after}
    for rule_id, rule in was.items():
        if rule_id not in now:
            yield f"Rule '{_name(rule)}' is gone."
    for rule_id, rule in now.items():
        if rule_id in was:
            yield from _rule(was[rule_id], rule)
        else:
            yield f"New rule: {rule_sentence(rule)}"
            yield from _steps(_name(rule), (), rule.steps)
    if _is_reordered(was, now):
        yield "The order of the rules changed: of two that fit alike the first wins."


def _rule(was: Rule, now: Rule) -> Iterator[str]:
    name = _name(now)
    if was.name != now.name:
        yield f"Rule '{_name(was)}' is called '{name}'."
    if was.match != now.match:
        kinds = listed(criteria(now.match)) if criteria(now.match) else "every visit"
        yield f"Rule '{name}' is for other visits: {kinds}."
    yield from _steps(name, was.steps, now.steps)


def _steps(rule: str, before: Sequence[Step], after: Sequence[Step]) -> Iterator[str]:
    was = {step.step_id: step for step in before}
    now = {step.step_id: step for step in after}
    for step_id in was:
        if step_id not in now:
            yield f"Rule '{rule}', step '{step_id}' is gone."
    for step_id, step in now.items():
        if step_id not in was:
            yield f"Rule '{rule}', new step '{step_id}': {step_sentence(step)}"
        elif said := _step(was[step_id], step):
            yield f"Rule '{rule}', step '{step_id}': {'; '.join(said)}."
    if _is_reordered(was, now):
        yield f"Rule '{rule}': the order of its steps changed."


def _step(was: Step, now: Step) -> list[str]:
    """'24 hours before becomes 48 hours before', for each part that differs."""
    before, after = _parts(was), _parts(now)
    return [
        f"{before[part]} becomes {after[part]}"
        for part in before
        if before[part] != after[part]
    ]


def _parts(step: Step) -> dict[str, str]:
    conditions = [print_condition(one) for one in step.conditions]
    return {
        "offset": print_offset(step.offset),
        "channels": ", then ".join(f"by {CHANNEL[one]}" for one in step.channels),
        "template": f"the words '{step.template}'",
        "conditions": listed(conditions) if conditions else "without condition",
        "quiet": f"in quiet hours '{step.quiet}'",
        "late": f"when late '{step.late}'",
        "inside": f"when booked after its moment '{step.inside}'",
        "useful": f"of use until {print_offset(step.useful)}",
    }


def _limits(before: RulesetDocument, after: RulesetDocument) -> Iterator[str]:
    for name, what in _LIMITS.items():
        value = getattr(after, name)
        if value == getattr(before, name):
            continue
        if value is None:
            yield sentence(f"{what}: inherited, or the default")
            continue
        said = ruleset_sentences(Ruleset(**{name: value}))
        own = [one.removesuffix(".") for one in said if one not in _DEFAULT]
        yield sentence(f"{what}: {'; '.join(own) or 'as by default'}")


def _name(rule: Rule) -> str:
    return rule.name or rule.rule_id


def _is_reordered(before: Iterable[str], after: Iterable[str]) -> bool:
    """Whether the ids that both have stand in another order."""
    was, now = list(before), list(after)
    return [one for one in was if one in now] != [one for one in now if one in was]
