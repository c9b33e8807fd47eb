"""Which ids of a ruleset stand for two things, told beside whatever else is wrong."""

from collections import Counter
from collections.abc import Iterator

from pydantic_core import ErrorDetails, InitErrorDetails, PydanticCustomError

from reminder.rules.rule_parts import slug
from reminder.rules.words import shortened

ID_TAKEN = "id_taken"
"""The kind of error that says so."""


def ids_taken(part: object) -> Iterator[InitErrorDetails]:
    """Each rule and each step whose id an earlier one of the ruleset has."""
    rules: Counter[str] = Counter()
    steps: Counter[str] = Counter()
    for i, rule in _tables(part, "rule"):
        rule_id = rule.get("id") or slug(str(rule.get("name", "")))
        rules[str(rule_id)] += 1
        if rule_id and rules[str(rule_id)] > 1:
            yield _taken("rule", rule_id, ("rule", i, "id" if "id" in rule else "name"))
        for j, step in _tables(rule, "steps"):
            step_id = step.get("id")
            steps[str(step_id)] += 1
            if step_id and steps[str(step_id)] > 1:
                yield _taken("step", step_id, ("rule", i, "steps", j, "id"))


def _tables(part: object, key: str) -> Iterator[tuple[int, dict[str, object]]]:
    listed = part.get(key) if isinstance(part, dict) else None
    for place, table in enumerate(listed if isinstance(listed, list | tuple) else ()):
        if isinstance(table, dict):
            yield place, table


def _taken(what: str, taken: object, place: tuple[int | str, ...]) -> InitErrorDetails:
    said = f"two {what}s have the id {shortened(str(taken))!r}"
    return _detail(ID_TAKEN, said, place)


def told_again(details: ErrorDetails) -> InitErrorDetails:
    """One of pydantic's complaints, to be told beside others."""
    return _detail(details["type"], details["msg"], details["loc"])


def _detail(kind: str, said: str, place: tuple[int | str, ...]) -> InitErrorDetails:
    # PydanticCustomError asks for literals, and fills in whatever braces it finds.
    error = PydanticCustomError(kind, "{said}", {"said": said})
    return InitErrorDetails(type=error, loc=place, input=None)
