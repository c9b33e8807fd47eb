"""Words a carrier takes for an opt-out or an opt-in, and the line that offers one.

Twilio and the US carriers act on these themselves: who replies CANCEL to
cancel a visit hears no more of the clinic, and the visit stands.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

_STOP = (
    "STOP|STOPALL|UNSUBSCRIBE|CANCEL|END|QUIT|REVOKE|OPT ?OUT|ALTO|BAJA|CANCELAR|FIN"
)
_START = "START|UNSTOP|YES|SÍ"
_ASKS = (
    r"(?:reply|respond|answer|text|txt|send|type|write"
    r"|respond[ae]r?|contest[ae]r?|env[ií]e|enviar|mand[ae]r?|escrib[ae]|escribir)"
)
_BETWEEN = r"(?:\s+(?:with|back|us|the word|con|la palabra))*\s*[\"'“«:]?\s*"
_NEXT = re.compile(rf"(?i)\b{_ASKS}\b{_BETWEEN}(?P<word>{_STOP}|{_START})\b")
_REQUEST = re.compile(rf"(?i)\b{_ASKS}\b(?P<rest>[^.!?\n]{{0,60}})")
_CAPITALS = re.compile(rf"\b(?P<word>{_STOP}|{_START}|SI)\b")
"""Anywhere in the request: 'Reply Y to confirm or CANCEL'. In small letters they
may be verbs, and `si` is `if`."""
_VISIT = r"(?!\W+(?:your|the|this|su|la|esta)\W+(?:visit|appointment|cita|visita))"
_WAY_OUT = re.compile(
    r"(?i)\bSTOP\b[\"'”»]?\s*(?:to|for|para|:|=)?\s*"
    rf"(?:stop|end|quit|opt|unsubscribe|no more|no recibir|dejar|dars?e|baja"
    rf"|parar|salir|terminar)\b{_VISIT}"
)


class Asked(NamedTuple):
    """That a text asks for a reserved word as an answer, and where."""

    word: str
    position: int


def reserved_answers(text: str) -> Iterator[Asked]:
    """Every reserved word that is asked for, but STOP where it means to stop."""
    found = {
        match.start("word"): match["word"].upper() for match in _NEXT.finditer(text)
    }
    for request in _REQUEST.finditer(text):
        for match in _CAPITALS.finditer(text, *request.span("rest")):
            found[match.start()] = match["word"]
    for position, word in sorted(found.items()):
        if not _WAY_OUT.match(text, position):
            yield Asked(word, position)


def offers_a_way_out(text: str, language: str) -> bool:
    """Whether the text says how to stop; of other languages, that it names STOP."""
    if language in ("en", "es"):
        return _WAY_OUT.search(text) is not None
    return re.search(r"\bSTOP\b", text) is not None
