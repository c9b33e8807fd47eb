"""What ways out over HTTP share: a private client, and what no answer means."""

import ipaddress
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx

from reminder.model.outcomes import Deferred, Evidence, Uncertain
from reminder.transports.tls import read_evidence, tls_problem

# Nothing has left: no connection was made, or none was free.
_BEFORE_SENDING = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_LONGEST_WAIT = timedelta(days=1)
_MOST_BYTES = 64 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer whose body was read whole; `evidence` proves whose it is."""

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    evidence: Evidence


def make_client(
    tls: ssl.SSLContext,
    *,
    connections: int,
    connect_timeout_s: float,
    read_timeout_s: float,
) -> httpx.AsyncClient:
    """A client that follows no redirect, knows no environment, and logs nothing."""
    # At INFO httpx writes every URL into the log; httpcore writes headers at DEBUG.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx.AsyncClient(
        verify=tls,
        trust_env=False,
        # Packed, a few bytes could become gigabytes.
        headers={"Accept-Encoding": "identity"},
        follow_redirects=False,
        timeout=httpx.Timeout(read_timeout_s, connect=connect_timeout_s),
        limits=httpx.Limits(max_connections=connections),
    )


async def post(
    client: httpx.AsyncClient, url: str, body: bytes, headers: Mapping[str, str]
) -> Answer:
    """One POST, once.

    Raises:
        httpx.HTTPError: no answer came, or one that nobody can hold.
    """
    async with client.stream("POST", url, content=body, headers=headers) as response:
        return Answer(
            response.status_code,
            response.headers,
            await _read(response),
            _evidence(response),
        )


def no_answer(error: httpx.HTTPError) -> Deferred | Uncertain:
    """What it means for a message that no answer came."""
    name = type(error).__name__
    if not isinstance(error, _BEFORE_SENDING):
        return Uncertain(name)
    problem = tls_problem(error)
    return Deferred(problem, policy=True) if problem else Deferred(name)


def retry_after(value: str | None, now: datetime) -> timedelta | None:
    """A `Retry-After` in seconds or as a date; None when absent or unreadable."""
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return min(timedelta(seconds=int(value[:9])), _LONGEST_WAIT)
    try:
        at = parsedate_to_datetime(value)
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        return min(max(at - now, timedelta(0)), _LONGEST_WAIT)
    except (ValueError, OverflowError):
        return None


def is_loopback(host: str) -> bool:
    """Whether it is this very machine, by whatever spelling."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


async def _read(response: httpx.Response) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx.DecodingError("an unasked coding", request=response.request)
    body = bytearray()
    async for chunk in response.aiter_raw():
        body += chunk
        if len(body) > _MOST_BYTES:
            raise httpx.DecodingError("too long", request=response.request)
    return bytes(body)


def _evidence(response: httpx.Response) -> Evidence:
    stream = response.extensions.get("network_stream")
    connection = stream.get_extra_info("ssl_object") if stream is not None else None
    return read_evidence(connection, host=response.url.host)
