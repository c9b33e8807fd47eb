"""Writes a ruleset as TOML: short, in the order people read, and always alike."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields
from datetime import timedelta
from enum import StrEnum
from operator import attrgetter
from types import UnionType
from typing import Any

import tomlkit
from tomlkit.items import AoT, Table

from reminder.model.offsets import Offset
from reminder.model.rulesets import (
    Caps,
    Condition,
    Confidential,
    Leads,
    Match,
    Rule,
    RulesetDocument,
    Settling,
    Span,
    Step,
    Tier,
    Tiers,
)
from reminder.rules.conditions import print_condition
from reminder.rules.offsets import default_template, print_offset, print_span

ANY = "any"
"""Stands for a limit that is none."""

_UNITS = {
    "days": timedelta(days=1),
    "hours": timedelta(hours=1),
    "minutes": timedelta(minutes=1),
}
_LIMITS = ("caps", "leads", "tiers", "confidential", "settling")
_FURTHER = ("quiet", "late", "inside", "useful")


def print_document(document: RulesetDocument) -> str:
    """Write a ruleset so that `parse_document` gives it back.

    Of rules and steps only what is not the default is written; a limit that
    is given is written whole, so that it means the same for ever.
    """
    text = tomlkit.document()
    text.update(_head(document))
    for name in _LIMITS:
        if (limit := getattr(document, name)) is not None:
            text.append(name, _table(_whole(limit)))
    if document.rules:
        text.append("rule", _tables(_rule(rule) for rule in document.rules))
    return tomlkit.dumps(text)


def print_duration(duration: timedelta) -> str:
    """A length of time as `parse_span` reads it; whole minutes only."""
    for unit, one in _UNITS.items():
        if duration and not duration % one:
            return print_span(Span(duration // one, unit))  # type: ignore[arg-type]
    if duration:
        raise ValueError(f"not in whole minutes: {duration}")
    return "0 minutes"


def _head(document: RulesetDocument) -> dict[str, Any]:
    head: dict[str, Any] = {"owner": document.owner}
    if document.extends:
        head["extends"] = True
    if document.without:
        head["without"] = sorted(document.without)
    if document.sensitive is not None:
        head["sensitive"] = sorted(document.sensitive)
    return head


def _rule(rule: Rule) -> Table:
    table = _table({"id": rule.rule_id} | ({"name": rule.name} if rule.name else {}))
    if not rule.steps:
        table.append("steps", [])
    if match := _match(rule.match):
        table.append("match", _table(match))
    if rule.steps:
        table.append("steps", _tables(_table(_step(step)) for step in rule.steps))
    return table


def _match(match: Match) -> dict[str, Any]:
    given = {field.name: getattr(match, field.name) for field in fields(match)}
    return {
        name: written(value)
        for name, value in given.items()
        if value is not None and value != frozenset()
    }


def _step(step: Step) -> dict[str, Any]:
    values: dict[str, Any] = {
        "id": step.step_id,
        "offset": written(step.offset),
        "channels": [channel.value for channel in step.channels],
    }
    if step.template != default_template(step.offset):
        values["template"] = step.template
    if step.conditions:
        values["conditions"] = [written(one) for one in step.conditions]
    for field in fields(step):
        value = getattr(step, field.name)
        if field.name in _FURTHER and value != field.default:
            values[field.name] = written(value)
    return values


def _whole(limit: Caps | Leads | Tiers | Confidential | Settling) -> dict[str, Any]:
    return {field.name: written(getattr(limit, field.name)) for field in fields(limit)}


def written(value: object) -> object:
    """A value as it is written in TOML: in words, where it has some."""
    for kind, said in _IN_WORDS:
        if isinstance(value, kind):
            return said(value)
    return ANY if value is None else value


def _table(values: Mapping[str, Any]) -> Table:
    table = tomlkit.table()
    table.update(values)
    return table


def _tables(tables: Iterable[Table]) -> AoT:
    listed = tomlkit.aot()
    for table in tables:
        listed.append(table)
    return listed


def _sorted(values: Iterable[object]) -> list[str]:
    return sorted(str(one) for one in values)


_IN_WORDS: tuple[tuple[type | UnionType, Callable[[Any], object]], ...] = (
    (Tier, lambda tier: tier.name.lower()),
    (StrEnum, attrgetter("value")),
    (frozenset, _sorted),
    (Span, print_span),
    (timedelta, print_duration),
    (Offset, print_offset),
    (Condition, print_condition),
)
