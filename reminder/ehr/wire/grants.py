"""Asks a token endpoint, and reads what it grants (RFC 6749 §4.4, §5)."""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Protocol
from urllib.parse import quote, urlencode

import httpx

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.auth import ClientCredentials
from reminder.ehr.wire.http import Answer, Wire

_ABOUT = "token"
_TOKEN = re.compile(r"[A-Za-z0-9\-._~+/]+=*")  # RFC 6750 §2.1
_SCOPES = re.compile(r"[\x20\x21\x23-\x5b\x5d-\x7e]{0,4000}")  # RFC 6749 §3.3
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
_SECONDS = re.compile(r"[0-9]{1,6}")
_UNSTATED_LIFE = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Grant:
    """A token as the `Authorization` header carries it, and for how long it is good.

    `wanted` is the scope that was asked for, `granted` the one that was given;
    None where none was asked for, or nothing said.
    """

    header: str = field(repr=False)
    life: timedelta
    wanted: str | None = None
    granted: str | None = None


class Grants(Protocol):
    """Where tokens come from."""

    async def ask(self) -> Grant:
        """A new token.

        Raises:
            EHRUnavailable: the token endpoint does not answer.
            EHRRefused: it will not give us one.
        """


class SecretGrants:
    """Tokens for a client id and a shared secret."""

    def __init__(self, credentials: ClientCredentials, wire: Wire) -> None:
        self._credentials = credentials
        self._wire = wire

    async def ask(self) -> Grant:
        """See `Grants.ask`."""
        credentials, headers = self._credentials, {}
        form = {"grant_type": "client_credentials"}
        if credentials.scope:
            form["scope"] = credentials.scope
        secret = credentials.client_secret.get_secret_value()
        if credentials.sent_in == "body":
            form |= {"client_id": credentials.client_id, "client_secret": secret}
        else:
            # RFC 6749 §2.3.1: both are form-encoded before they are joined.
            pair = (quote(credentials.client_id, safe=""), quote(secret, safe=""))
            headers["Authorization"] = basic(*pair)
        answer = await post(self._wire, credentials.token_url, form, headers)
        return read(answer, credentials.scope)


def basic(user: str, password: str) -> str:
    """The value of an `Authorization` header for a name and a password (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


async def post(
    wire: Wire,
    url: str,
    form: Mapping[str, str],
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """What the token endpoint says to this form."""
    return await wire.exchange(
        "POST",
        httpx.URL(url),
        about=_ABOUT,
        headers={
            "Accept": "application/json",
            "Content-Type": "application/x-www-form-urlencoded",
            **(headers or {}),
        },
        content=urlencode(form).encode(),
    )


def read(answer: Answer, wanted: str | None) -> Grant:
    """The token in the answer.

    Raises:
        EHRUnavailable: it says 'later'.
        EHRRefused: it says 'never', or holds no token.
    """
    if answer.status == 429 or answer.status >= 500:
        raise EHRUnavailable(
            f"{_ABOUT}: {answer.status}", retry_after=answer.retry_after()
        )
    if answer.status != 200:
        error = oauth_error(answer)
        raise EHRRefused(f"{_ABOUT}: {answer.status}{f' {error}' if error else ''}")
    said = answer.parsed()
    grant = said if isinstance(said, dict) else {}
    token = grant.get("access_token")
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):
        raise EHRRefused(f"{_ABOUT}: no access_token")
    if str(grant.get("token_type", "bearer")).lower() != "bearer":
        raise EHRRefused(f"{_ABOUT}: no bearer token")  # RFC 6749 §7.1
    scope = grant.get("scope")
    granted = scope if isinstance(scope, str) and _SCOPES.fullmatch(scope) else None
    return Grant(f"Bearer {token}", _life(grant.get("expires_in")), wanted, granted)


def _life(expires_in: object) -> timedelta:
    """For how long it is good; some write the number as text."""
    if isinstance(expires_in, str) and _SECONDS.fullmatch(expires_in):
        expires_in = int(expires_in)
    if isinstance(expires_in, int | float) and 0 < expires_in < 10**6:
        return timedelta(seconds=expires_in)
    return _UNSTATED_LIFE


def oauth_error(answer: Answer) -> str | None:
    """The error's code, if it is one of the standard's."""
    try:
        said = answer.parsed()
    except EHRRefused:
        return None
    error = said.get("error") if isinstance(said, dict) else None
    return error if isinstance(error, str) and error in _OAUTH_ERRORS else None
