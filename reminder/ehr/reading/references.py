"""What a FHIR Reference points to: a resource of this server, or nothing we can use."""

import re
from collections.abc import Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

# FHIR's own `id` is [A-Za-z0-9.-]{1,64}. Servers give longer ones (88
# characters were seen) and use _ and ~, which a URL carries as well.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.\-_~]{1,256}")
_ORIGIN = re.compile(r"(?i:https?)://(?P<host>[^/:?#@]+)(?P<port>:\d+)?(?=/)")
_USUAL_PORTS = frozenset({":80", ":443"})
_LITERAL = re.compile(
    r"(?P<type>[A-Z][A-Za-z]{1,60})/(?P<id>[^/]+)(?:/_history/[^/]+)?"
)


class Target(NamedTuple):
    """A resource on the same server."""

    resource_type: str
    resource_id: str


class Unusable(NamedTuple):
    """Why a reference leads nowhere; `resource_type` where it says so itself."""

    problem: str
    resource_type: str | None = None


NO_URNS: Mapping[str, Target] = MappingProxyType({})


def is_id(value: object) -> bool:
    """Whether this can be a resource's id: safe in a path and in an `_id` list."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def resolve(
    reference: object, base_url: str, urns: Mapping[str, Target] = NO_URNS
) -> Target | Unusable:
    """Where a Reference of a resource read from `base_url` leads.

    Relative, absolute on the same base, and versioned references are followed
    (the version is left out), and those to another entry of the same Bundle,
    by its URN. Contained, logical and foreign ones are not: there is nothing
    to read again under that name.
    """
    if not isinstance(reference, Mapping):
        return Unusable("reference-missing")
    stated = reference.get("type")
    stated = stated if isinstance(stated, str) else None
    literal = reference.get("reference")
    if not isinstance(literal, str):
        logical = isinstance(reference.get("identifier"), Mapping)
        return Unusable("logical-reference" if logical else "reference-missing", stated)
    return urns.get(literal.lower()) or _literal(literal, stated, base_url)


def _literal(literal: str, stated: str | None, base_url: str) -> Target | Unusable:
    if literal.startswith("#"):
        return Unusable("contained-reference", stated)
    relative = _spoken_alike(literal).removeprefix(_base(base_url))
    if relative.startswith(("urn:", "//")):
        return Unusable("foreign-reference", stated or _type_in(relative))
    match = _LITERAL.fullmatch(relative)
    if match is None or not is_id(match["id"]):
        return Unusable("reference-malformed", stated or _type_in(relative))
    return Target(match["type"], match["id"])


@lru_cache(maxsize=64)
def _base(base_url: str) -> str:
    return _spoken_alike(f"{base_url}/")


def _spoken_alike(url: str) -> str:
    """An address without what a proxy may change of it: scheme, usual port, case.

    Behind a proxy that ends TLS a server may call itself http, or name a port:
    only its name for the resource counts here, nothing is fetched from this
    address.
    """
    origin = _ORIGIN.match(url)
    if origin is None:
        return url
    port = origin["port"] or ""
    port = "" if port in _USUAL_PORTS else port
    return f"//{origin['host'].lower()}{port}{url[origin.end() :]}"


def _type_in(literal: str) -> str | None:
    match = re.search(
        r"(?:^|/)([A-Z][A-Za-z]{1,60})/[^/]+(?:/_history/[^/]+)?$", literal
    )
    return match[1] if match else None
