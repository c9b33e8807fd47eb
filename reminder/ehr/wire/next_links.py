"""Where a Bundle's next link leads: always to the configured server, or nowhere."""

import re

import httpx

from reminder.ehr.errors import EHRRefused

# A host, whatever ports stand behind it: some proxies add :443 twice.
_ABSOLUTE = re.compile(
    r"https?://(?P<host>\[[^\]/?#@]+\]|[^/?#:@\[\]]+)(?::\d*)*(?P<rest>(?:[/?#].*)?)",
    re.IGNORECASE,
)
_ELSEWHERE = (
    "next link to another server: the EHR, or the proxy before it, must write its"
    " links with the host of base_url"
)
_OUTSIDE = (
    "next link outside the base URL: the EHR, or the proxy before it, must write its"
    " links with the path of base_url"
)


class LinkRefused(EHRRefused):
    """A next link that is not followed, and what the operator can do about it."""


def address(link: str, *, seen_at: httpx.URL, base: httpx.URL, about: str) -> httpx.URL:
    """The address a next link means, below `base`.

    A link to the same host by another scheme or port is what servers behind a
    proxy write: it is followed at the scheme and port of `base`. A relative
    one counts from `base`, or from `seen_at` when it is only a query.

    Raises:
        LinkRefused: it leads to another host or path, or is no URL.
    """
    try:
        url = _joined(link, seen_at, base)
    except (httpx.InvalidURL, ValueError):
        raise LinkRefused(f"{about}: next link is no URL") from None
    if not is_same_origin(url, base):
        raise LinkRefused(f"{about}: {_ELSEWHERE}")
    if not is_below(url, base):
        raise LinkRefused(f"{about}: {_OUTSIDE}")
    return url


def is_same_origin(url: httpx.URL, base: httpx.URL) -> bool:
    """Whether scheme, host and port are the same and no credential is in it."""
    here = (base.scheme, base.host, base.port)
    return (url.scheme, url.host, url.port) == here and not url.userinfo


def is_below(url: httpx.URL, base: httpx.URL) -> bool:
    """Whether the path is that of `base` or below it, without climbing."""
    below = url.path == base.path or url.path.startswith(base.path.rstrip("/") + "/")
    return below and not {".", ".."} & set(url.path.split("/"))


def with_plus_kept(url: httpx.URL) -> httpx.URL | None:
    """The same address with each `+` of its query spelled out; None without one.

    An offset such as `+02:00`, written down raw, is read as a space.
    """
    if b"+" not in url.query:
        return None
    return url.copy_with(query=url.query.replace(b"+", b"%2B"))


def _joined(link: str, seen_at: httpx.URL, base: httpx.URL) -> httpx.URL:
    absolute = _ABSOLUTE.fullmatch(link)
    if absolute is not None:
        host = httpx.URL(f"{base.scheme}://{absolute['host']}/").host
        if host == base.host:
            rest = absolute["rest"]
            root = base.copy_with(path="/", query=None, fragment=None)
            return httpx.URL(f"{str(root).rstrip('/')}{rest}")
    if link.startswith("?"):
        return seen_at.join(link)
    # With a slash at its end, so that the last part of its path stays.
    return httpx.URL(f"{base}/").join(link)
