"""Finds the line of a TOML text that an error is about.

The TOML parser of the standard library keeps no positions, so the text is
walked once more: headers name the table, the first `key =` in it the line.
"""

import re
from collections import Counter
from collections.abc import Sequence

_HEADER = re.compile(r"^\s*(\[{1,2})\s*([^\[\]]+?)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"^\s*([A-Za-z0-9_-]+|\"[^\"]+\")\s*=")
_ELEMENT = re.compile(r"^\s*\{")

Location = Sequence[int | str]


def line_of(text: str, location: Location) -> int | None:
    """The 1-based line where the deepest known part of `location` stands.

    `location` is pydantic's: `("clinic", 1, "rule", 0, "steps", 0, "offset")`.
    None when not even its table is in the text.
    """
    wanted = tuple(location)
    best: tuple[int, int] | None = None
    for number, path in _paths(text):
        depth = len(path)
        if wanted[:depth] == path and (best is None or depth > best[0]):
            best = (depth, number)
    return best[1] if best else None


def _paths(text: str) -> list[tuple[int, tuple[int | str, ...]]]:
    found: list[tuple[int, tuple[int | str, ...]]] = []
    counts: Counter[tuple[int | str, ...]] = Counter()
    table: tuple[int | str, ...] = ()
    array: tuple[int | str, ...] = ()
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _HEADER.match(line):
            table = _enter(header[2], counts, is_array=header[1] == "[[")
            found.append((number, table))
        elif key := _KEY.match(line):
            array = (*table, key[1].strip('"'))
            found.append((number, array))
            counts[array] = 0
        elif _ELEMENT.match(line):
            found.append((number, (*array, counts[array])))
            counts[array] += 1
    return found


def _enter(
    name: str, counts: Counter[tuple[int | str, ...]], *, is_array: bool
) -> tuple[int | str, ...]:
    path: tuple[int | str, ...] = ()
    parts = [part.strip().strip('"') for part in name.split(".")]
    for place, part in enumerate(parts):
        path = (*path, part)
        is_last = place == len(parts) - 1
        if is_last and is_array:
            counts[path] += 1
        if counts[path]:
            path = (*path, counts[path] - 1)
    return path
