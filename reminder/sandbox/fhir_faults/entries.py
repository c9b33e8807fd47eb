"""What is odd about the entries of a page, and about the page around them."""

from typing import Any

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fhir_faults.declaring import is_anything, says, spoils_pages
from reminder.sandbox.fhir_faults.exchange import Asked, Said, outcome

_ELSEWHERE = "https://node-2.example.org/fhir"


@spoils_pages
def entry_missing(page: Resource, asked: Asked) -> None:
    """No page has its `entry`, although `total` counts what matches."""
    page.pop("entry", None)


@spoils_pages
def entry_missing_when_empty(page: Resource, asked: Asked) -> None:
    """A page without matches has no `entry`, as FHIR wants it."""
    if not page.get("entry"):
        page.pop("entry", None)


@spoils_pages
def entry_null_when_empty(page: Resource, asked: Asked) -> None:
    """A page without matches has `entry: null`."""
    page["entry"] = page.get("entry") or None


@spoils_pages
def entry_empty_when_empty(page: Resource, asked: Asked) -> None:
    """A page without matches has `entry: []`."""
    page["entry"] = page.get("entry") or []


@spoils_pages
def entry_without_resource(page: Resource, asked: Asked) -> None:
    """Among the entries is one without a resource."""
    page["entry"] = [*(page.get("entry") or []), {"search": {"mode": "match"}}]


@spoils_pages
def outcome_among_entries(page: Resource, asked: Asked) -> None:
    """Among the entries is an OperationOutcome, of mode `outcome`."""
    entry = {"resource": outcome("informational"), "search": {"mode": "outcome"}}
    page["entry"] = [*(page.get("entry") or []), entry]


@spoils_pages
def entries_without_url(page: Resource, asked: Asked) -> None:
    """Entries have no fullUrl."""
    for entry in page.get("entry") or []:
        entry.pop("fullUrl", None)


@spoils_pages
def entries_without_mode(page: Resource, asked: Asked) -> None:
    """Entries have no `search`."""
    for entry in page.get("entry") or []:
        entry.pop("search", None)


@spoils_pages
def entries_twice(page: Resource, asked: Asked) -> None:
    """Every entry is there twice, and counted twice."""
    page["entry"] = 2 * (page.get("entry") or [])
    if "total" in page:
        page["total"] *= 2


@spoils_pages
def absolute_references(page: Resource, asked: Asked) -> None:
    """References are absolute, below the server's own base."""
    _refer(page, asked.base_url)


@spoils_pages
def references_elsewhere(page: Resource, asked: Asked) -> None:
    """References are absolute, below the base of another node."""
    _refer(page, _ELSEWHERE)


@spoils_pages
def versioned_references(page: Resource, asked: Asked) -> None:
    """References name a version: `Patient/17/_history/3`."""
    for each in _references(page):
        each["reference"] += "/_history/1"


@spoils_pages
def total_too_high(page: Resource, asked: Asked) -> None:
    """`total` counts what this client may not see."""
    page["total"] = page.get("total", 0) + 3


@spoils_pages
def total_too_low(page: Resource, asked: Asked) -> None:
    """`total` is an estimate, and too low."""
    page["total"] = max(0, page.get("total", 0) - 1)


@spoils_pages
def no_total(page: Resource, asked: Asked) -> None:
    """Pages have no `total`."""
    page.pop("total", None)


@says(is_anything)
def no_meta(answer: Said) -> Said:
    """No resource has a version or a time of change, and no answer an ETag."""
    resource = answer.json()
    if not resource:
        return answer.with_headers(etag=None, last_modified=None)
    for each in (resource, *_resources(resource)):
        for name in ("versionId", "lastUpdated"):
            each.get("meta", {}).pop(name, None)
    return answer.with_json(resource).with_headers(etag=None, last_modified=None)


def _resources(page: Resource) -> list[Resource]:
    return [
        entry["resource"] for entry in page.get("entry") or [] if "resource" in entry
    ]


def _refer(page: Resource, base_url: str) -> None:
    for each in _references(page):
        each["reference"] = f"{base_url}/{each['reference']}"


def _references(page: Resource) -> list[dict[str, Any]]:
    """Every relative reference of a participant or to a Slot."""
    actors = (
        participant.get("actor", {})
        for resource in _resources(page)
        for participant in resource.get("participant", [])
    )
    slots = (slot for one in _resources(page) for slot in one.get("slot", []))
    every = (*actors, *slots)
    return [one for one in every if one.get("reference", "http")[:1].isupper()]
