"""Where EHRs fetch the public keys of ours that they check our signatures with."""

import hashlib

from fastapi import APIRouter, Request, Response

NO_KEYS = b'{"keys":[]}'
"""An empty JWK Set (RFC 7517 §5)."""

_HEADERS = {"Cache-Control": "public, max-age=300"}
"""A new key must be known before it signs: five minutes are soon enough for that."""


def well_known_routes(public_keys: bytes) -> APIRouter:
    """The address that is registered at the EHR. `public_keys` is a JWK Set."""
    router = APIRouter(prefix="/.well-known")
    etag = f'"{hashlib.sha256(public_keys).hexdigest()[:32]}"'
    headers = _HEADERS | {"ETag": etag}

    @router.api_route("/jwks.json", methods=["GET", "HEAD"])
    async def jwks(request: Request) -> Response:
        """The public keys, or that they are still the same."""
        if _names(request.headers.get("if-none-match", ""), etag):
            return Response(status_code=304, headers=headers)
        media_type = "application/jwk-set+json"
        return Response(public_keys, media_type=media_type, headers=headers)

    return router


def _names(if_none_match: str, etag: str) -> bool:
    """Whether the header names this version (RFC 9110 §13.1.2), weakly or not."""
    names = {each.strip().removeprefix("W/") for each in if_none_match.split(",")}
    return bool(names & {etag, "*"})
