"""Reads TOML that may be nested no deeper than anybody would write it."""

import re
import tomllib
from typing import Any

_DEEPEST = 50
"""Rules and settings need six; far below what recursion in any reader bears."""

_NOT_NESTING = re.compile(r'"(?:[^"\\]|\\.)*"|\'[^\']*\'|#.*')
_LONG_NAME = re.compile(rf"(?:[\w-]*\s*\.\s*){{{_DEEPEST},}}")

TOO_DEEP = "nested too deeply"


class NestedTooDeeply(ValueError):
    """No ruleset and no settings look like this; `line` is where it goes too deep."""

    def __init__(self, line: int | None) -> None:
        super().__init__(TOO_DEEP if line is None else f"{TOO_DEEP} (at line {line})")
        self.line = line


def read_toml(text: str) -> dict[str, Any]:
    """The tree that is written in a text.

    Raises:
        tomllib.TOMLDecodeError: it is not TOML.
        NestedTooDeeply: nobody can have meant it.
    """
    try:
        tree = tomllib.loads(text)
    except RecursionError:
        raise NestedTooDeeply(_line(text)) from None
    if _is_too_deep(tree):
        raise NestedTooDeeply(_line(text))
    return tree


def _is_too_deep(tree: dict[str, Any]) -> bool:
    level: list[Any] = [tree]
    for _ in range(_DEEPEST):
        level = [each for one in level for each in _inside(one)]
    return bool(level)


def _inside(value: object) -> list[Any]:
    inside = list(value.values()) if isinstance(value, dict) else value
    if not isinstance(inside, list):
        return []
    return [each for each in inside if isinstance(each, dict | list)]


def _line(text: str) -> int | None:
    """The first line where brackets, or the parts of a name, are too many."""
    depth = 0
    for number, line in enumerate(text.splitlines(), start=1):
        bare = _NOT_NESTING.sub("", line)
        for mark in bare:
            depth += (mark in "[{") - (mark in "]}")
            if depth >= _DEEPEST:
                return number
        if _LONG_NAME.search(bare):
            return number
    return None
