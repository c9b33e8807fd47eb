"""The one place that makes an HTTP client for the EHR, and what comes back from it."""

import asyncio
import json
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NoReturn, cast

import httpx
import orjson

from reminder.ehr.config import EHRConfig
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.wire.tls import authorities, tls_context

_LONGEST_WAIT = timedelta(days=1)
# One layer at most: a few bytes compressed twice become gigabytes.
_CODINGS = ("", "identity", "gzip", "deflate")
_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,  # It would not open the line to the EHR.
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said to one request. `about` names the interaction in errors."""

    about: str
    status: int
    headers: httpx.Headers = field(repr=False)
    body: bytes = field(repr=False)
    url: httpx.URL = field(repr=False)

    def parsed(self) -> object:
        """The body as JSON.

        Raises:
            EHRRefused: it is none, or it is cut off.
        """
        try:
            return cast("object", orjson.loads(self.body))
        except orjson.JSONDecodeError:
            return self._leniently_parsed()

    def _leniently_parsed(self) -> object:
        # Half a surrogate pair in one name must not cost a page of a hundred:
        # the standard parser reads it, and the entry alone is quarantined.
        try:
            return cast("object", json.loads(self.body, parse_constant=_refuse))
        except (ValueError, RecursionError):
            raise EHRRefused(f"{self.about}: not JSON") from None

    def date(self) -> datetime | None:
        """The server's own time when it answered, in UTC; None when it did not say."""
        return _http_date(self.headers.get("date", ""))

    def retry_after(self) -> timedelta | None:
        """How long the server wishes us to wait, at most a day (RFC 9110 §10.2.3)."""
        wish = self.headers.get("retry-after", "").strip()
        if wish.isascii() and wish.isdigit():
            return min(timedelta(seconds=int(wish[:9])), _LONGEST_WAIT)
        until, now = _http_date(wish), self.date()
        if until is None or now is None:
            return None
        return min(max(until - now, timedelta(0)), _LONGEST_WAIT)


class Wire:
    """An HTTP client without redirects, or credentials of its own.

    It goes where it is sent: whoever uses it decides the address first. The
    headers of the settings go to the origin of `base_url` alone, and what the
    environment says of proxies counts for nothing.
    """

    def __init__(
        self, config: EHRConfig, transport: httpx.AsyncBaseTransport | None
    ) -> None:
        self._origin = _origin(httpx.URL(config.base_url))
        self._own_headers = {
            name: value.get_secret_value() for name, value in config.headers.items()
        }
        self._max_body_bytes = config.max_body_bytes
        self._whole_answer_s = config.connect_timeout_s + config.read_timeout_s
        # At INFO these two write down the whole URL, patient ids included.
        for name in ("httpx", "httpcore"):
            logging.getLogger(name).setLevel(logging.WARNING)
        self._http = httpx.AsyncClient(
            # A transport that is handed over brings its own TLS, or none.
            verify=tls_context(config) if transport is None else True,
            trust_env=False,
            proxy=_proxy(config),
            follow_redirects=False,
            timeout=httpx.Timeout(
                config.read_timeout_s, connect=config.connect_timeout_s
            ),
            limits=httpx.Limits(max_connections=config.max_concurrent + 1),
            headers={"User-Agent": "reminder", "Accept-Encoding": "gzip, deflate"},
            transport=transport,
        )

    async def exchange(
        self,
        method: str,
        url: httpx.URL,
        *,
        about: str,
        headers: Mapping[str, str],
        content: bytes | None = None,
    ) -> Answer:
        """Ask once and read the whole answer, whatever its status.

        Raises:
            EHRUnavailable: no answer; `sent` says whether the request may
                have arrived.
            EHRRefused: the answer is larger than `max_body_bytes`, or it is
                compressed in a way that was not asked for.
        """
        request = self._http.build_request(
            method, url, headers=self._with_own(headers, url), content=content
        )
        try:
            async with asyncio.timeout(self._whole_answer_s):
                return await self._exchange(request, about)
        except _NOTHING_LEFT as error:
            raise EHRUnavailable(f"{about}: {_code(error)}") from None
        except (httpx.HTTPError, httpx.StreamError, TimeoutError) as error:
            raise EHRUnavailable(f"{about}: {_code(error)}", sent=True) from None

    async def aclose(self) -> None:
        """Close every connection."""
        await self._http.aclose()

    def _with_own(self, headers: Mapping[str, str], url: httpx.URL) -> httpx.Headers:
        own = self._own_headers if _origin(url) == self._origin else {}
        together = httpx.Headers(own)
        together.update(headers)
        return together

    async def _exchange(self, request: httpx.Request, about: str) -> Answer:
        response = await self._http.send(request, stream=True)
        try:
            if response.headers.get("content-encoding", "").lower() not in _CODINGS:
                raise EHRRefused(f"{about}: compressed in an unknown way")
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._max_body_bytes:
                    raise EHRRefused(f"{about}: answer too large")
        finally:
            await response.aclose()
        return Answer(
            about, response.status_code, response.headers, bytes(body), request.url
        )


def _proxy(config: EHRConfig) -> httpx.Proxy | None:
    if config.proxy is None:
        return None
    user, password = config.proxy_user, config.proxy_password
    return httpx.Proxy(
        config.proxy,
        # What it is shown and trusted with is not what the EHR is.
        ssl_context=authorities(config.ca_bundle) if _is_tls(config.proxy) else None,
        auth=(user, password.get_secret_value()) if user and password else None,
    )


def _is_tls(url: str) -> bool:
    return httpx.URL(url).scheme == "https"


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _refuse(_: str) -> NoReturn:
    raise ValueError("NaN and Infinity are not JSON")


def _http_date(value: str) -> datetime | None:
    try:
        date = parsedate_to_datetime(value)
        return date.replace(tzinfo=UTC) if date.tzinfo is None else date.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _code(error: BaseException) -> str:
    # The text of these exceptions may quote addresses: only their names go on.
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLError):
            return "TLS"
        cause = cause.__cause__ or cause.__context__
    return type(error).__name__
