"""Stands around everything the web answers: host, headers, and what goes wrong."""

import traceback
from collections.abc import Awaitable, Callable, Collection

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'none'; style-src 'self'; img-src 'self'; "
        "font-src 'self'; connect-src 'none'; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": (
        "camera=(), microphone=(), geolocation=(), payment=(), usb=(), "
        "browsing-topics=(), publickey-credentials-get=(self)"
    ),
    "X-Robots-Tag": "noindex, nofollow",
    "X-Frame-Options": "DENY",
    "Cache-Control": "no-store",
}
"""On every response; only what is the same for everybody, the style sheet and the
public keys, brings a Cache-Control of its own.
"""

_PROBES = ("/health/live", "/health/ready")
"""Asked by machines that know this node by another name than patients do."""


class Guard:
    """The outermost layer: nothing is answered without passing it.

    An exception ends here as a page of its own; its text, which may quote
    what a patient typed, goes nowhere. `unavailable` are those that mean
    'later'.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        hosts: Collection[str],
        unavailable: tuple[type[Exception], ...],
        problem: Callable[[int], Response],
    ) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        self._unavailable = unavailable
        self._problem = problem

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        answering = _Answering(send)
        if not self._is_ours(scope):
            await self._problem(400)(scope, receive, answering.send)
            return
        try:
            await self._app(scope, receive, answering.send)
        except self._unavailable as error:
            _log("unavailable", scope, error)
            await answering.instead(self._problem(503), scope, receive)
        except Exception as error:  # noqa: BLE001 - the outermost loop of the web
            _log("request_failed", scope, error)
            await answering.instead(self._problem(500), scope, receive)

    def _is_ours(self, scope: Scope) -> bool:
        host = Headers(scope=scope).get("host", "").lower()
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdigit() else host
        return scope["path"] in _PROBES or name in self._hosts


class _Answering:
    """One response on its way, with the headers put on it."""

    def __init__(self, send: Callable[[Message], Awaitable[None]]) -> None:
        self._send = send
        self._started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._started = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await self._send(message)

    async def instead(self, response: Response, scope: Scope, receive: Receive) -> None:
        """Another response, unless the first one is half sent already."""
        if not self._started:
            await response(scope, receive, self.send)


def _log(event: str, scope: Scope, error: Exception) -> None:
    frames = traceback.extract_tb(error.__traceback__)
    where = f"{frames[-1].filename.rpartition('/')[2]}:{frames[-1].lineno}"
    route = getattr(scope.get("route"), "path", "")
    log.error(event, route=route, error=type(error).__name__, where=where)
