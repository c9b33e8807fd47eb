"""Twilio's status callbacks: proven to be Twilio's, then read as far as we need."""

import re
from collections.abc import Iterator, Sequence
from urllib.parse import parse_qsl

from twilio.request_validator import (  # type: ignore[import-untyped]
    SIGNATURE_HEADER,
    RequestValidator,
)

from reminder.model.outcomes import BadSignature, Callback, DeliveryEvent, DeliveryState
from reminder.transports.twilio_answers import OPTED_OUT

_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
}
_READ = ("AccountSid", "ErrorCode", "MessageSid", "MessageStatus")
_SID = re.compile(r"[A-Z]{2}[0-9a-fA-F]{32}")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")
_MAX_BYTES = 64 * 1024
_MAX_FIELDS = 100


class _Form:
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


def read_callback(
    request: Callback, *, account_sid: str, auth_tokens: Sequence[str]
) -> list[DeliveryEvent]:
    """The report in a callback; none when it says nothing that changes anything.

    Raises:
        BadSignature: no token of ours signed it, or it is another account's.
    """
    form = _Form(_read_pairs(request.body))
    if not _is_signed(request, form, auth_tokens):
        raise BadSignature("the signature does not hold")
    if form.only("AccountSid") != account_sid:
        raise BadSignature("another account's callback")
    state = _STATES.get(form.only("MessageStatus"))
    return [] if state is None else [_event(request, form, state)]


def _event(request: Callback, form: _Form, state: DeliveryState) -> DeliveryEvent:
    provider_id, number = form.only("MessageSid"), form.only("ErrorCode")
    if not _SID.fullmatch(provider_id):
        raise BadSignature("no message SID")
    code = ""
    if state is DeliveryState.FAILED:
        known = _ERROR_CODE.fullmatch(number)
        code = f"twilio {number}" if known else "twilio failed"
    return DeliveryEvent(
        message_id=request.message_id,
        provider_id=provider_id,
        state=state,
        code=code,
        opted_out=code == f"twilio {OPTED_OUT}",
    )


def _read_pairs(body: bytes) -> list[tuple[str, str]]:
    if len(body) > _MAX_BYTES:
        raise BadSignature("too long")
    try:
        pairs = parse_qsl(
            body.decode(),
            # Twilio signs blank values too.
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_MAX_FIELDS,
        )
    except ValueError:
        raise BadSignature("not a form") from None
    if any(_seam_was_moved(name, value) for name, value in pairs):
        raise BadSignature("a parameter's name and value were parted elsewhere")
    return pairs


def _seam_was_moved(name: str, value: str) -> bool:
    # The signature covers names and values run together: `ErrorCode=30003` and
    # `ErrorCode3=0003` have the same one. So nothing else may look as if it
    # held one of the parameters that are read here.
    return any(
        (name != read and (name + value).startswith(read)) or read in value
        for read in _READ
    )


def _is_signed(request: Callback, form: _Form, auth_tokens: Sequence[str]) -> bool:
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
