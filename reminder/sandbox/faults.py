"""Faults on demand: how a pretended server misbehaves, told to it from the inside."""

import asyncio
from dataclasses import dataclass
from enum import Enum, auto

from starlette.requests import Request
from starlette.responses import JSONResponse, Response


class Silence(Enum):
    """When the server falls silent: before it did what was asked, or after."""

    BEFORE = auto()
    AFTER = auto()


@dataclass(eq=False, slots=True, kw_only=True)
class Fault:
    """One kind of misbehaviour, for the requests it fits.

    It fits requests of `method` (None: any) whose path contains `path`. It
    happens `times` times (None: until `Faults.clear`). `status` is answered
    instead of doing anything, with `retry_after` as its header; `next_link`
    (EHR only) is what a search page names as its next page, where `SAME_PAGE`
    means the page itself.
    """

    method: str | None = None
    path: str = ""
    times: int | None = None
    delay_s: float = 0
    silence: Silence | None = None
    status: int | None = None
    retry_after: str | None = None
    next_link: str | None = None

    def fits(self, request: Request) -> bool:
        """Whether this fault is for that request and not used up."""
        of_method = self.method in (None, request.method)
        return of_method and self.path in request.url.path and self.times != 0


SAME_PAGE = "same-page"
NO_FAULT = Fault()


class Faults:
    """The faults of one server: the first that fits a request happens.

    Use it from the thread of the server's event loop.
    """

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._cleared = asyncio.Event()

    def add(self, fault: Fault) -> Fault:
        """From now on, this happens too."""
        self._faults.append(fault)
        return fault

    def clear(self) -> None:
        """Be well again; requests that were met with silence end now."""
        self._faults.clear()
        self._cleared.set()
        self._cleared = asyncio.Event()

    def take(self, request: Request) -> Fault:
        """What is to happen to this request."""
        for fault in self._faults:
            if fault.fits(request):
                if fault.times is not None:
                    fault.times -= 1
                return fault
        return NO_FAULT

    async def before(self, fault: Fault) -> Response | None:
        """Lets time pass, then the answer to give instead of the real one, if any."""
        if fault.delay_s:
            await asyncio.sleep(fault.delay_s)
        if fault.silence is Silence.BEFORE:
            return await self._silent()
        if fault.status is None:
            return None
        headers = {"Retry-After": fault.retry_after} if fault.retry_after else {}
        return JSONResponse({}, fault.status, headers)

    async def after(self, fault: Fault, response: Response) -> Response:
        """The real answer, unless this fault swallows it."""
        if fault.silence is Silence.AFTER:
            return await self._silent()
        return response

    async def _silent(self) -> Response:
        await self._cleared.wait()
        return Response(status_code=503)
