"""Shakes hands with the server once: protocol, certificate, and why not."""

import asyncio
import contextlib
import ssl
from datetime import datetime
from urllib.parse import urlsplit

from reminder.ehr.config import EHRConfig
from reminder.ehr.probing.session import Result, failed, passed, unknown
from reminder.ehr.wire.tls import tls_context

_SOON_DAYS = 14
_DAY_S = 86_400

# OpenSSL's X509_V_ERR_*.
_EXPIRED, _WRONG_NAME = 10, 62
_NOBODY_VOUCHES = frozenset({2, 18, 19, 20, 21})

_RENEW = (
    "Have the server's certificate renewed; Reminder sends nothing to it until then."
)
_NAME = "Use the host name that the certificate was made for."
_AUTHORITY = (
    "Set ca_bundle (--ca-bundle) to a PEM file of the authority that issued the "
    "server's certificate, and have the server send its whole chain."
)


async def handshake(config: EHRConfig, now: datetime) -> Result:
    """How the connection to `base_url` is protected, found out by making one."""
    parts = urlsplit(config.base_url)
    if parts.scheme != "https":
        return unknown(
            "Nothing is encrypted on the way to this address.", protocol="none"
        )
    if config.proxy is not None:
        return unknown(why="a proxy stands between")
    try:
        tls = await _met(parts.hostname or "", parts.port or 443, config)
    except ssl.SSLCertVerificationError as error:
        return _distrusted(error)
    except ssl.SSLError as error:
        return failed(error=error.reason or "TLS")
    except OSError as error:
        return failed(error=type(error).__name__)
    return _judged(tls, now)


async def _met(host: str, port: int, config: EHRConfig) -> ssl.SSLObject:
    async with asyncio.timeout(config.connect_timeout_s):
        _, writer = await asyncio.open_connection(
            host, port, ssl=tls_context(config), server_hostname=host
        )
    tls: ssl.SSLObject = writer.get_extra_info("ssl_object")
    writer.close()
    with contextlib.suppress(OSError, TimeoutError):
        async with asyncio.timeout(config.connect_timeout_s):
            await writer.wait_closed()
    return tls


def _judged(tls: ssl.SSLObject, now: datetime) -> Result:
    protocol = tls.version() or "unknown"
    certificate = tls.getpeercert() or {}
    not_after = certificate.get("notAfter")
    if not isinstance(not_after, str):
        return passed(protocol=protocol)
    left = (ssl.cert_time_to_seconds(not_after) - now.timestamp()) / _DAY_S
    if left < _SOON_DAYS:
        return failed(_RENEW, protocol=protocol, days_left=int(left))
    return passed(protocol=protocol, days_left=int(left))


def _distrusted(error: ssl.SSLCertVerificationError) -> Result:
    code = error.verify_code
    if code == _EXPIRED:
        return failed(_RENEW, error="certificate expired")
    if code == _WRONG_NAME:
        return failed(_NAME, error="certificate is for another name")
    if code in _NOBODY_VOUCHES:
        return failed(_AUTHORITY, error="certificate from an unknown authority")
    return failed(error=f"certificate refused, OpenSSL code {code}")
