"""Writes the assertion by which a token endpoint knows us (RFC 7523, SMART 2.2)."""

from datetime import datetime, timedelta
from uuid import uuid4

from joserfc import jwt

from reminder.ehr.wire.jwks import SMARTKey

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

_LIFE = timedelta(minutes=4)
"""SMART allows five minutes; what is left is for clocks that differ."""

_BACKDATED = timedelta(seconds=30)
"""A server whose clock is behind ours refuses what is not valid yet."""


def assertion(key: SMARTKey, *, client_id: str, audience: str, now: datetime) -> str:
    """A signed assertion for one token request; the next one needs another.

    `audience` is the token endpoint's address, to the letter. `now` is the
    instant it is made at, by the clock of who will read it.
    """
    issued_at = int((now - _BACKDATED).timestamp())
    claims = {
        "iss": client_id,
        "sub": client_id,
        "aud": audience,
        "iat": issued_at,
        "nbf": issued_at,
        "exp": int((now + _LIFE).timestamp()),
        "jti": str(uuid4()),
    }
    header = {"alg": key.alg, "kid": key.kid, "typ": "JWT"}
    return jwt.encode(header, claims, key.jwk, algorithms=[key.alg])
