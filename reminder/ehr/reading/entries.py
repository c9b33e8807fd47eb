"""Opens a Bundle only as far as needed: most of what is in it is known already."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, cast

import msgspec
import orjson

from reminder.ehr.errors import EHRRefused
from reminder.ehr.reading.raw import Resource, as_resource, fingerprint
from reminder.ehr.reading.references import Target, is_id
from reminder.ehr.wire.http import Answer

_URN = "urn:"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of a Bundle.

    Type, id, start and end are as the server sent them, and may be anything; so are
    `full_url` and `mode` (`search.mode`). `problem` says that there is no
    resource at all. `content` is the resource as it came.
    """

    number: int
    content: bytes = field(repr=False)
    problem: str | None = None
    resource_type: object = field(default=None, repr=False)
    resource_id: object = field(default=None, repr=False)
    start: object = field(default=None, repr=False)
    end: object = field(default=None, repr=False)
    full_url: object = field(default=None, repr=False)
    mode: object = field(default=None, repr=False)

    def resource(self) -> Resource | None:
        """The resource, parsed anew; None when no parser can read it."""
        parsed = _parsed(self.content)
        return parsed if isinstance(parsed, dict) else None

    def fingerprint(self) -> str:
        """A short name for exactly this content."""
        parsed = _parsed(self.content)
        if parsed is None:
            return hashlib.sha256(self.content).hexdigest()[:32]
        return fingerprint(parsed)


def opened(answer: Answer) -> tuple[Resource, list[Entry]]:
    """The Bundle without its entries, and these in their order.

    An entry that is malformed in itself is its own trouble and nobody else's.

    Raises:
        EHRRefused: the answer is no JSON, no Bundle, or `entry` is no list.
    """
    try:
        bundle = _BUNDLE.decode(answer.body)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _opened_slowly(answer)
    if bundle.resourceType != "Bundle":
        raise EHRRefused(f"{answer.about}: not a Bundle")
    around = {"meta": bundle.meta, "link": bundle.link, "total": bundle.total}
    entries = [
        _entry(number, bytes(each.resource), each.fullUrl, each.search)
        for number, each in enumerate(bundle.entry or ())
    ]
    return around, entries


def full_urls(entries: Iterable[Entry]) -> dict[str, Target]:
    """Which resource each `urn:` of a Bundle stands for; the URNs in small letters."""
    return {
        entry.full_url.lower(): Target(entry.resource_type, entry.resource_id)
        for entry in entries
        if isinstance(entry.full_url, str)
        and entry.full_url.startswith(_URN)
        and isinstance(entry.resource_type, str)
        and isinstance(entry.resource_id, str)
        and is_id(entry.resource_id)
    }


class _Entry(msgspec.Struct, gc=False):
    resource: msgspec.Raw = msgspec.Raw(b"")
    fullUrl: Any = None  # noqa: N815 - FHIR's own word
    search: Any = None


class _Bundle(msgspec.Struct):
    resourceType: Any = None  # noqa: N815 - FHIR's own word
    meta: Any = None
    link: Any = None
    total: Any = None
    entry: list[_Entry] | None = None


class _Head(msgspec.Struct, gc=False):
    resourceType: Any = None  # noqa: N815 - FHIR's own word
    id: Any = None
    start: Any = None
    end: Any = None


_BUNDLE = msgspec.json.Decoder(_Bundle)
_HEAD = msgspec.json.Decoder(_Head)


def _opened_slowly(answer: Answer) -> tuple[Resource, list[Entry]]:
    """As `opened`, for a Bundle with something in it that is not as it should be."""
    bundle = as_resource(answer.parsed(), "Bundle")
    if bundle is None:
        raise EHRRefused(f"{answer.about}: not a Bundle")
    entries = bundle.pop("entry", None)
    if not isinstance(entries, list | None):
        raise EHRRefused(f"{answer.about}: Bundle.entry is no list")
    return bundle, [
        _odd_entry(number, each) for number, each in enumerate(entries or ())
    ]


def _odd_entry(number: int, entry: object) -> Entry:
    if not isinstance(entry, dict):
        return Entry(number, _dumped(entry), "not-an-object")
    content = _dumped(entry["resource"]) if "resource" in entry else b""
    return _entry(number, content, entry.get("fullUrl"), entry.get("search"))


def _entry(number: int, content: bytes, full_url: object, search: object) -> Entry:
    head = _head(content)
    mode = search.get("mode") if isinstance(search, dict) else None
    if head is None:
        return Entry(number, content, "missing", full_url=full_url, mode=mode)
    return Entry(
        number,
        content,
        None,
        head.resourceType,
        head.id,
        head.start,
        head.end,
        full_url,
        mode,
    )


def _head(content: bytes) -> _Head | None:
    if not content:
        return None
    try:
        return _HEAD.decode(content)
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        parsed = _parsed(content)
    if not isinstance(parsed, dict):
        return None
    return _Head(*(parsed.get(name) for name in _Head.__struct_fields__))


def _parsed(content: bytes) -> object:
    try:
        return cast("object", orjson.loads(content))
    except orjson.JSONDecodeError:
        return _leniently_parsed(content)


def _leniently_parsed(content: bytes) -> object:
    # Half a surrogate pair is read by the standard parser alone.
    try:
        return cast("object", json.loads(content))
    except (ValueError, RecursionError):
        return None


def _dumped(value: object) -> bytes:
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()
