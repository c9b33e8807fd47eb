"""Resources as the server sent them: read as JSON, written back without a scratch."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, cast

import orjson

from reminder.ehr.errors import EHRRefused

Resource = dict[str, Any]

# Goes up with every change of how a resource is read, so that what was read
# the old way is read again instead of being taken for unchanged.
_READ_AS = "3"


def fingerprint(resource: object) -> str:
    """A short name for exactly this content, in whatever order its keys came."""
    content = _in_order(resource)
    # Processors have instructions of their own for this one.
    digest = hashlib.sha256(content, usedforsecurity=False).hexdigest()
    return f"{_READ_AS}-{digest[:32]}"


def _in_order(resource: object) -> bytes:
    try:
        return orjson.dumps(resource, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # Half a surrogate pair, a huge integer, or very deep.
        pass
    try:
        return json.dumps(resource, sort_keys=True).encode()
    except RecursionError:
        # Nobody can read an element this deep, nor tell it from another one.
        if not isinstance(resource, dict):
            return b"deep"
        parts = (_in_order([name, resource[name]]) for name in sorted(resource))
        return b",".join(parts)


def as_resource(value: object, resource_type: str) -> Resource | None:
    """The value if it is a JSON object of that resource type, else None."""
    if not isinstance(value, dict) or value.get("resourceType") != resource_type:
        return None
    return value


def as_object(value: object) -> Resource:
    """The value if it is a JSON object, else an empty one."""
    return value if isinstance(value, dict) else {}


def objects(value: object) -> Iterator[Resource]:
    """The JSON objects in a list; nothing when it is no list.

    Even after validation this is worth asking: the models also take a string
    that holds JSON for the object itself.
    """
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


@dataclass(frozen=True, slots=True)
class Stored:
    """One version of a resource on the server; `etag` is its name, where it has one."""

    about: str
    resource: Resource = field(repr=False)
    body: bytes = field(repr=False)
    etag: str | None

    @property
    def path(self) -> str:
        """Where it is below the base URL, such as `Slot/17`."""
        return f"{self.resource['resourceType']}/{self.resource['id']}"

    def editable(self) -> Resource:
        """A copy to change and write back.

        Numbers stay the very digits the server wrote: FHIR counts 1.50 as
        more precise than 1.5, and a float would lose that.
        """
        try:
            resource = json.loads(
                self.body, parse_float=orjson.Fragment, parse_int=orjson.Fragment
            )
        except (ValueError, RecursionError):
            raise EHRRefused(f"{self.about}: not JSON") from None
        return cast("Resource", resource)


def written(resource: Resource, *, about: str) -> bytes:
    """The resource as the body of a request.

    Raises:
        EHRRefused: it holds text that no JSON may carry.
    """
    try:
        return orjson.dumps(resource)
    except TypeError:
        raise EHRRefused(f"{about}: cannot be written back") from None
