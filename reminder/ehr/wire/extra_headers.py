"""Decides which headers an EHR or its gateway may be given beside ours."""

import re
from typing import Annotated

from pydantic import AfterValidator, SecretStr

# RFC 9110 §5.6.2, and what may be written into a field of one line.
_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?")

# These say who we are, where a message ends, what it holds, or what it may
# overwrite: all of it is decided request by request.
_OURS = frozenset(
    {
        "accept",
        "accept-encoding",
        "authorization",
        "connection",
        "content-encoding",
        "content-length",
        "content-type",
        "cookie",
        "expect",
        "host",
        "if-match",
        "if-none-exist",
        "if-none-match",
        "keep-alive",
        "prefer",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


def _sendable(headers: dict[str, SecretStr]) -> dict[str, SecretStr]:
    for name, value in headers.items():
        _require(name, value.get_secret_value())
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("the same header is named twice")
    return headers


def _require(name: str, value: str) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError("a header's name holds letters, digits and dashes")
    if name.lower() in _OURS or name.lower().startswith("proxy-"):
        raise ValueError(f"{name} is not a header to be set here")
    if not _VALUE.fullmatch(value):
        raise ValueError(f"{name}: a header's value is one line of ASCII signs")


ExtraHeaders = Annotated[dict[str, SecretStr], AfterValidator(_sendable)]
