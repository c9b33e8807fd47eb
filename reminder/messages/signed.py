"""Compact signed strings: bytes and a MAC over them, in the alphabet of a URL."""

import base64
import binascii
import hmac

_MAC_BYTES = 16
"""128 bits: what NIST and OWASP ask of a value nobody may guess."""


def base64url(content: bytes) -> str:
    """The bytes in the URL-safe alphabet of RFC 4648, without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode("ascii")


def mac(purpose: str, content: bytes, key: bytes) -> bytes:
    """128 bits that only the holder of `key` can make, for this purpose alone."""
    return hmac.digest(key, purpose.encode() + b"\0" + content, "sha256")[:_MAC_BYTES]


def sign(purpose: str, content: bytes, key: bytes) -> str:
    """The content with its MAC, as one string; it is signed, not encrypted."""
    return base64url(content + mac(purpose, content, key))


def verify(purpose: str, text: str, key: bytes) -> bytes | None:
    """The content of a string `sign` made, or None for every other string."""
    raw = _decode(text)
    if raw is None or len(raw) < _MAC_BYTES:
        return None
    content, given = raw[:-_MAC_BYTES], raw[-_MAC_BYTES:]
    return content if hmac.compare_digest(given, mac(purpose, content, key)) else None


def _decode(text: str) -> bytes | None:
    try:
        raw = base64.b64decode(
            text.encode("ascii") + b"=" * (-len(text) % 4),
            altchars=b"-_",
            validate=True,
        )
    except (UnicodeEncodeError, binascii.Error):
        return None
    # The unused bits of the last character could be anything: only one
    # spelling counts, so that nothing is remembered under two.
    return raw if base64url(raw) == text else None
