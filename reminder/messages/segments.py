"""How many segments a text message takes, and the alphabet that keeps it at one.

The tables are the default alphabet and its extension of 3GPP TS 23.038 §6.2.1;
a text that needs any other character goes as UCS-2, at 70 a segment, not 160.
"""

import unicodedata
from collections.abc import Iterable

_DEFAULT = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")
"""Each of these is an escape and a character: two septets."""
_GSM7 = _DEFAULT | _EXTENSION

# TS 23.040 §9.2.3.24: the header that joins segments takes six octets of each.
_GSM7_ALONE, _GSM7_JOINED = 160, 153
_UCS2_ALONE, _UCS2_JOINED = 70, 67

_FRIENDLY = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛ʻʼ′`´", "'"),  # noqa: RUF001 - the quotes meant
        **dict.fromkeys("“”„‟«»″", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),  # noqa: RUF001 - the dashes meant
        **dict.fromkeys("\t\xa0\u2002\u2003\u2007\u2008\u2009\u200a\u202f\u3000", " "),
        **dict.fromkeys("\xad\u200b\u200c\u200d\u2060\ufeff", ""),
        "…": "...",
        "•": "-",
    }
)


def is_gsm7(text: str) -> bool:
    """Whether every character is in the GSM-7 alphabet or its extension."""
    return _GSM7.issuperset(text)


def segments(text: str) -> int:
    """How many segments the text takes; an empty one takes none.

    UCS-2 is counted in UTF-16 units. Neither a surrogate pair nor an escaped
    character is split between two segments.
    """
    widths = _widths(text)
    alone, joined = _sizes(text)
    if sum(widths) <= alone:
        return 1 if text else 0
    return _joined(widths, joined)


def room(text: str, count: int = 1) -> int:
    """What so many segments would still hold; negative when the text needs more."""
    alone, joined = _sizes(text)
    size = alone if count == 1 else count * joined
    return size - sum(_widths(text))


def to_gsm7_friendly(text: str) -> str:
    """The text with plain quotes, dashes, dots and spaces instead of typeset ones.

    Letters stay as they are: a person's name is never folded.
    """
    return unicodedata.normalize("NFC", text).translate(_FRIENDLY)


def in_gsm7(text: str) -> str:
    """The text in GSM-7: another accent or none where it has not this one.

    What it has in no form is left out. A character outside would leave 70
    characters for everything, which the link alone may take.
    """
    spelled = "".join(
        char
        if is_gsm7(char)
        else "".join(filter(is_gsm7, unicodedata.normalize("NFKD", char)))
        for char in to_gsm7_friendly(text)
    )
    return " ".join(spelled.split())


def name_in_gsm7(name: str) -> str:
    """The name with at most its accents changed; empty when a letter would be lost."""
    spelled = in_gsm7(name)
    return spelled if _letters(spelled) >= _letters(to_gsm7_friendly(name)) else ""


def _letters(text: str) -> int:
    return sum(map(str.isalnum, text))


def _sizes(text: str) -> tuple[int, int]:
    gsm7 = is_gsm7(text)
    return (_GSM7_ALONE, _GSM7_JOINED) if gsm7 else (_UCS2_ALONE, _UCS2_JOINED)


def _widths(text: str) -> list[int]:
    if is_gsm7(text):
        return [2 if char in _EXTENSION else 1 for char in text]
    return [2 if char > "\uffff" else 1 for char in text]


def _joined(widths: Iterable[int], size: int) -> int:
    count, used = 1, 0
    for width in widths:
        if used + width > size:
            count, used = count + 1, 0
        used += width
    return count
