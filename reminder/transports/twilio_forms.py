"""A request of Twilio's: a form, proven to be Twilio's before anything is read."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

from twilio.request_validator import (  # type: ignore[import-untyped]
    SIGNATURE_HEADER,
    RequestValidator,
)

from reminder.model.outcomes import BadSignature, Callback

_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_MAX_BYTES = 64 * 1024
_MAX_FIELDS = 100


class Form:
    """The parameters, repeated ones included, in the shape the validator reads."""

    def __init__(self, pairs: Sequence[tuple[str, str]]) -> None:
        self.pairs = pairs

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self.pairs)

    def getlist(self, name: str) -> list[str]:
        """Every value of that name."""
        return [value for found, value in self.pairs if found == name]

    def only(self, name: str) -> str:
        """The one value of that name; empty when there is none.

        Raises:
            BadSignature: there are several.
        """
        values = self.getlist(name)
        if len(values) > 1:
            raise BadSignature("a parameter is repeated")
        return values[0] if values else ""

    def sid(self, name: str) -> str:
        """The SID of that name.

        Raises:
            BadSignature: there is none.
        """
        found = self.only(name)
        if not _SID.fullmatch(found):
            raise BadSignature("no SID")
        return found


def proven_form(
    request: Callback, *, account_sid: str, auth_tokens: Sequence[str]
) -> Form:
    """The form of a request that one of our tokens signed for this account.

    The signature does not cover where names end and values begin: whoever
    reads the form has to see to that.

    Raises:
        BadSignature: no token of ours signed it, or it is another account's.
    """
    form = Form(_read_pairs(request.body))
    if not _is_signed(request, form, auth_tokens):
        raise BadSignature("the signature does not hold")
    if form.only("AccountSid") != account_sid:
        raise BadSignature("another account's callback")
    return form


def _read_pairs(body: bytes) -> list[tuple[str, str]]:
    if len(body) > _MAX_BYTES:
        raise BadSignature("too long")
    try:
        return parse_qsl(
            body.decode(),
            # Twilio signs blank values too.
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise BadSignature("not a form") from None


def _is_signed(request: Callback, form: Form, auth_tokens: Sequence[str]) -> bool:
    signatures = [
        value
        for name, value in request.headers.items()
        if name.lower() == SIGNATURE_HEADER.lower()
    ]
    # The validator compares character by character and raises on None.
    if len(signatures) != 1 or not signatures[0] or not signatures[0].isascii():
        return False
    results = [
        RequestValidator(token).validate(request.url, form, signatures[0])
        for token in auth_tokens
    ]
    return any(results)
