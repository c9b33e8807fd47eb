"""What is wrong with the settings: which one, on which line, and what to write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reminder.settings.lines import line_of

PREFIX = "REMINDER_"

Location = tuple[int | str, ...]

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
}
_LIMITS = {
    "less_than_equal": "at most",
    "less_than": "less than",
    "greater_than_equal": "at least",
    "greater_than": "more than",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: which setting, where, and what to write instead."""

    setting: str
    line: int | None
    sentence: str


class SettingsError(Exception):
    """The settings cannot be used; nothing was started."""

    def __init__(self, file: str, problems: Sequence[Problem]) -> None:
        super().__init__(f"{file}: {len(problems)} problem(s)")
        self.file = file
        self.problems = tuple(
            sorted(problems, key=lambda one: (one.line or 0, one.setting))
        )


@dataclass(frozen=True, slots=True)
class Source:
    """Where settings come from: the file's text, and what wins over it."""

    text: str = field(repr=False)
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def problem(self, location: Location, sentence: str) -> Problem:
        """A problem at a place of the tree, told by its line or by its variable."""
        setting = ".".join(map(str, location)) or "reminder.toml"
        variable = PREFIX + "__".join(map(str, location)).upper()
        if variable in self.environment:
            return Problem(f"{setting} ({variable})", None, sentence)
        return Problem(setting, line_of(self.text, location), sentence)

    def from_pydantic(
        self, error: ValidationError, prefix: Location = ()
    ) -> Iterator[Problem]:
        """Each of pydantic's complaints in our words; none holds what was written."""
        found = error.errors(
            include_url=False, include_context=False, include_input=False
        )
        places = {details["loc"] for details in found}
        for details in found:
            place = details["loc"]
            if details["type"] == "too_short" and any(
                other[: len(place)] == place and other != place for other in places
            ):
                continue  # Something in it is wrong already, and counts as absent.
            yield self.problem((*prefix, *place), _sentence(details))


def _sentence(details: ErrorDetails) -> str:
    kind, said = details["type"], details["msg"].removeprefix("Value error, ")
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _LIMITS:
        return f"write {_LIMITS[kind]} {said.rpartition(' ')[2]}"
    return said.replace("Input should be", "write", 1)
