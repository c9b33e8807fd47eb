"""Twilio's SDK over our own httpx client: verified TLS, real time-outs, nothing logged.

The SDK's own async client ignores its time-out (twilio-python#925), drops
`Retry-After`, logs the numbers it asks for, and may post again after a lost
answer. It is given this one instead.
"""

import logging
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from twilio.http import AsyncHttpClient  # type: ignore[import-untyped]
from twilio.http.response import Response  # type: ignore[import-untyped]
from twilio.rest import Client  # type: ignore[import-untyped]

from reminder.model.outcomes import Evidence
from reminder.transports.tls import read_evidence
from reminder.transports.twilio_config import DEFAULT_API_BASE, TwilioSMSConfig

_TWILIOS_OWN = frozenset({"api.twilio.com", "messaging.twilio.com"})
# The SDK looks its edge and region up in the process's environment unless it
# is given another that is not empty; ours come from the settings alone.
_NO_ENVIRONMENT = {"TWILIO_EDGE": ""}
# One layer at most: a few bytes compressed twice become gigabytes.
_CODINGS = ("", "identity", "gzip", "deflate")
_MOST_BYTES = 4 * 1024 * 1024


def make_client(config: TwilioSMSConfig, tls: ssl.SSLContext) -> httpx.AsyncClient:
    """The one HTTP client of this room, for all tries of one transport."""
    # At INFO httpx writes every URL into the log, and Twilio's list of messages
    # is asked for by number; httpcore writes headers at DEBUG.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        verify=tls,
        trust_env=False,
        headers={"Accept-Encoding": "gzip, deflate"},
        follow_redirects=False,
        timeout=httpx.Timeout(config.read_timeout_s, connect=config.connect_timeout_s),
        limits=httpx.Limits(max_connections=config.connections),
    )


class Exchange(AsyncHttpClient):  # type: ignore[misc]
    """The SDK's HTTP layer for one try; it keeps what the SDK forgets.

    `headers` are those of the last answer, `evidence` proves the connection it
    came over.
    """

    def __init__(self, client: httpx.AsyncClient, api_base: str) -> None:
        super().__init__(logging.getLogger(__name__), is_async=True)
        self._client = client
        self._api_base = httpx.URL(api_base)
        self._is_twilios_own = api_base == DEFAULT_API_BASE
        self.headers: Mapping[str, str] = {}
        self.evidence = Evidence(host=self._api_base.host)

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,  # noqa: FBT001, FBT002 - the SDK's signature
    ) -> Response:
        """One request, once; redirects are answers like any other."""
        form: dict[str, Any] | None = data or None
        async with self._client.stream(
            method,
            self._address(uri),
            params=_plain(params),
            data=form,
            headers=headers,
            auth=auth,
        ) as response:
            self.headers = response.headers
            self.evidence = _evidence(response)
            text = await _read(response)
        return Response(response.status_code, text, response.headers)

    def _address(self, uri: str) -> httpx.URL:
        """The address at the configured base; the credentials go nowhere else."""
        url = httpx.URL(uri)
        if self._is_twilios_own:
            if url.scheme != "https" or url.host not in _TWILIOS_OWN:
                raise httpx.UnsupportedProtocol("not an address of Twilio's")
            return url
        base = self._api_base
        return url.copy_with(scheme=base.scheme, host=base.host, port=base.port)


def open_sdk(config: TwilioSMSConfig, exchange: Exchange) -> Client:
    """The SDK's client for one try over that exchange."""
    return Client(
        config.account_sid,
        config.auth_token.get_secret_value(),
        http_client=exchange,
        environment=_NO_ENVIRONMENT,
    )


async def _read(response: httpx.Response) -> str:
    """The whole answer, which nobody may make longer than we can hold."""
    coding = response.headers.get("content-encoding", "").lower()
    if coding not in _CODINGS:
        raise httpx.DecodingError("an unknown coding", request=response.request)
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise httpx.DecodingError("too long", request=response.request)
    return body.decode(errors="replace")


def _evidence(response: httpx.Response) -> Evidence:
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream is not None else None
    return read_evidence(connection, host=response.url.host)


def _plain(params: dict[str, object] | None) -> dict[str, str] | None:
    return {key: str(value) for key, value in params.items()} if params else None
