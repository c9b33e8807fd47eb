"""Where in a ruleset something is wrong, in the words of those who wrote it."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from reminder.model.remarks import Remark, Severity
from reminder.rules.complaints import complaint, is_echo
from reminder.rules.ruleset_parts import DocumentPart
from reminder.rules.taken_ids import ID_TAKEN
from reminder.rules.toml_lines import line_of
from reminder.rules.words import shortened

_Location = tuple[int | str, ...]
_Tree = Mapping[str, Any]


def remarks(text: str, tree: _Tree, error: ValidationError) -> Iterator[Remark]:
    """Each of pydantic's complaints: its place and line, and what would be right."""
    found = error.errors(include_url=False, include_context=False)
    for details in found:
        if is_echo(details, found):
            continue
        location, problem = details["loc"], complaint(details)
        advice = _advice(location)
        if details["type"] == "extra_forbidden":
            problem, advice = "there is no such key", _key_instead(location)
        elif details["type"] == ID_TAKEN:
            advice = "give the newer one an id of its own"
        elif problem.startswith("write "):
            problem, advice = _not(_found(tree, location)), problem
        yield remark(text, tree, location, problem, advice)


def remark(
    text: str, tree: _Tree, location: _Location, problem: str, advice: str
) -> Remark:
    """An error at a place of the tree."""
    line = line_of(text, location)
    return Remark(Severity.ERROR, _place(tree, location), problem, advice, line)


def _place(tree: _Tree, location: _Location) -> str:
    """'rule standard, step week, offset': by ids, or by number where none is given."""
    words, here = [], tree
    names = iter(location)
    for name in names:
        number = next(names, None) if name in {"rule", "steps"} else None
        here = _inside(_inside(here, name), number) if number is not None else here
        if number is None:
            words += [name] if isinstance(name, str) else []
            continue
        known = _inside(here, "id") or _inside(here, "name")
        label = known if isinstance(known, str) else f"number {int(number) + 1}"
        words.append(f"{str(name).removesuffix('s')} {label}")
    return ", ".join(map(_shown, words)) or "the ruleset"


def _shown(words: str) -> str:
    """Short, and without signs that a terminal would obey instead of show."""
    short = shortened(words)
    return short if short.isprintable() else repr(short)[1:-1]


def _found(tree: _Tree, location: _Location) -> object:
    here: Any = tree
    for name in location:
        here = _inside(here, name)
    return here


def _inside(here: Any, name: int | str) -> Any:  # noqa: ANN401 - whatever TOML can hold
    try:
        return here[name]
    except (KeyError, IndexError, TypeError):
        return None


def _not(found: object) -> str:
    if isinstance(found, bool):
        return f"{str(found).lower()} cannot stand here"
    found = shortened(found) if isinstance(found, str) else found
    shown = repr(found) if isinstance(found, str | int | float) else "this"
    return f"{shown} cannot stand here"


def _advice(location: _Location) -> str:
    field = _field(location)
    return " ".join((field.description or "").split()) if field else ""


def _key_instead(location: _Location) -> str:
    part = _part(location[:-1])
    keys = list(part.model_fields) if part else []
    close = get_close_matches(str(location[-1]), keys, n=1)
    return f"write {close[0]}" if close else f"the keys here are {', '.join(keys)}"


def _field(location: _Location) -> FieldInfo | None:
    names = [name for name in location if isinstance(name, str)]
    part = _part(tuple(names[:-1]))
    return part.model_fields.get(names[-1]) if part and names else None


def _part(location: _Location) -> type[BaseModel] | None:
    """The model that describes a table of the document."""
    part: type[BaseModel] | None = DocumentPart
    for name in location:
        if isinstance(name, str) and part is not None:
            field = part.model_fields.get(name)
            part = _model_in(field.annotation) if field else None
    return part


def _model_in(annotation: object) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    inner = (_model_in(each) for each in get_args(annotation))
    return next((one for one in inner if one is not None), None)
