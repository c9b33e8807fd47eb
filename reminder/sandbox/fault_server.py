"""Stands in front of any FHIR server and goes wrong as told, over HTTP."""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import SplitResult, parse_qsl, urlsplit

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from reminder.ehr.wire.addresses import is_loopback
from reminder.sandbox.errors import SandboxError
from reminder.sandbox.fhir_faults.declaring import FHIRFault
from reminder.sandbox.fhir_faults.exchange import Ask, Asked, Bend, Manner, Said
from reminder.sandbox.fhir_faults.pages import next_link
from reminder.sandbox.serving import loopback_client

_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"]
_NOT_PASSED_ON = {"host", "content-length", "connection", "accept-encoding"}
_NOT_PASSED_BACK = {
    "connection",
    "content-encoding",
    "content-length",
    "server",
    "transfer-encoding",
}
_REMEMBERED = 10_000
_BETWEEN_DROPS_S = 0.02
_AS_LONG_AS_IT_TAKES_S = 120


@dataclass(eq=False, slots=True)
class _Happening:
    """A fault that was set, and how often it was near and did happen."""

    fault: FHIRFault
    bend: Bend = field(init=False)
    seen: int = 0
    happened: int = 0

    def __post_init__(self) -> None:
        self.bend = self.fault.make()

    def takes(self, asked: Asked) -> bool:
        """Whether it happens to this request."""
        if not self.fault.concerns(asked):
            return False
        self.seen += 1
        if self.seen <= self.fault.after or self.happened == self.fault.times:
            return False
        self.happened += 1
        return True


class FaultServer:
    """Passes every request on to the EHR, through the faults that are set.

    It calls itself what the EHR calls itself: the EHR's own address in what it
    says, and ours in what it is told, are each other's. `requests` are the last
    methods and paths with their queries, as they came in. Serve `app` without
    a `Date` of the server's own: the EHR's is passed on.

    Raises:
        SandboxError: the EHR's address is none, or `http://` beyond this machine.

    Args:
        upstream: the FHIR base URL of the EHR.
        public_url: our own address, without a path: that is the EHR's.
        client: how the EHR is reached, if not over the network of this machine.
    """

    def __init__(
        self, upstream: str, public_url: str, client: httpx.AsyncClient | None = None
    ) -> None:
        parts = _address(upstream)
        self._upstream = f"{parts.scheme}://{parts.netloc}"
        self._public_url = public_url.rstrip("/")
        self._base_path = parts.path
        self._client = client or _client(parts.scheme)
        self._happening: list[_Happening] = []
        self._pages: dict[str, int] = {}
        self._well = asyncio.Event()
        self.requests: deque[tuple[str, str]] = deque(maxlen=_REMEMBERED)
        self.app = Starlette(
            routes=[Route("/{path:path}", self._serve, methods=_METHODS)]
        )

    @property
    def base_url(self) -> str:
        """The FHIR base URL to connect to."""
        return f"{self._public_url}{self._base_path}"

    def misbehave(self, *faults: FHIRFault) -> None:
        """From now on these happen too; the first of all sees a request first."""
        self._happening += map(_Happening, faults)

    def be_well(self) -> None:
        """End every fault; requests that were met with silence end now."""
        self._happening.clear()
        self._well.set()
        self._well = asyncio.Event()

    async def aclose(self) -> None:
        """Close the connections to the EHR."""
        await self._client.aclose()

    async def answer(self, asked: Asked) -> Said:
        """What is said to that request, by the faults and the EHR behind them."""
        ask: Ask = self.forward
        for happening in reversed(self._happening):
            if happening.takes(asked):
                ask = partial(_bent, happening.bend, ask)
        return await ask(asked)

    async def forward(self, asked: Asked) -> Said:
        """What the EHR itself says."""
        path = asked.path if asked.path[:1] == "/" else self._path(asked.path)
        query = f"?{asked.query}" if asked.query else ""
        answer = await self._client.request(
            asked.method,
            f"{self._upstream}{path}{query}",
            headers=[
                each for each in asked.headers.items() if each[0] in _passed(asked)
            ],
            content=asked.body.replace(*self._names()),
        )
        ours, theirs = self._names()
        body = answer.content.replace(theirs, ours)
        return Said(status=answer.status_code, headers=self._headers(answer), body=body)

    async def respond(self, request: Request) -> Response:
        """The answer to a request, as it leaves this server."""
        asked = await self.asked(request)
        return await self.finished(asked, await self.answer(asked))

    async def asked(self, request: Request) -> Asked:
        """The request, as faults see it."""
        path, query = request.url.path, request.url.query
        below = path.removeprefix(self._base_path)
        is_below = path == self._base_path or path.startswith(f"{self._base_path}/")
        return Asked(
            method=request.method,
            path=below.strip("/") if is_below else path,
            base_url=self.base_url,
            query=query,
            headers=dict(request.headers),
            body=await request.body(),
            page=self._pages.get(_same(query), 1),
        )

    async def finished(self, asked: Asked, answer: Said) -> Response:
        """The answer in its manner; one that is silent waits until all is well."""
        if asked.is_search and b'"next"' in answer.body:
            self._remember(asked, answer)
        if answer.manner is Manner.SILENT:
            await self._well.wait()
            return Response(status_code=503)
        return _response(answer)

    async def _serve(self, request: Request) -> Response:
        query = f"?{request.url.query}" if request.url.query else ""
        self.requests.append((request.method, request.url.path + query))
        return await self.respond(request)

    def _remember(self, asked: Asked, answer: Said) -> None:
        link = next_link(answer.json())
        if link and len(self._pages) < _REMEMBERED:
            self._pages.setdefault(_same(urlsplit(link).query), asked.page + 1)

    def _path(self, below: str) -> str:
        return f"{self._base_path}/{below}" if below else self._base_path or "/"

    def _names(self) -> tuple[bytes, bytes]:
        return self._public_url.encode(), self._upstream.encode()

    def _headers(self, answer: httpx.Response) -> Mapping[str, str]:
        return {
            name: value.replace(self._upstream, self._public_url)
            for name, value in answer.headers.items()
            if name not in _NOT_PASSED_BACK
        }


