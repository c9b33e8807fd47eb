"""A gateway for text messages behind a signed request, over real TLS.

It keeps its side of the contract: it believes nothing that is not signed, and
sends what it took under one id only once. Otherwise it answers as told, or
misbehaves. It proves signatures by itself, not with the code under test.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import ssl
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from tests.servers.mail import Misdeed

KEY = b"a key of twenty-four bytes"
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
PREVIOUS_KEY = b"the key there was before it"
PREVIOUS_SECRET = f"whsec_{base64.b64encode(PREVIOUS_KEY).decode()}"


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        """What its body says."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Says:
    """One answer."""

    status: int = 202
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


def signatures(
    webhook_id: str, seconds: str, body: bytes, keys: Sequence[bytes]
) -> str:
    """What the header of that name holds."""
    content = f"{webhook_id}.{seconds}.".encode() + body
    macs = (hmac.new(key, content, hashlib.sha256).digest() for key in keys)
    return " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)


@dataclass
class Gateway:
    """An HTTP server on a free port of the loopback.

    `answers` are given in turn to what it has not taken yet, and at their end
    it takes everything. `sent` is what it sent: the data of each message.
    """

    tls: ssl.SSLContext | None
    answers: list[Says | Misdeed] = field(default_factory=list)
    keys: tuple[bytes, ...] = (KEY,)
    asked: list[Asked] = field(default_factory=list)
    sent: dict[str, Any] = field(default_factory=dict)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", 0, ssl=self.tls
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        """Where it takes messages."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}/messages"

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self._tasks.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                asked = await _read(head.decode(), reader)
                self.asked.append(asked)
                answer = self._answer(asked)
                if answer is Misdeed.SAY_NOTHING:
                    await asyncio.Event().wait()
                if answer is Misdeed.HANG_UP:
                    writer.transport.abort()
                    return
                writer.write(_write(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.close()

    def _answer(self, asked: Asked) -> Says | Misdeed:
        headers = asked.headers
        webhook_id = headers.get("webhook-id", "")
        seconds = headers.get("webhook-timestamp", "")
        good = signatures(webhook_id, seconds, asked.body, self.keys).split()
        if not set(good) & set(headers.get("webhook-signature", "").split()):
            return Says(401)
        if webhook_id in self.sent:
            return Says(200, {"id": f"gw-{webhook_id}"})
        answer = self.answers.pop(0) if self.answers else Says()
        taken = isinstance(answer, Misdeed) or 200 <= answer.status < 300
        if taken and asked.json["type"] == "message.send":
            self.sent[webhook_id] = asked.json["data"]
        return answer


async def _read(head: str, reader: asyncio.StreamReader) -> Asked:
    first, *lines = head.split("\r\n")
    method, path, _ = first.split(" ")
    pairs = (line.split(": ", 1) for line in lines if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, path, headers, body)


def _write(says: Says) -> bytes:
    is_raw = isinstance(says.body, bytes)
    body = says.body if is_raw else json.dumps(says.body).encode()
    lines = [
        f"HTTP/1.1 {says.status} Says",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in says.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
