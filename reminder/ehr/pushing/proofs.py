"""Decides whether a notification comes from who knows the connection's secret."""

import hashlib
import hmac
from collections.abc import Mapping

# athenahealth and WebSub (W3C) name the digest, Medplum does not. The sender
# does not choose it: any other than SHA-256 is no proof.
_SIGNATURES = {"x-hub-signature": "sha256=", "x-signature": ""}


def is_proven(headers: Mapping[str, str], body: bytes, secret: str) -> bool:
    """Whether one header holds the secret, or a signature of `body` made with it.

    Names of `headers` are in lower case. What is compared takes the same time
    wherever it differs. An empty secret proves nothing.
    """
    key = secret.encode()
    scheme, _, token = headers.get("authorization", "").partition(" ")
    said = token.strip() if scheme.lower() == "bearer" else ""
    proven = _same(said, key)
    digest = hmac.new(key, body, hashlib.sha256).hexdigest().encode()
    for name, prefix in _SIGNATURES.items():
        signature = headers.get(name, "")
        named = signature.startswith(prefix)
        proven |= named and _same(signature.removeprefix(prefix).lower(), digest)
    return proven and bool(secret)


def _same(said: str, true: bytes) -> bool:
    # A header reaches us as ISO 8859-1: so its bytes are what was sent.
    return hmac.compare_digest(said.encode("latin-1", "replace"), true)
