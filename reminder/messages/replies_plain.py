"""Makes plain words of what was typed: no accents, marks, look-alikes or echoes."""

import re
import unicodedata
from itertools import groupby

MOST = 2000
"""Characters of a reply that are looked at; Twilio hands on 1,600 at most."""

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`\u00b4]")
_NO_WORD = re.compile(r"[^a-z0-9]+")
_SPELT = re.compile(r"(?:\b\w ){2,}\w\b")


def plain(text: str) -> str:
    """The words in small letters with one space between; other scripts are left out.

    Invisible characters and accents are taken away, digits of every script
    become ours, and what is spelt with spaces is put together.
    """
    letters = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text[:MOST]))
    kept = (_letter(one) for one in letters.casefold())
    words = _NO_WORD.sub(" ", "".join(kept)).strip()
    return _SPELT.sub(lambda spelt: spelt[0].replace(" ", ""), words)


def has_other_letters(text: str) -> bool:
    """Whether there are letters that `plain` leaves out."""
    letters = unicodedata.normalize("NFKD", text[:MOST]).casefold()
    return any(
        one.isalpha() and not one.isascii() and unicodedata.category(one)[0] == "L"
        for one in letters
    )


def shouted(text: str) -> bool:
    """Whether STOP stands in capitals among words that do not."""
    return bool(re.search(r"\bSTOP\b", text[:MOST])) and not text.isupper()


def unstretched(word: str) -> str:
    """The word with every letter once where it was held: 'stooop'."""
    return "".join(letter for letter, _ in groupby(word))


def is_near(word: str, meant: str) -> bool:
    """Whether one slip of the finger makes `meant` the word.

    A letter too many, too few, a wrong one, or two that changed places.
    """
    if word == meant:
        return True
    if len(word) == len(meant):
        off = [n for n, (a, b) in enumerate(zip(word, meant, strict=True)) if a != b]
        if len(off) == 1:
            return True
        return (
            len(off) == 2
            and off[1] == off[0] + 1
            and (word[off[0]], word[off[1]]) == (meant[off[1]], meant[off[0]])
        )
    longer, shorter = sorted((word, meant), key=len, reverse=True)
    return len(longer) == len(shorter) + 1 and any(
        longer[:n] + longer[n + 1 :] == shorter for n in range(len(longer))
    )


def _letter(one: str) -> str:
    category = unicodedata.category(one)
    if category[0] == "M" or category == "Cf":
        return ""
    return str(unicodedata.digit(one)) if category == "Nd" else one
