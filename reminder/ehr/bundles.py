"""Follows a search page by page, and takes its Bundles apart entry by entry."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from reminder.ehr.client import FHIRClient, Params
from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.http import Answer
from reminder.ehr.instants import instant
from reminder.ehr.outcomes import refused
from reminder.ehr.raw import Resource, as_resource, fingerprint
from reminder.model.readings import Unreadable

_LONGEST_ID_LIST = 1500  # With the rest of the URL below two kilobytes.
_EXPIRED = frozenset({400, 404, 410})
_MODES = frozenset({"match", "include", "outcome"})


class PagesExpired(EHRUnavailable):
    """The server no longer knows the next page; the search must begin anew."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a search.

    `matches` are the resources of the type asked for, `broken` the entries
    that are not. `served_at` is the server's own time. `total` is how many
    the server says there are on all pages.
    """

    matches: tuple[Resource, ...] = field(repr=False)
    broken: tuple[Unreadable, ...] = ()
    served_at: datetime | None = None
    next_link: str | None = field(default=None, repr=False)
    total: int | None = None


async def pages(
    client: FHIRClient, resource_type: str, params: Params, *, max_pages: int
) -> AsyncIterator[Page]:
    """Every page of a search, in the server's order.

    Raises:
        EHRRefused: what came is no Bundle, a next link leads elsewhere or in a
            circle, or there are more than `max_pages`.
        PagesExpired: a later page is gone.
    """
    about = f"GET {resource_type}"
    url: httpx.URL | None = client.url(resource_type, params)
    visited: set[httpx.URL] = set()
    while url is not None:
        if url in visited:
            raise EHRRefused(f"{about}: next-link loop")
        if len(visited) == max_pages:
            raise EHRRefused(f"{about}: more than {max_pages} pages")
        answer = await client.search(url, about=about)
        if visited and answer.status in _EXPIRED:
            raise PagesExpired(f"{about}: pages expired")
        visited.add(url)
        page = await asyncio.to_thread(_page, answer, resource_type)
        yield page
        url = None
        if page.next_link is not None:
            url = client.pinned(page.next_link, seen_at=answer.url, about=about)


async def search(
    client: FHIRClient, resource_type: str, params: Params, *, max_pages: int
) -> Page:
    """A whole search as one page."""
    matches: list[Resource] = []
    broken: list[Unreadable] = []
    async for page in pages(client, resource_type, params, max_pages=max_pages):
        matches += page.matches
        broken += page.broken
    return Page(tuple(matches), tuple(broken))


def id_lists(ids: Sequence[str], at_most: int) -> Iterator[list[str]]:
    """The ids in lists short enough for one URL each, each id once."""
    batch: list[str] = []
    length = 0
    for resource_id in dict.fromkeys(ids):
        if batch and (len(batch) == at_most or length > _LONGEST_ID_LIST):
            yield batch
            batch, length = [], 0
        batch.append(resource_id)
        length += len(resource_id) + 1
    if batch:
        yield batch


def _page(answer: Answer, resource_type: str) -> Page:
    if answer.status != 200:
        raise refused(answer)
    bundle = as_resource(answer.parsed(), "Bundle")
    if bundle is None:
        raise EHRRefused(f"{answer.about}: not a Bundle")
    entries = bundle.get("entry") or []
    if not isinstance(entries, list):
        raise EHRRefused(f"{answer.about}: Bundle.entry is no list")
    sorted_out = [
        _sorted_out(entry, number, resource_type)
        for number, entry in enumerate(entries)
    ]
    total = bundle.get("total")
    return Page(
        tuple(found for found in sorted_out if isinstance(found, dict)),
        tuple(found for found in sorted_out if isinstance(found, Unreadable)),
        _served_at(answer, bundle),
        _next_link(bundle, answer.about),
        total if isinstance(total, int) else None,
    )


def _sorted_out(
    entry: object, number: int, resource_type: str
) -> Resource | Unreadable | None:
    """The entry's resource if it is a match, None if it is none of our business."""
    path = f"Bundle.entry[{number}]"
    if not isinstance(entry, dict):
        return _broken(resource_type, path, "not-an-object", entry)
    resource = entry.get("resource")
    if not isinstance(resource, dict):
        return _broken(resource_type, f"{path}.resource", "missing", entry)
    found_type = resource.get("resourceType")
    if found_type == resource_type:
        return resource
    if _mode(entry, found_type) != "match":
        return None
    named = isinstance(found_type, str) and re.fullmatch(
        "[A-Z][A-Za-z]{1,60}", found_type
    )
    return _broken(
        str(found_type) if named else "Resource",
        f"{path}.resource",
        "unexpected-resource-type",
        resource,
    )


def _mode(entry: Resource, found_type: object) -> object:
    search = entry.get("search")
    mode = search.get("mode") if isinstance(search, dict) else None
    if isinstance(mode, str) and mode in _MODES:
        return mode
    return "outcome" if found_type == "OperationOutcome" else "match"


def _broken(resource_type: str, path: str, problem: str, entry: object) -> Unreadable:
    return Unreadable(resource_type, None, path, problem, fingerprint(entry))


def _next_link(bundle: Resource, about: str) -> str | None:
    links = bundle.get("link") or []
    if not isinstance(links, list):
        raise EHRRefused(f"{about}: Bundle.link is no list")
    for link in links:
        if isinstance(link, dict) and link.get("relation") == "next":
            url = link.get("url")
            if not isinstance(url, str) or not url:
                raise EHRRefused(f"{about}: next link without a URL")
            return url
    return None


def _served_at(answer: Answer, bundle: Resource) -> datetime | None:
    # A cached search is as old as its Bundle says; the earlier time is safe.
    meta = bundle.get("meta")
    made_at = instant(meta.get("lastUpdated")) if isinstance(meta, dict) else None
    times = [at for at in (made_at, answer.date()) if at is not None]
    return min(times, default=None)
