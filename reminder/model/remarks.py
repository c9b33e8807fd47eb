"""What a look at rules or templates finds: where it is, and what would be right."""

from dataclasses import dataclass
from enum import StrEnum


class Severity(StrEnum):
    """Whether what was found keeps a ruleset from being published."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Remark:
    """One thing found. `place` is `rule standard, step day` or `sms/en/x.txt:2`.

    `line` is the line in the text that was read, where there was one.
    """

    severity: Severity
    place: str
    problem: str
    advice: str
    line: int | None = None
