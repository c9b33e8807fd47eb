"""What a FHIR Reference points to: a resource of this server, or nothing we can use."""

import re
from collections.abc import Mapping
from typing import NamedTuple

# FHIR's own `id` is [A-Za-z0-9.-]{1,64}. Servers give longer ones (88
# characters were seen) and use _ and ~, which a URL carries as well.
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9.\-_~]{1,256}")
_SCHEME = re.compile(r"^https?://")
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


def is_id(value: object) -> bool:
    """Whether this can be a resource's id: safe in a path and in an `_id` list."""
    return isinstance(value, str) and _ID.fullmatch(value) is not None


def resolve(reference: object, base_url: str) -> Target | Unusable:
    """Where a Reference of a resource read from `base_url` leads.

    Relative, absolute on the same base, and versioned references are followed
    (the version is left out). Contained, logical and foreign ones are not:
    there is nothing to read again before a message goes out.
    """
    if not isinstance(reference, Mapping):
        return Unusable("reference-missing")
    stated = reference.get("type")
    stated = stated if isinstance(stated, str) else None
    literal = reference.get("reference")
    if not isinstance(literal, str):
        logical = isinstance(reference.get("identifier"), Mapping)
        return Unusable("logical-reference" if logical else "reference-missing", stated)
    return _literal(literal, stated, base_url)


def _literal(literal: str, stated: str | None, base_url: str) -> Target | Unusable:
    if literal.startswith("#"):
        return Unusable("contained-reference", stated)
    # Behind a proxy that ends TLS a server may call itself http: only its
    # name for the resource counts here, nothing is fetched from this address.
    relative = _SCHEME.sub("//", literal)
    relative = relative.removeprefix(_SCHEME.sub("//", base_url) + "/")
    if relative.startswith(("urn:", "//")):
        return Unusable("foreign-reference", stated or _type_in(relative))
    match = _LITERAL.fullmatch(relative)
    if match is None or not is_id(match["id"]):
        return Unusable("reference-malformed", stated or _type_in(relative))
    return Target(match["type"], match["id"])


def _type_in(literal: str) -> str | None:
    match = re.search(
        r"(?:^|/)([A-Z][A-Za-z]{1,60})/[^/]+(?:/_history/[^/]+)?$", literal
    )
    return match[1] if match else None
