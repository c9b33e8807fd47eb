"""What outside text must lose before it may be printed in any outlet.

Reading the EHR normalises too; this is the last gate, so that no template has
to think of it. Escaping for HTML is Jinja's, on top of this.
"""

import re
import unicodedata
from urllib.parse import urlsplit

NAME, PLACE, PROSE, URL = 80, 160, 500, 2000
"""The most characters of a name, of an address, of a few sentences, of a link."""

_MARKS_IN_A_ROW = 4
_DIGITS_IN_A_NAME = 3
_PUNCTUATION = frozenset("-‐‑–'’ʼ‘.,()&#/·ºª´・")  # noqa: RUF001 - names are typeset
_SENTENCES = frozenset("?!¿¡:;%°…")
_DROPPED = ("Cf", "Cs", "Co", "Cn")
"""Bidi controls, zero-width characters, lone surrogates, private and unassigned."""
_DOT_IN_A_WORD = re.compile(r"\.(?=[^\s.,)])")
_SLASHES = re.compile(r"//+")
_COLON_IN_A_WORD = re.compile(r":(?=\S)(?!(?<=\d:)\d)")
_TELEPHONE = re.compile(r"\+?(?:\d[\s().-]*){6,}\d")
_ENCODED_WORD = "=?"


def harmless(text: str, limit: int = NAME, *, digits: bool = False) -> str:
    """A name (or, with `digits`, an address) in which nothing is markup or a link.

    Letters, marks and the punctuation of names stay as they were spelled. A
    dot inside a word gets a space after it, so that no mail program makes a
    link of it; a name with more than three digits loses them, so that none
    makes a telephone number. What is longer than `limit` ends in an ellipsis.
    """
    kept = "".join(
        char if unicodedata.category(char)[0] in "LMN" or char in _PUNCTUATION else " "
        for char in _clean(text, limit)
    )
    if not digits and sum(map(str.isnumeric, kept)) > _DIGITS_IN_A_NAME:
        kept = "".join(char for char in kept if not char.isnumeric())
    kept = _cut(_DOT_IN_A_WORD.sub(". ", kept), limit)
    return kept if any(map(str.isalnum, kept)) else ""


def harmless_prose(text: str, limit: int = PROSE) -> str:
    """A few sentences for the patient on one line, in which nothing is a link.

    Beside what names keep, the signs of sentences and of the time of day
    stay. A row of digits that could be a telephone number becomes an ellipsis:
    the only number to call is the clinic's own.
    """
    kept = "".join(
        char
        if unicodedata.category(char)[0] in "LMN"
        or char in _PUNCTUATION
        or char in _SENTENCES
        else " "
        for char in _clean(text, limit)
    )
    kept = _COLON_IN_A_WORD.sub(": ", _SLASHES.sub(" ", kept))
    kept = _DOT_IN_A_WORD.sub(". ", _TELEPHONE.sub("…", kept))
    kept = _cut(kept, limit)
    return kept if any(map(str.isalnum, kept)) else ""


def one_line(text: str, limit: int = NAME) -> str:
    """The clinic's own words on one line, fit for a header.

    Controls and encoded words go; dots and signs stay, since the words come
    from the settings.
    """
    # An encoded word with a line feed in it becomes a header of its own on
    # Python 3.11 (RFC 2047 decoding inside `email`), so none may remain.
    return _cut(_clean(text, limit).replace(_ENCODED_WORD, "= "), limit)


def harmless_url(url: str | None) -> str | None:
    """The link to a video visit if it is a plain https address, else None."""
    if url is None or len(url) > URL or not re.fullmatch(r"https://[!-~]+", url):
        return None
    if re.search(r"[<>\"'`\\{}|^]", url):
        return None
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and "@" not in parts.netloc
    except ValueError:
        return None
    return url if has_host else None


def _clean(text: str, limit: int) -> str:
    """Composed, without what cannot be seen, every control a space."""
    # A megabyte is cut before anything looks at each character.
    composed = unicodedata.normalize("NFC", text[: 4 * limit])
    chars: list[str] = []
    marks = 0
    for char in composed:
        category = unicodedata.category(char)
        marks = marks + 1 if category[0] == "M" else 0
        if category in _DROPPED or marks > _MARKS_IN_A_ROW:
            continue
        chars.append(" " if category[0] in "CZ" else char)
    return "".join(chars)


def _cut(text: str, limit: int) -> str:
    collapsed = " ".join(text.split())
    if len(collapsed) <= limit:
        return collapsed
    return collapsed[: limit - 1].rstrip() + "…"
