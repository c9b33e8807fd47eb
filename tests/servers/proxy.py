"""Somebody on the line, who hears every byte and may change what the server says."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Self


@dataclass
class Eavesdropper:
    """A TCP proxy before a server on the loopback; `heard` is all that passed."""

    upstream_port: int
    change: Callable[[bytes], bytes] = lambda sent: sent
    """What it makes of each piece the server sends."""

    host = "localhost"
    port = 0

    async def __aenter__(self) -> Self:
        self.heard = bytearray()
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    async def _serve(
        self, client: asyncio.StreamReader, to_client: asyncio.StreamWriter
    ) -> None:
        self._tasks.add(asyncio.current_task())
        server, to_server = await asyncio.open_connection(self.host, self.upstream_port)
        try:
            await asyncio.gather(
                self._pass(client, to_server, lambda sent: sent),
                self._pass(server, to_client, self.change),
            )
        finally:
            to_client.close()
            to_server.close()

    async def _pass(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        change: Callable[[bytes], bytes],
    ) -> None:
        while piece := await reader.read(65536):
            self.heard += piece
            writer.write(change(piece))
            await writer.drain()
        writer.close()
