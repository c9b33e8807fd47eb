"""What no route ever sees: requests that are no HTTP, on the server itself."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from http.client import HTTPMessage, parse_headers
from io import BytesIO

import pytest
import uvicorn

from reminder.web.protocol import GuardedProtocol
from tests.web.test_guard import EXACT
from tests.web.world import World

HOST = b"Host: links.example.org\r\n"


class QuietServer(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self):
        yield


@pytest.fixture
async def port(world: World) -> AsyncIterator[int]:
    """The pages on a real server."""
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        world.app(), http=GuardedProtocol, ws="none", log_config=None, lifespan="off"
    )
    server = QuietServer(config)
    serving = asyncio.create_task(server.serve([listening]))
    yield listening.getsockname()[1]
    server.should_exit = True
    await serving


async def ask(port: int, request: bytes) -> tuple[bytes, HTTPMessage, bytes]:
    """The status line, the headers and the body of what a server says to anything."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    status, _, headers = head.partition(b"\r\n")
    parsed = parse_headers(BytesIO(headers))
    body = await reader.readexactly(int(parsed["content-length"]))
    writer.close()
    await writer.wait_closed()
    return status, parsed, body


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(b"CANARY\r\n\r\n", id="no-request"),
        pytest.param(b"GET /r/\x00CANARY HTTP/1.1\r\n" + HOST + b"\r\n", id="nul"),
        pytest.param(b"GET /r/x HTTP/1.1\r\n\r\n", id="no-host"),
        pytest.param(
            b"GET /r/x HTTP/1.1\r\n" + HOST + b"Host: CANARY\r\n\r\n", id="two-hosts"
        ),
        pytest.param(
            b"POST /v HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\n"
            b"Content-Length: 2\r\n\r\nab",
            id="two-lengths",
        ),
        pytest.param(
            b"GET /r/x HTTP/1.1\r\n" + HOST + b"X: " + b"a" * 100_000,
            id="endless-headers",
        ),
    ],
)
async def test_what_is_no_http_is_refused_with_the_whole_header_set(
    port: int, request_: bytes
) -> None:
    status, headers, body = await ask(port, request_)

    assert status.startswith(b"HTTP/1.1 400")
    assert {name: headers.get_all(name) for name in EXACT} == {
        name: [value] for name, value in EXACT.items()
    }
    assert b"CANARY" not in body


async def test_nobody_gets_another_protocol(port: int) -> None:
    status, headers, _ = await ask(
        port,
        b"GET /r/x HTTP/1.1\r\n" + HOST + b"Connection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
        b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    )

    assert status.startswith(b"HTTP/1.1 404")
    assert headers.get_all("x-frame-options") == ["DENY"]
