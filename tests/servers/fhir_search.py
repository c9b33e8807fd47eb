"""Finds resources as FHIR R4 says: what a search means, without a server around it."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, tzinfo
from typing import Any

Resource = dict[str, Any]
Matches = Callable[[Resource, str, tzinfo], bool]

_COMPARE = {
    "ge": datetime.__ge__,
    "gt": datetime.__gt__,
    "le": datetime.__le__,
    "lt": datetime.__lt__,
    "eq": datetime.__eq__,
}


class UnknownParameter(Exception):
    """No resource of this type is found by that parameter."""


def found(
    resources: Sequence[Resource],
    params: Sequence[tuple[str, str]],
    *,
    strict: bool,
    zone: tzinfo,
) -> list[Resource]:
    """Those that match every parameter; instants without a zone are in `zone`.

    Raises:
        UnknownParameter: `strict`, and one is not known.
        ValueError: a date is none.
    """
    kept = list(resources)
    for name, value in params:
        name = name.partition(":")[0]
        if name in _OF_RESULT:
            continue
        if name not in _MATCHES:
            if strict:
                raise UnknownParameter(name)
            continue
        matches = _MATCHES[name]
        kept = [each for each in kept if matches(each, value, zone)]
    return kept


def in_order(resources: list[Resource], sort: str) -> list[Resource]:
    """By `_sort`; ids decide where it says nothing."""
    by_id = sorted(resources, key=lambda each: each["id"])
    name = sort.lstrip("-")
    keys: dict[str, Callable[[Resource], str]] = {
        "_lastUpdated": lambda each: each["meta"]["lastUpdated"],
        "date": lambda each: each.get("start", ""),
        "start": lambda each: each.get("start", ""),
    }
    if name not in keys:
        return by_id
    return sorted(by_id, key=keys[name], reverse=sort.startswith("-"))


def included(
    resource: Resource, wanted: Sequence[str], read: Callable[[str], Resource | None]
) -> Iterator[Resource]:
    """What the resource refers to, of the kinds that `_include` names."""
    kinds = {each.split(":")[1].lower() for each in wanted if ":" in each}
    for reference in _references(resource):
        if reference.partition("/")[0].lower() in kinds or "actor" in kinds:
            target = read(reference)
            if target is not None:
                yield target


def _references(resource: Resource) -> list[str]:
    actors = [one.get("actor", {}) for one in resource.get("participant", [])]
    others = [resource.get(name, {}) for name in ("patient", "schedule")]
    every = [*actors, *others, *resource.get("slot", [])]
    return [one["reference"] for one in every if "reference" in one]


def _by_id(resource: Resource, value: str, _: tzinfo) -> bool:
    return resource["id"] in value.split(",")


def _compared(value: str, at: str, zone: tzinfo) -> bool:
    prefix, rest = (at[:2], at[2:]) if at[:2] in _COMPARE else ("eq", at)
    instant = datetime.fromisoformat(value)
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=zone)
    return _COMPARE[prefix](instant, datetime.fromisoformat(rest))


def _by_start(resource: Resource, at: str, zone: tzinfo) -> bool:
    return "start" in resource and _compared(resource["start"], at, zone)


def _by_update(resource: Resource, at: str, zone: tzinfo) -> bool:
    return _compared(resource["meta"]["lastUpdated"], at, zone)


def _by_reference(resource_type: str) -> Matches:
    def matches(resource: Resource, value: str, _: tzinfo) -> bool:
        wanted = {_full(each, resource_type) for each in value.split(",")}
        return not wanted.isdisjoint(_references(resource))

    return matches


def _full(reference: str, resource_type: str) -> str:
    if "/" in reference or not resource_type:
        return reference
    return f"{resource_type}/{reference}"


def _by_status(resource: Resource, value: str, _: tzinfo) -> bool:
    return resource.get("status") in value.split(",")


def _by_identifier(resource: Resource, value: str, _: tzinfo) -> bool:
    wanted = value.rpartition("|")[2]
    return any(one.get("value") == wanted for one in resource.get("identifier", []))


_OF_RESULT = {
    "_count",
    "_offset",
    "_sort",
    "_include",
    "_total",
    "_format",
    "_elements",
}
_MATCHES: dict[str, Matches] = {
    "_id": _by_id,
    "_lastUpdated": _by_update,
    "actor": _by_reference(""),
    "date": _by_start,
    "identifier": _by_identifier,
    "location": _by_reference("Location"),
    "patient": _by_reference("Patient"),
    "practitioner": _by_reference("Practitioner"),
    "schedule": _by_reference("Schedule"),
    "slot": _by_reference("Slot"),
    "start": _by_start,
    "status": _by_status,
}
