"""A real SMTP server in the test's own loop: real TLS, and faults on demand.

aiosmtpd speaks the protocol; this writes down every command and every
accepted message, and misbehaves where `faults` says so.
"""

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Self

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from tests.servers.certificates import HOST


class Misdeed(Enum):
    """What a server may do instead of answering."""

    HANG_UP = "hang up"
    SAY_NOTHING = "say nothing"


@dataclass(frozen=True)
class Received:
    """One message as the server took it."""

    mail_from: str
    rcpt_to: tuple[str, ...]
    content: bytes
    hello: str
    encrypted: bool
    signed_in_as: str | None


@dataclass
class MailServer:
    """An SMTP server on a free port of the loopback.

    `faults` maps CONNECT (the greeting), a command, or END (the answer to the
    final dot) to the reply given instead, or to a `Misdeed`. `received` has
    every message whose content arrived, also those answered with a fault.
    """

    tls: ssl.SSLContext | None
    from_the_start: bool = False
    users: dict[str, str] = field(default_factory=dict)
    smtputf8: bool = True
    faults: dict[str, str | Misdeed] = field(default_factory=dict)
    commands: list[str] = field(default_factory=list)
    received: list[Received] = field(default_factory=list)
    connections: int = 0
    answer: str = "250 2.0.0 Ok: queued as 4F1A2B3C4D"

    host = HOST
    port = 0

    async def __aenter__(self) -> Self:
        self._sessions: list[_Session] = []
        self._server = await asyncio.get_running_loop().create_server(
            self._accept,
            # Not by name: that may be two addresses, each with a port of its own.
            "127.0.0.1",
            0,
            ssl=self.tls if self.from_the_start else None,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        tasks = [task for session in self._sessions if (task := session.abort())]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def open_connections(self) -> int:
        """How many clients are connected now."""
        return sum(session.transport is not None for session in self._sessions)

    def hang_up(self) -> None:
        """Cut every line at once."""
        for session in self._sessions:
            session.abort()

    def _accept(self) -> "_Session":
        self.connections += 1
        session = _Session(self)
        self._sessions.append(session)
        return session


class _Session(SMTP):
    def __init__(self, server: MailServer) -> None:
        self._mail_server = server
        self._greeted = False
        super().__init__(
            _Handler(server),
            hostname=HOST,
            enable_SMTPUTF8=server.smtputf8,
            tls_context=None if server.from_the_start else server.tls,
            auth_require_tls=not server.from_the_start,
            authenticator=self._authenticate_user if server.users else None,
            auth_exclude_mechanism=() if server.users else ("PLAIN", "LOGIN"),
            loop=asyncio.get_running_loop(),
        )
        self._smtp_methods = {
            name: self._watched(name, method)
            for name, method in self._smtp_methods.items()
        }

    def abort(self) -> "asyncio.Task[None] | None":
        """Cut the line; the task that served it."""
        if self.transport is not None:
            self.transport.abort()
        return self._handler_coroutine

    async def push(self, status: Any) -> None:
        if not self._greeted:
            self._greeted = True
            fault = self._mail_server.faults.get("CONNECT")
            if fault is not None:
                await self.misbehave(fault)
                return
        await super().push(status)

    async def misbehave(self, fault: str | Misdeed) -> None:
        """Do it, and come back only if the conversation may go on."""
        if isinstance(fault, str):
            await super().push(fault)
            if fault.startswith("421"):
                self.transport.close()
            return
        if fault is Misdeed.HANG_UP:
            self.transport.abort()
        await asyncio.Event().wait()

    def _watched(
        self, name: str, method: Callable[[str], Awaitable[None]]
    ) -> Callable[[str], Awaitable[None]]:
        async def run(arg: str) -> None:
            self._mail_server.commands.append(name)
            fault = self._mail_server.faults.get(name)
            if fault is None:
                await method(arg)
            else:
                await self.misbehave(fault)

        return run

    def _authenticate_user(
        self, _: object, session: Session, __: object, ___: str, data: LoginPassword
    ) -> AuthResult:
        name = data.login.decode()
        known = self._mail_server.users.get(name) == data.password.decode()
        return AuthResult(success=known, handled=False, auth_data=name)


class _Handler:
    def __init__(self, server: MailServer) -> None:
        self._mail_server = server

    async def handle_DATA(  # noqa: N802 - the hook's name
        self, server: _Session, session: Session, envelope: Envelope
    ) -> str:
        self._mail_server.received.append(
            Received(
                mail_from=envelope.mail_from or "",
                rcpt_to=tuple(envelope.rcpt_tos),
                content=envelope.original_content or b"",
                hello=session.host_name or "",
                encrypted=server.transport.get_extra_info("ssl_object") is not None,
                signed_in_as=session.auth_data,
            )
        )
        fault = self._mail_server.faults.get("END")
        if isinstance(fault, str):
            return fault
        if fault is not None:
            await server.misbehave(fault)
        return self._mail_server.answer
