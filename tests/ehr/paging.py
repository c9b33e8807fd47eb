"""A FHIR server that searches and pages as it is told to, well or badly."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import httpx

from reminder.ehr.reading.instants import instant
from tests.ehr.pretend import BASE_URL, Resource, bundle, said


@dataclass
class PagingServer:
    """Searches its appointments by `date`, `practitioner` and `patient`.

    It gives `cap` on a page at most, whatever is asked for; with `links` the
    rest by next links that begin with `link_base`, each page `overlap` entries
    before the end of the last; with `total` it says how many there are. With
    `ends_within` it finds only what also ends in the period.
    """

    visits: Sequence[Resource]
    cap: int = 1000
    links: bool = True
    total: bool = True
    overlap: int = 0
    ends_within: bool = False
    ignores: frozenset[str] = frozenset()
    link_base: str = BASE_URL
    asked: list[httpx.Request] = field(default_factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.removesuffix("/") != "/fhir/Appointment":
            return said({}, 404) if not request.url.query else said(bundle())
        self.asked.append(request)
        found = [each for each in self.visits if self._finds(each, request.url.params)]
        size = min(self.cap, int(request.url.params["_count"]))
        begin = int(request.url.params.get("_page", 0))
        page = found[begin : begin + size]
        after = begin + max(1, size - self.overlap)
        goes_on = self.links and begin + size < len(found)
        link = self._link(request.url, after) if goes_on else None
        more = {"total": len(found)} if self.total else {}
        return said(bundle(*page, next_link=link, **more))

    def _link(self, url: httpx.URL, begin: int) -> str:
        query = url.copy_set_param("_page", begin).query.decode()
        return f"{self.link_base}/Appointment?{query}"

    def _finds(self, visit: Resource, params: httpx.QueryParams) -> bool:
        wanted = {name for name in params if name not in self.ignores}
        if "date" in wanted:
            since, until = map(_bound, params.get_list("date"))
            start, end = instant(visit["start"]), instant(visit["end"])
            if not since <= start < until or (self.ends_within and end > until):
                return False
        actors = [each["actor"].get("reference") for each in visit["participant"]]
        return all(
            {f"{kind}/{id_}" for id_ in params[name].split(",")} & set(actors)
            for name, kind in (("practitioner", "Practitioner"), ("patient", "Patient"))
            if name in wanted
        )


def _bound(value: str) -> datetime:
    at = instant(value[2:])
    assert at is not None
    return at
