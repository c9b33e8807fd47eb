"""What the words of patients are looked up in: one table for each language."""

from dataclasses import dataclass

from reminder.model.inbound import Wish


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyWords:
    """How people of one language put it; all in plain letters without accents.

    `whole` are entire replies, after the words of `around` were taken off both
    ends. Of the others a pattern found anywhere is enough: `stops` for no more
    messages, `moves` for another time, and `strangers` for a number that is
    somebody else's, that one only in a reply of a few words. Where `unless` is
    found, none of the patterns counts.
    """

    whole: dict[Wish, frozenset[str]]
    around: frozenset[str]
    stops: tuple[str, ...]
    moves: tuple[str, ...]
    strangers: tuple[str, ...]
    unless: tuple[str, ...]


def lines(text: str) -> frozenset[str]:
    """One entry for each line that is not empty."""
    return frozenset(line.strip() for line in text.splitlines() if line.strip())
