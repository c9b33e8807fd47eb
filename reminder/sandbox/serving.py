"""Serves an ASGI app on loopback inside this process, and stops it again."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Iterator

import httpx
import uvicorn
from starlette.types import ASGIApp

from reminder.sandbox.errors import SandboxError


class _Server(uvicorn.Server):
    """Leaves Ctrl-C to whoever started the sandbox."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def loopback_socket(port: int = 0) -> socket.socket:
    """A socket bound to that port of 127.0.0.1, by default a free one.

    Raises:
        SandboxError: somebody else listens there.
    """
    # Named TCP, or asyncio leaves Nagle's algorithm on: 40 ms an answer.
    bound = socket.socket(proto=socket.IPPROTO_TCP)
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        bound.bind(("127.0.0.1", port))
    except OSError as error:
        bound.close()
        raise SandboxError(f"port {port}: {error.strerror}") from None
    return bound


def free_port() -> int:
    """The number of a port of 127.0.0.1 that nobody listens on just now."""
    with loopback_socket() as probe:
        port: int = probe.getsockname()[1]
        return port


def url_of(bound: socket.socket) -> str:
    """The address of what is served on that socket, without a slash at its end."""
    return f"http://127.0.0.1:{bound.getsockname()[1]}"


@contextlib.asynccontextmanager
async def serving(
    app: ASGIApp, bound: socket.socket, *, date_header: bool = True
) -> AsyncIterator[None]:
    """Serve `app` on that socket; both end with the block.

    Without `date_header` answers have no `Date` but the app's own.
    """
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        ws="none",
        date_header=date_header,
        timeout_graceful_shutdown=1,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[bound]))
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.01)
        yield
    finally:
        server.should_exit = True
        await task
        bound.close()


def loopback_client(base_url: str = "", *, timeout_s: float = 30) -> httpx.AsyncClient:
    """An HTTP client for this machine: no proxy, no certificates to load."""
    # Reading the system's authorities would cost 30 ms for nothing.
    no_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.AsyncClient(
        base_url=base_url, timeout=timeout_s, trust_env=False, verify=no_tls
    )
