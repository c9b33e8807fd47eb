"""Makes text from the EHR harmless, once, before anything inside sees it.

Whoever renders it still escapes it. This is for what escaping does not
change: invisible characters, line ends, encoded words and would-be links.
"""

import re
import unicodedata
from urllib.parse import urlsplit

NAME_LIMIT = 80
PLACE_LIMIT = 120
INSTRUCTION_LIMIT = 2000
_URL_LIMIT = 2000

# RFC 2047 encoded words are decoded by mail readers, and by Python before
# 3.11.10 written out with the line feed inside: a header of the sender's own.
_ENCODED_WORD = re.compile(r"=\?")
_MANY_MARKS = 3
_JOINERS = frozenset(" '\u2019\u00b7.-")
_LONG_NUMBER = re.compile(r"\d{4,}")
_JOINING_DOT = re.compile(r"\.(?=[^\W\d_])")


def plain(value: object, limit: int) -> str:
    """One line of visible text in NFC, at most `limit` code points.

    What is no string is empty. Controls, bidirectional overrides, zero-width
    and private characters and halves of surrogate pairs are gone; every kind
    of space and line end is one space.
    """
    if not isinstance(value, str):
        return ""
    words = " ".join(value[: limit * 20].split())
    # Printable ASCII, which nearly all is, holds nothing to be taken out.
    calm = words if words.isascii() and words.isprintable() else _calm(words)
    return _ENCODED_WORD.sub("= ?", calm)[:limit].rstrip()


def person_name(value: object, limit: int = NAME_LIMIT) -> str:
    """As `plain`, with only what names are made of, so that no link can form.

    Letters and marks of any script, spaces, hyphens, apostrophes, up to three
    digits in a row, and dots that end a word.
    """
    letters = "".join(c if _is_in_names(c) else " " for c in plain(value, limit))
    apart = _JOINING_DOT.sub(". ", _LONG_NUMBER.sub(" ", letters))
    return " ".join(apart.split())[:limit].rstrip()


def label(value: object, limit: int = PLACE_LIMIT) -> str:
    """As `plain`, for names of places and addresses: no markup and no link forms."""
    unmarked = re.sub(r"[<>]", " ", plain(value, limit)).replace("://", ": ")
    apart = _JOINING_DOT.sub(". ", unmarked)
    return " ".join(apart.split())[:limit].rstrip()


def instruction(value: object, limit: int = INSTRUCTION_LIMIT) -> str:
    """As `plain`, for what a patient is asked to do: no link forms.

    Too long a text is left out whole: half of it may say the opposite. Signs
    such as < stay, since 'BP < 140' without it is something else.
    """
    if not isinstance(value, str) or len(value) > limit:
        return ""
    return _JOINING_DOT.sub(". ", plain(value, limit).replace("://", ": "))


def https_url(value: object) -> str | None:
    """The value if it is an absolute https URL a patient may follow, else None."""
    if not isinstance(value, str) or len(value) > _URL_LIMIT:
        return None
    if not value.isascii() or not value.isprintable() or re.search(r'[\s<>"\\]', value):
        return None
    try:
        parts = urlsplit(value)
        sound = parts.scheme == "https" and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return None
    return value if sound and parts.username is None else None


def _calm(words: str) -> str:
    seen = unicodedata.normalize("NFC", "".join(filter(_is_visible, words)))
    return _without_mark_floods(" ".join(seen.split()))


def _is_visible(character: str) -> bool:
    return not unicodedata.category(character).startswith("C")


def _is_in_names(character: str) -> bool:
    return unicodedata.category(character)[0] in "LMN" or character in _JOINERS


def _without_mark_floods(text: str) -> str:
    kept: list[str] = []
    marks = 0
    for character in text:
        marks = marks + 1 if unicodedata.category(character) in ("Mn", "Me") else 0
        if marks <= _MANY_MARKS:
            kept.append(character)
    return "".join(kept)
