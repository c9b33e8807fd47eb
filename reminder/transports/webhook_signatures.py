"""Standard Webhooks: proves who sent a request and when, in both directions alike."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from reminder.model.outcomes import BadSignature

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_PREFIX = "whsec_"
_KEY_BYTES = range(24, 65)
_TOLERANCE = timedelta(minutes=5)
"""How far two clocks may be apart, and for how long a request can be replayed."""

# A full stop parts what is signed, so an id has none.
_AN_ID = re.compile(r"[!-\-/-~]{1,255}")
_SECONDS = re.compile(r"[0-9]{1,12}")
_MOST_CHARACTERS = 4096


def read_secret(text: str) -> bytes:
    """The key in a secret as the standard writes it: `whsec_` and base64.

    Raises:
        ValueError: it is none, or of fewer than 24 or more than 64 bytes.
    """
    try:
        key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not text.startswith(_PREFIX) or len(key) not in _KEY_BYTES:
        raise ValueError("write whsec_ and the base64 of 24 to 64 random bytes")
    return key


def signed(
    webhook_id: str, body: bytes, at: datetime, keys: Sequence[bytes]
) -> dict[str, str]:
    """The headers that prove this body ours, by every key."""
    seconds = str(int(at.timestamp()))
    signatures = [f"v1,{_sign(webhook_id, seconds, body, key)}" for key in keys]
    return {ID: webhook_id, TIMESTAMP: seconds, SIGNATURE: " ".join(signatures)}


def verify(
    headers: Mapping[str, str], body: bytes, now: datetime, keys: Sequence[bytes]
) -> None:
    """Nothing, when one of the keys signed exactly this within five minutes of `now`.

    Raises:
        BadSignature: it is not proven.
    """
    webhook_id = _only(headers, ID)
    seconds = _only(headers, TIMESTAMP)
    if not _AN_ID.fullmatch(webhook_id) or not _SECONDS.fullmatch(seconds):
        raise BadSignature("no id or no timestamp")
    if abs(now.timestamp() - int(seconds)) > _TOLERANCE.total_seconds():
        raise BadSignature("too old, or from the future")
    expected = [f"v1,{_sign(webhook_id, seconds, body, key)}" for key in keys]
    given = _only(headers, SIGNATURE).split(" ")
    # Every pair, so that the time taken says nothing.
    held = [_same(one, other) for one in given for other in expected]
    if not any(held):
        raise BadSignature("the signature does not hold")


def _sign(webhook_id: str, seconds: str, body: bytes, key: bytes) -> str:
    content = f"{webhook_id}.{seconds}.".encode() + body
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode(), expected.encode())


def _only(headers: Mapping[str, str], name: str) -> str:
    values = [value for found, value in headers.items() if found.lower() == name]
    if len(values) != 1 or len(values[0]) > _MOST_CHARACTERS:
        raise BadSignature(f"no {name}, or several")
    return values[0]
