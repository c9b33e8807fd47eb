"""Pydantic's complaints in our words, without what was written unless we quote it."""

from pydantic_core import ErrorDetails

_WORDS = {
    "extra_forbidden": "there is no such setting",
    "missing": "is missing",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "string_type": "write text in quotes",
    "string_too_short": "is empty",
    "too_short": "is empty",
    "string_pattern_mismatch": "write small letters, digits and dashes",
    "tuple_type": "write a list in square brackets",
    "frozen_set_type": "write a list in square brackets",
    "model_type": "write a table: keys with their values",
}
_TABLES = {("rule",), ("steps",), ("clinic",)}
"""Lists of tables, each under a heading of its own."""

_LIMITS = {
    "less_than_equal": "at most",
    "less_than": "less than",
    "greater_than_equal": "at least",
    "greater_than": "more than",
}


def complaint(details: ErrorDetails) -> str:
    """What is wrong, or what to write instead, in one short sentence."""
    kind, said = details["type"], details["msg"].removeprefix("Value error, ")
    if kind == "tuple_type" and details["loc"][-1:] in _TABLES:
        names = [name for name in details["loc"] if isinstance(name, str)]
        return f"write [[{'.'.join(names)}]]"
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _LIMITS:
        return f"write {_LIMITS[kind]} {said.rpartition(' ')[2]}"
    return said.replace("Input should be", "write", 1)


def is_echo(details: ErrorDetails, all_of_them: list[ErrorDetails]) -> bool:
    """Whether a list only counts as empty since something in it is wrong already."""
    place = details["loc"]
    return details["type"] == "too_short" and any(
        other["loc"][: len(place)] == place and other["loc"] != place
        for other in all_of_them
    )