def _address(upstream: str) -> SplitResult:
    parts = urlsplit(upstream.rstrip("/"))
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SandboxError("the EHR's address begins with https:// and a host")
    # Whoever connects through us sends credentials and patients this way.
    if parts.scheme == "http" and not is_loopback(parts.hostname):
        raise SandboxError("http:// is only for this machine")
    return parts


def _client(scheme: str) -> httpx.AsyncClient:
    if scheme == "http":
        return loopback_client()
    return httpx.AsyncClient(timeout=_AS_LONG_AS_IT_TAKES_S, trust_env=False)


async def _bent(bend: Bend, ask: Ask, asked: Asked) -> Said:
    return await bend(asked, ask)


def _passed(asked: Asked) -> set[str]:
    return asked.headers.keys() - _NOT_PASSED_ON


def _same(query: str) -> str:
    """What two ways of writing one query have in common."""
    return repr(sorted(parse_qsl(query.replace("+", "%2B"), keep_blank_values=True)))


def _response(answer: Said) -> Response:
    headers = dict(answer.headers)
    if answer.manner is Manner.DRIPPING:
        return StreamingResponse(_dripping(answer.body), answer.status, headers)
    if answer.manner is Manner.CUT:
        return _Cut(answer.body, answer.status, headers)
    return Response(answer.body, answer.status, headers)


async def _dripping(body: bytes) -> AsyncIterator[bytes]:
    for number in range(len(body)):
        yield body[number : number + 1]
        await asyncio.sleep(_BETWEEN_DROPS_S)


class _Cut(Response):
    """Announces a whole body and ends halfway through it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        head = {"status": self.status_code, "headers": self.raw_headers}
        await send({"type": "http.response.start", **head})
        half = bytes(self.body[: len(self.body) // 2])
        await send({"type": "http.response.body", "body": half, "more_body": True})
