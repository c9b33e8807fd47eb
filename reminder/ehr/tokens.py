"""Who we say we are: the credential of each request, fetched when it must be."""

import asyncio
import base64
import re
from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import quote, urlencode

import httpx

from reminder.ehr.config import Auth, BearerAuth, ClientCredentials, NoAuth
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.http import Answer, Wire
from reminder.model.clock import Clock

_ABOUT = "token"
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 §2.1
_OAUTH_ERRORS = frozenset(  # RFC 6749 §5.2
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)
_UNSTATED_LIFE_S = 300.0
_SPARE = timedelta(seconds=30)


class Tokens:
    """The `Authorization` header of the configured kind; no header for none.

    However many requests wait for a new token, it is fetched once: token
    endpoints are throttled harder than anything else.
    """

    def __init__(self, auth: Auth, wire: Wire, *, clock: Clock) -> None:
        self._auth = auth
        self._wire = wire
        self._clock = clock
        self._fetching = asyncio.Lock()
        self._header: str | None = None
        self._good_until: datetime | None = None

    async def header(self) -> str | None:
        """The header's value for a request that goes out now.

        Raises:
            EHRUnavailable: the token endpoint does not answer.
            EHRRefused: it will not give us one.
        """
        match self._auth:
            case NoAuth():
                return None
            case BearerAuth(token=token):
                return f"Bearer {token.get_secret_value()}"
            case ClientCredentials() as credentials:
                return await self._fetched(credentials)

    def discard(self, header: str | None) -> bool:
        """Forget a header the server refused; True when another may be fetched."""
        if not isinstance(self._auth, ClientCredentials):
            return False
        if header == self._header:
            self._header = None
        return True

    async def _fetched(self, credentials: ClientCredentials) -> str:
        async with self._fetching:
            if self._header is not None and self._is_fresh():
                return self._header
            # The life counts from before the request: better early than late.
            asked_at = self._clock()
            self._header, life = _read(await self._ask(credentials))
            self._good_until = asked_at + max(life - _SPARE, life * 0.8)
            return self._header

    def _is_fresh(self) -> bool:
        return self._good_until is not None and self._clock() < self._good_until

    async def _ask(self, credentials: ClientCredentials) -> Answer:
        form = {"grant_type": "client_credentials"}
        if credentials.scope:
            form["scope"] = credentials.scope
        headers = {
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
        }
        _SENT_IN[credentials.sent_in](credentials, form, headers)
        return await self._wire.exchange(
            "POST",
            httpx.URL(credentials.token_url),
            about=_ABOUT,
            headers=headers,
            content=urlencode(form).encode(),
        )


def _in_body(
    credentials: ClientCredentials, form: dict[str, str], _: dict[str, str]
) -> None:
    form["client_id"] = credentials.client_id
    form["client_secret"] = credentials.client_secret.get_secret_value()


def _in_header(
    credentials: ClientCredentials, _: dict[str, str], headers: dict[str, str]
) -> None:
    # RFC 6749 §2.3.1: both are form-encoded before they are joined.
    secret = credentials.client_secret.get_secret_value()
    pair = f"{quote(credentials.client_id, safe='')}:{quote(secret, safe='')}"
    headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()


_SENT_IN: dict[
    str, Callable[[ClientCredentials, dict[str, str], dict[str, str]], None]
] = {"header": _in_header, "body": _in_body}


def _read(answer: Answer) -> tuple[str, timedelta]:
    if answer.status == 429 or answer.status >= 500:
        raise EHRUnavailable(
            f"{_ABOUT}: {answer.status}", retry_after=answer.retry_after()
        )
    if answer.status != 200:
        raise EHRRefused(f"{_ABOUT}: {answer.status}{_oauth_error(answer)}")
    said = answer.parsed()
    grant = said if isinstance(said, dict) else {}
    token = grant.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise EHRRefused(f"{_ABOUT}: no access_token")
    life = grant.get("expires_in")
    if not isinstance(life, int | float) or not 0 < life < 10**6:
        life = _UNSTATED_LIFE_S
    return f"Bearer {token}", timedelta(seconds=life)


def _oauth_error(answer: Answer) -> str:
    try:
        said = answer.parsed()
    except EHRRefused:
        return ""
    error = said.get("error") if isinstance(said, dict) else None
    return f" {error}" if error in _OAUTH_ERRORS else ""
