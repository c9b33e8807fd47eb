"""Rulesets as TOML: read with all problems named at once, and written to be read again.

```toml
owner = "harbor"
extends = true
without = ["walk-in"]

[[rule]]
id = "standard"

[[rule.steps]]
id = "week"
offset = "5 business days before at 10:00"
channels = ["email", "sms"]
```
"""

import re
import tomllib
from collections.abc import Sequence
from typing import Any

from pydantic import ValidationError

from reminder.model.remarks import Remark, Severity
from reminder.model.rulesets import ORGANISATION, RulesetDocument
from reminder.rules.document_remarks import remark, remarks
from reminder.rules.document_text import print_document
from reminder.rules.ruleset_parts import DocumentPart
from reminder.rules.toml_text import TOO_DEEP, NestedTooDeeply, read_toml
from reminder.rules.words import shortened

__all__ = ["DocumentError", "parse_document", "print_document"]

_LINE = re.compile(r" \(at line (\d+), column \d+\)$")
_AT_THE_END = " (at end of document)"


class DocumentError(ValueError):
    """A ruleset that cannot be read, and all that is wrong with it."""

    def __init__(self, remarks: Sequence[Remark]) -> None:
        places = "; ".join(f"{one.place}: {one.problem}" for one in remarks)
        super().__init__(places)
        self.remarks = tuple(remarks)


def parse_document(text: str, owner: str | None = None) -> RulesetDocument:
    """Read a ruleset; without an owner of its own it is that of `owner`.

    Raises:
        DocumentError: it is not TOML, or not a ruleset, or another owner's.
    """
    tree = _tree(text)
    named = tree.setdefault("owner", owner) if owner is not None else None
    found = [] if named == owner else [_another_owners(text, named, owner)]
    try:
        part = DocumentPart.model_validate(tree)
    except ValidationError as error:
        found += remarks(text, tree, error)
        raise DocumentError(sorted(found, key=_line)) from None
    if part.owner == ORGANISATION and (part.extends or part.without):
        key = "extends" if part.extends else "without"
        found.append(
            remark(
                text,
                tree,
                (key,),
                "the organisation's rules build on no others",
                "leave out extends and without",
            )
        )
    if found:
        raise DocumentError(found)
    return part.document()


def _tree(text: str) -> dict[str, Any]:
    try:
        return read_toml(text)
    except NestedTooDeeply as error:
        advice = "write no more brackets, or dots in a name, than a ruleset needs"
        wrong = Remark(Severity.ERROR, "TOML", TOO_DEEP, advice, error.line)
        raise DocumentError([wrong]) from None
    except tomllib.TOMLDecodeError as error:
        said = str(error)
        found = _LINE.search(said)
        line = int(found[1]) if found else len(text.splitlines())
        problem = _LINE.sub("", said).removesuffix(_AT_THE_END)
        advice = "correct this line: it is not TOML (https://toml.io)"
        wrong = Remark(Severity.ERROR, "TOML", problem, advice, line)
        raise DocumentError([wrong]) from None


def _another_owners(text: str, named: object, owner: str | None) -> Remark:
    return remark(
        text,
        {},
        ("owner",),
        f"these are the rules of {shortened(str(named))!r}",
        f"write {owner!r}, or take them to their owner",
    )


def _line(one: Remark) -> int:
    return one.line or 0
