"""An EHR with thousands of appointments, which can be made to stop in mid-answer."""

import asyncio
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.ehr.pretend import bundle

Resource = dict[str, Any]
_CAPABILITIES = {
    "resourceType": "CapabilityStatement",
    "fhirVersion": "4.0.1",
    "rest": [
        {
            "mode": "server",
            "resource": [{"type": "Appointment", "searchParam": [{"name": "date"}]}],
        }
    ],
}


@dataclass
class BigClinic:
    """Finds appointments by `date` in pages, and patients by `_id`.

    `windows` counts how often each day was asked for from its first page, `read`
    how often each patient was. A request `stop_at`, such as `06/200`, makes it
    say so in `stopped`, and is answered when it `goes_on`.
    """

    begins: datetime
    days: int
    a_day: int
    patients: int
    windows: Counter[str] = field(default_factory=Counter)
    read: Counter[str] = field(default_factory=Counter)
    stop_at: str = ""
    stopped: asyncio.Event = field(default_factory=asyncio.Event)
    goes_on: asyncio.Event = field(default_factory=asyncio.Event)

    def app(self) -> Starlette:
        """To be served."""
        return Starlette(
            routes=[
                Route("/fhir/metadata", self._metadata),
                Route("/fhir/Appointment", self._appointments),
                Route("/fhir/Patient", self._some_patients),
                Route("/{rest:path}", lambda _: JSONResponse({}, 404)),
            ]
        )

    async def _metadata(self, request: Request) -> Response:
        del request
        return JSONResponse(_CAPABILITIES)

    async def _appointments(self, request: Request) -> Response:
        query = request.query_params
        if "date" not in query:
            return JSONResponse(bundle())
        start, end = (
            datetime.fromisoformat(bound[2:]) for bound in query.getlist("date")
        )
        offset, size = int(query.get("_page", 0)), int(query["_count"])
        name = f"{start:%d}"
        if offset == 0:
            self.windows[name] += 1
        await self._perhaps_stop(f"{name}/{offset}")
        found = [
            number
            for number in range(self.days * self.a_day)
            if start <= self._starts(number) < end
        ]
        link = None
        if offset + size < len(found):
            link = str(request.url.include_query_params(_page=offset + size))
        page = [self._visit(number) for number in found[offset : offset + size]]
        return JSONResponse(bundle(*page, next_link=link))

    async def _some_patients(self, request: Request) -> Response:
        ids = request.query_params["_id"].split(",")
        self.read.update(ids)
        await self._perhaps_stop(f"patient {len(self.read)}")
        return JSONResponse(bundle(*(self._patient(id_) for id_ in ids)))

    async def _perhaps_stop(self, where: str) -> None:
        if self.stop_at and self.stop_at == where:
            self.stopped.set()
            await self.goes_on.wait()

    def _starts(self, number: int) -> datetime:
        day, nth = divmod(number, self.a_day)
        return self.begins + timedelta(days=day, seconds=60 * nth)

    def _visit(self, number: int) -> Resource:
        patient = f"Patient/p{number % self.patients}"
        return {
            "resourceType": "Appointment",
            "id": f"a{number}",
            "status": "booked",
            "start": self._starts(number).isoformat(),
            "participant": [{"actor": {"reference": patient}, "status": "accepted"}],
        }

    def _patient(self, patient_id: str) -> Resource:
        return {
            "resourceType": "Patient",
            "id": patient_id,
            "name": [{"family": "Okafor", "given": ["Ana"]}],
            "birthDate": "1984-02-03",
        }
