"""What an OperationOutcome beside, or instead of, a search's results means for them."""

from collections.abc import Iterator
from dataclasses import dataclass

from reminder.ehr.reading.raw import Resource, as_object, objects

_TOO_MUCH = frozenset({"too-costly", "too-long"})
_LACKING = frozenset({"incomplete", "timeout"})
_ERRORS = frozenset({"error", "fatal"})
# Epic's own: 4127 and 59133 are caps on how much one search brings, 4113 says
# that the list its next page was cut from is no longer kept.
_CAPS = frozenset({"4127", "59133"})
_EXPIRED = frozenset({"4113"})


@dataclass(frozen=True, slots=True)
class Notice:
    """Three things a server may admit about a search.

    `too_much`: it would bring more than is given. `expired`: its further pages
    are no longer there. `lacking`: something that belongs to it is missing.
    """

    too_much: bool = False
    expired: bool = False
    lacking: bool = False

    def __or__(self, other: "Notice") -> "Notice":
        return Notice(
            self.too_much or other.too_much,
            self.expired or other.expired,
            self.lacking or other.lacking,
        )


def notice(outcome: object) -> Notice:
    """What an OperationOutcome admits; nothing when it is none."""
    said = Notice()
    for issue in objects(as_object(outcome).get("issue")):
        code, severity = _text(issue.get("code")), _text(issue.get("severity"))
        codes = set(_codes(issue))
        too_much = code in _TOO_MUCH or bool(_CAPS & codes)
        said |= Notice(
            too_much=too_much,
            expired=bool(_EXPIRED & codes),
            lacking=too_much or code in _LACKING or severity in _ERRORS,
        )
    return said


def _codes(issue: Resource) -> Iterator[str]:
    details = as_object(issue.get("details"))
    for coding in objects(details.get("coding")):
        yield _text(coding.get("code"))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
