"""Stands in front of the EHR: mixes in what no honest server holds, and misbehaves."""

from collections.abc import Sequence
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from reminder.sandbox.clinics import Resource
from reminder.sandbox.fault_server import FaultServer
from reminder.sandbox.faults import SAME_PAGE, Faults
from reminder.sandbox.fhir_faults.declaring import is_search
from reminder.sandbox.fhir_faults.exchange import Asked, Said, said
from reminder.sandbox.fhir_faults.pages import set_next
from reminder.sandbox.malformed import Malformed

_COMPARISONS = {
    "ge": datetime.__ge__,
    "gt": datetime.__gt__,
    "lt": datetime.__lt__,
    "le": datetime.__le__,
}


class Proxy(FaultServer):
    """A fault server that mixes in malformed Appointments.

    `faults` are what it does wrong as any server might, beside what it was
    told to `misbehave` as a FHIR server.

    Args:
        upstream: the address of the EHR, without its `/fhir`.
        public_url: the proxy's own address, as the EHR names it in links.
        malformed: found by searches for their day or their ids, and by reads.
    """

    def __init__(
        self, upstream: str, public_url: str, malformed: Sequence[Malformed] = ()
    ) -> None:
        super().__init__(f"{upstream}/fhir", public_url)
        self.faults = Faults()
        self.malformed = tuple(malformed)

    def be_well(self) -> None:
        """End every fault; requests that were met with silence end now."""
        super().be_well()
        self.faults.clear()

    async def respond(self, request: Request) -> Response:
        """As any fault server, unless one of `faults` is for that request."""
        fault = self.faults.take(request)
        response = await self.faults.before(fault)
        if response is None:
            asked = await self.asked(request)
            answer = await self.answer(asked)
            if fault.next_link is not None and answer.is_success and is_search(asked):
                answer = _leading(answer, asked, fault.next_link)
            response = await self.finished(asked, answer)
        return await self.faults.after(fault, response)

    async def forward(self, asked: Asked) -> Said:
        """What the EHR says, as if it held the malformed Appointments, too."""
        for malformed in self.malformed:
            path = f"Appointment/{malformed.resource['id']}"
            if asked.method == "GET" and asked.path == path:
                return said(malformed.resource)
        answer = await super().forward(asked)
        if not answer.is_success or not is_search(asked):
            return answer
        found = [one.resource for one in self.malformed if _finds(asked, one)]
        return self._mixed(answer, found) if found else answer

    def _mixed(self, answer: Said, found: Sequence[Resource]) -> Said:
        page = answer.json()
        page.setdefault("entry", []).extend(self._entry(one) for one in found)
        if "total" in page:
            page["total"] += len(found)
        return answer.with_json(page)

    def _entry(self, resource: Resource) -> Resource:
        return {
            "fullUrl": f"{self.base_url}/Appointment/{resource['id']}",
            "resource": resource,
            "search": {"mode": "match"},
        }


def _leading(answer: Said, asked: Asked, link: str) -> Said:
    page = answer.json()
    set_next(page, asked.url if link == SAME_PAGE else link)
    return answer.with_json(page)


def _finds(asked: Asked, malformed: Malformed) -> bool:
    """Whether the first page of that search holds it; only by date or by id."""
    params = dict(asked.params)
    if params.get("_offset", "0") != "0" or params.get("_count") == "0":
        return False
    if "_id" in params:
        return malformed.resource["id"] in params["_id"].split(",")
    dates = asked.values("date")
    return bool(dates) and all(_holds(date, malformed.at) for date in dates)


def _holds(condition: str, at: datetime) -> bool:
    compare = _COMPARISONS.get(condition[:2])
    return compare is not None and compare(at, datetime.fromisoformat(condition[2:]))
