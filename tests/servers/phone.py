"""The far side of Twilio's API, over real TLS: answers as told, or misbehaves.

It knows nothing of Twilio's rules; the sandbox has a phone that does.
"""

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Self
from urllib.parse import parse_qs, parse_qsl, urlsplit

from tests.servers.mail import Misdeed

ACCOUNT = "AC" + "0" * 32
SID = "SM" + "1" * 32


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    target: str
    headers: dict[str, str]
    form: dict[str, str]

    @property
    def path(self) -> str:
        """The path without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        """What was asked for in the query."""
        return parse_qs(urlsplit(self.target).query)


@dataclass
class Told:
    """One answer."""

    status: int = 201
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class PhoneServer:
    """An HTTP server on a free port of the loopback.

    `answers` are given in turn, the last one again and again.
    """

    tls: ssl.SSLContext | None
    answers: list[Told | Misdeed] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
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
    def base(self) -> str:
        """The address to use as `api_base`."""
        return f"{'https' if self.tls else 'http'}://localhost:{self.port}"

    async def _serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.connections += 1
        self._tasks.add(asyncio.current_task())
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked.append(await _read(head.decode(), reader))
                answer = self.answers.pop(0)
                if not self.answers:
                    self.answers.append(answer)
                if answer is Misdeed.SAY_NOTHING:
                    await asyncio.Event().wait()
                if answer is Misdeed.HANG_UP:
                    writer.transport.abort()
                    return
                writer.write(_write(answer))
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


async def _read(head: str, reader: asyncio.StreamReader) -> Asked:
    first, *lines = head.split("\r\n")
    method, target, _ = first.split(" ")
    headers = dict(line.lower().split(": ", 1) for line in lines if line)
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Asked(method, target, headers, dict(parse_qsl(body.decode())))


def _write(told: Told) -> bytes:
    is_raw = isinstance(told.body, str)
    body = told.body.encode() if is_raw else json.dumps(told.body).encode()
    lines = [
        f"HTTP/1.1 {told.status} Told",
        "Content-Type: application/json",
        f"Content-Length: {len(body)}",
        *(f"{name}: {value}" for name, value in told.headers.items()),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


def message_resource(**fields: Any) -> dict[str, Any]:
    """A Message as Twilio's API shows it."""
    return {
        "account_sid": ACCOUNT,
        "sid": SID,
        "status": "queued",
        "direction": "outbound-api",
        "body": "",
        "date_created": "Mon, 01 Mar 2027 15:00:00 +0000",
        "error_code": None,
        **fields,
    }


def refusal(status: int, code: int, **headers: str) -> Told:
    """An error as Twilio tells it; its text quotes the number, as Twilio's does."""
    body = {"code": code, "message": "The number +15550100 …", "status": status}
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Told(status, body, named)
