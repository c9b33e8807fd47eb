"""What is wrong with the settings: which one, on which line, and what to write."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from reminder.rules.complaints import complaint, is_echo
from reminder.rules.toml_lines import line_of

PREFIX = "REMINDER_"

Location = tuple[int | str, ...]


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
        for details in found:
            if not is_echo(details, found):
                location = _as_written((*prefix, *details["loc"]))
                yield self.problem(location, complaint(details))


def _as_written(location: Location) -> Location:
    """Without the kind of `auth`: pydantic names it, the file has no such level."""
    return tuple(
        step
        for place, step in enumerate(location)
        if place == 0 or location[place - 1] != "auth"
    )
