"""Decides which addresses may be an EHR, its token endpoint, or the proxy before it."""

import ipaddress
import re
from typing import Annotated
from urllib.parse import SplitResult, urlsplit

from pydantic import AfterValidator

_NEVER = ("fe80::/10", "169.254.0.0/16", "0.0.0.0/8", "::/128")

# What many resolvers take for an IPv4 address: 2852039166, 0xa9fea9fe, 127.1.
_NUMBER = re.compile(r"(?:.*\.)?(?:[0-9]+|0[xX][0-9a-fA-F]*)")


def is_loopback(host: str) -> bool:
    """Whether the host can only be this very machine."""
    address = _ip(host)
    return host.rstrip(".") == "localhost" if address is None else address.is_loopback


def is_on_this_machine(url: str) -> bool:
    """Whether the address leads to this very machine."""
    return is_loopback(urlsplit(url).hostname or "")


def is_plain(url: str) -> bool:
    """Whether what is sent there can be read on the way: http beyond this machine."""
    return urlsplit(url).scheme == "http" and not is_on_this_machine(url)


def token_address(value: str) -> str:
    """The address as it is, if it may be a token endpoint.

    Nothing is taken away from it: an assertion is for exactly this address. It
    may have a query, as those of some makers do.

    Raises:
        ValueError: it is none, with a sentence saying why.
    """
    parts = _address(value)
    if parts.fragment:
        raise ValueError("an address ends before #")
    return value


def _endpoint(value: str) -> str:
    parts = _address(value)
    if parts.query or parts.fragment:
        raise ValueError("an address ends before ? and #")
    return value.rstrip("/")


def _proxy(value: str) -> str:
    address = _endpoint(value)
    if urlsplit(address).path:
        raise ValueError("a proxy's address ends with its port")
    return address


def _address(value: str) -> SplitResult:
    parts = urlsplit(value)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("an address starts with https:// and a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("an address holds no user name and no password")
    if _is_never_ours(parts.hostname):
        raise ValueError("a link-local or multicast address is no server of yours")
    if _ip(parts.hostname) is None and _NUMBER.fullmatch(parts.hostname.rstrip(".")):
        raise ValueError("write an IP address in its usual form")
    return parts


def _is_never_ours(host: str) -> bool:
    address = _ip(host)
    if address is None:
        return host.rstrip(".") == "metadata.google.internal"
    networks = (ipaddress.ip_network(network) for network in _NEVER)
    return address.is_multicast or any(address in network for network in networks)


def _ip(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """The IP address that a host is written as; None for a name."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return None
    # ::ffff:169.254.169.254 is the same place by another name.
    mapped = address.ipv4_mapped if address.version == 6 else None
    return mapped or address


EndpointURL = Annotated[str, AfterValidator(_endpoint)]
TokenURL = Annotated[str, AfterValidator(token_address)]
ProxyURL = Annotated[str, AfterValidator(_proxy)]
