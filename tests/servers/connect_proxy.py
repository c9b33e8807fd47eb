"""An HTTP proxy as hospitals have them: opens lines to others, for those it knows."""

import asyncio
import base64
import contextlib
import ssl
from dataclasses import dataclass, field
from typing import Self

ESTABLISHED = b"HTTP/1.1 200 Connection established\r\n\r\n"
REFUSED = {
    403: b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n",
    407: b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
}


@dataclass
class ConnectProxy:
    """A proxy on a free port of the loopback.

    `asked` are the heads of the requests it got, `lines` how many it opened,
    `heard` what went through them. `user` is who may use it, as `name:password`.
    """

    user: str | None = None
    tls: ssl.SSLContext | None = None
    closed: bool = False
    asked: list[str] = field(default_factory=list)
    heard: bytearray = field(default_factory=bytearray)
    lines: int = 0
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        # Not cancelled: Python 3.11 complains of streams whose task was.
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.gather(*self._tasks)
        await self._server.wait_closed()

    @property
    def address(self) -> str:
        """What is set as the proxy."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    async def _serve(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._tasks.add(asyncio.current_task())
        self._writers.append(to_client)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            head = (await client.readuntil(b"\r\n\r\n")).decode()
            self.asked.append(head)
            refusal = self._refusal(head)
            if refusal is None:
                await self._connect(head, client, to_client)
            else:
                to_client.write(refusal)
                await to_client.drain()
        to_client.close()

    def _refusal(self, head: str) -> bytes | None:
        if self.closed or not head.startswith("CONNECT "):
            return REFUSED[403]
        if self.user is not None:
            pair = base64.b64encode(self.user.encode()).decode()
            if f"proxy-authorization: basic {pair}".lower() not in head.lower():
                return REFUSED[407]
        return None

    async def _connect(
        self, head: str, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        host, _, port = head.split(" ")[1].rpartition(":")
        server, to_server = await asyncio.open_connection(host, int(port))
        self._writers.append(to_server)
        self.lines += 1
        to_client.write(ESTABLISHED)
        try:
            await asyncio.gather(
                self._pass(client, to_server), self._pass(server, to_client)
            )
        finally:
            to_server.close()

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        while piece := await reader.read(65536):
            self.heard += piece
            writer.write(piece)
            await writer.drain()
        writer.close()
