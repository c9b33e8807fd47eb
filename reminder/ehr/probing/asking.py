"""Asks on trial: so many requests at most, each one timed, nothing taken for given."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import httpx

from reminder.ehr.errors import EHRRefused
from reminder.ehr.reading.raw import Resource, as_object, as_resource, objects
from reminder.ehr.wire.client import FHIRClient, Params
from reminder.ehr.wire.http import Answer
from reminder.ehr.wire.outcomes import refused
from reminder.ehr.wire.pacing import Pace

MOST_REQUESTS = 60


class BudgetSpent(Exception):
    """So many requests were asked that a trial must not ask another one."""


@dataclass(frozen=True, slots=True)
class Searchset:
    """One page of a search, taken apart without trust."""

    matches: tuple[Resource, ...] = field(repr=False)
    others: tuple[Resource, ...] = field(repr=False)
    total: int | None
    next_link: str | None = field(repr=False)
    url: httpx.URL = field(repr=False)

    def included(self, resource_type: str) -> int:
        """How many resources of another type came along."""
        return sum(each.get("resourceType") == resource_type for each in self.others)


class Asking:
    """The requests of one examination, one after the other."""

    def __init__(
        self, client: FHIRClient, pace: Pace, *, stranger: FHIRClient | None = None
    ) -> None:
        self.client = client
        self._stranger = stranger or client
        self.took_ms: list[int] = []
        self.requests = 0
        self._pace = pace

    async def get(
        self,
        path: str,
        params: Params = (),
        *,
        strict: bool = False,
        as_stranger: bool = False,
    ) -> Answer:
        """One GET below the base URL; a stranger shows no credential.

        Raises:
            BudgetSpent: enough was asked.
            EHRError: as the client says.
        """
        about = f"GET {path.partition('/')[0]}"
        url, client = self.client.url(path, params), self.client
        if as_stranger:
            client = self._stranger
        return await self._timed(client.search if strict else client.get, url, about)

    async def follow(self, url: httpx.URL, about: str, *, strict: bool) -> Answer:
        """As `get`, of an address as it is."""
        ask = self.client.search if strict else self.client.get
        return await self._timed(ask, url, about)

    async def _timed(
        self, ask: Callable[..., Awaitable[Answer]], url: httpx.URL, about: str
    ) -> Answer:
        async with self._counted():
            began = asyncio.get_running_loop().time()
            answer = await ask(url, about=about)
            ended = asyncio.get_running_loop().time()
        self.took_ms.append(round((ended - began) * 1000))
        return answer

    async def search(
        self, resource_type: str, params: Params, *, strict: bool = True
    ) -> Searchset:
        """The first page of a search.

        Raises:
            EHRRefused: the answer is no searchset.
        """
        return searchset(
            await self.get(resource_type, params, strict=strict), resource_type
        )

    async def write(
        self,
        method: str,
        path: str,
        body: bytes,
        *,
        content_type: str,
        if_match: str,
    ) -> Answer:
        """One write with `If-Match`."""
        async with self._counted():
            return await self.client.write(
                method,
                self.client.url(path),
                body,
                about=f"{method} {path.partition('/')[0]}",
                content_type=content_type,
                headers={"If-Match": if_match},
            )

    @contextlib.asynccontextmanager
    async def _counted(self) -> AsyncIterator[None]:
        if self.requests >= MOST_REQUESTS:
            raise BudgetSpent
        self.requests += 1
        async with self._pace.turn():
            yield


def searchset(answer: Answer, resource_type: str) -> Searchset:
    """The answer as a page of a search for that type.

    Raises:
        EHRRefused: it is an error, or no Bundle.
    """
    if answer.status != 200:
        raise refused(answer)
    bundle = as_resource(answer.parsed(), "Bundle")
    if bundle is None:
        raise EHRRefused(f"{answer.about}: not a Bundle")
    found = [as_object(entry.get("resource")) for entry in objects(bundle.get("entry"))]
    total = bundle.get("total")
    return Searchset(
        tuple(each for each in found if each.get("resourceType") == resource_type),
        tuple(each for each in found if each.get("resourceType") != resource_type),
        total if isinstance(total, int) else None,
        _next_link(bundle),
        answer.url,
    )


def _next_link(bundle: Resource) -> str | None:
    for link in objects(bundle.get("link")):
        url = link.get("url")
        if link.get("relation") == "next" and isinstance(url, str) and url:
            return url
    return None


def median(numbers: Sequence[int]) -> int:
    """The one in the middle; 0 of none."""
    return sorted(numbers)[len(numbers) // 2] if numbers else 0
