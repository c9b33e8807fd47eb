"""Follows a search page by page, as far as it leads and no further."""

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, suppress

import httpx

from reminder.ehr.errors import EHRRefused, EHRUnavailable
from reminder.ehr.finding.pages import Page, TooMuch, read_page, refusal
from reminder.ehr.reading.entries import Entry
from reminder.ehr.wire.client import FHIRClient, Params
from reminder.ehr.wire.http import Answer
from reminder.ehr.wire.next_links import LinkRefused, with_plus_kept
from reminder.model.readings import Unreadable

_LONGEST_ID_LIST = 1500  # With the rest of the URL below two kilobytes.
_EXPIRED = frozenset({400, 404, 410})


class PagesExpired(EHRUnavailable):
    """The server no longer knows the next page; the search must begin anew."""


class DeadEnd(EHRRefused):
    """A next link leads to a page that was there before, or has no URL at all."""


async def pages(
    client: FHIRClient, resource_type: str, params: Params, *, max_pages: int
) -> AsyncGenerator[Page, None]:
    """Every page of a search, in the server's order.

    Raises:
        EHRRefused: what came is no Bundle, or the search is refused.
        LinkRefused: a next link leads elsewhere.
        DeadEnd: a next link leads in a circle, or is none.
        PagesExpired: a later page is gone.
        TooMuch: the server says so, or there are more than `max_pages`.
    """
    about = f"GET {resource_type}"
    url: httpx.URL | None = client.url(resource_type, params)
    asked_at = client.clock()
    visited: set[httpx.URL] = set()
    while url is not None:
        if url in visited:
            raise DeadEnd(f"{about}: next-link loop")
        if len(visited) == max_pages:
            raise TooMuch(f"{about}: more than {max_pages} pages", 200)
        answer = await _asked(client, url, about, is_next=bool(visited))
        page = await asyncio.to_thread(read_page, answer, resource_type, asked_at)
        if visited and page.notice.expired:
            raise PagesExpired(f"{about}: pages expired")
        visited.add(url)
        yield page
        url = None
        if page.next_link == "":
            raise DeadEnd(f"{about}: next link without a URL")
        if page.next_link is not None:
            url = client.pinned(page.next_link, seen_at=answer.url, about=about)


async def search(
    client: FHIRClient, resource_type: str, params: Params, *, max_pages: int
) -> Page:
    """A whole search as one page."""
    entries: list[Entry] = []
    broken: list[Unreadable] = []
    asked_at = client.clock()
    async for page in pages(client, resource_type, params, max_pages=max_pages):
        entries += page.entries
        broken += page.broken
    return Page(tuple(entries), asked_at, tuple(broken), size=len(entries))


async def listed(
    client: FHIRClient, resource_type: str, ids: Sequence[str], *, max_pages: int
) -> Page:
    """Those of `ids` that one search finds, as far as its pages lead.

    Absence means nothing: the list may be cut short, its links lead nowhere,
    or the index lag behind. Only a read by id says that one is not there.
    """
    entries: list[Entry] = []
    broken: list[Unreadable] = []
    wanted, asked_at = {*ids}, client.clock()
    params = [("_id", ",".join(ids)), ("_count", str(len(ids)))]
    found = pages(client, resource_type, params, max_pages=max_pages)
    with suppress(DeadEnd, LinkRefused, PagesExpired):
        async with aclosing(found):
            async for page in found:
                entries += page.entries
                broken += page.broken
                names = {str(each.resource_id) for each in page.entries}
                # Some servers give a link with every page, for ever.
                if wanted <= names or not wanted & names:
                    break
                wanted -= names
    return Page(tuple(entries), asked_at, tuple(broken), size=len(entries))


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


async def _asked(
    client: FHIRClient, url: httpx.URL, about: str, *, is_next: bool
) -> Answer:
    answer = await client.search(url, about=about)
    if not is_next:
        return answer
    spelled_out = with_plus_kept(url) if answer.status == 400 else None
    if spelled_out is not None:
        answer = await client.search(spelled_out, about=about)
    if answer.status in _EXPIRED and not isinstance(refusal(answer), TooMuch):
        raise PagesExpired(f"{about}: pages expired")
    return answer
