"""The pretended mail relay: real SMTP with STARTTLS, and faults on demand."""

import asyncio
import logging
import ssl
import weakref
from collections import deque
from dataclasses import dataclass, field
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

from reminder.model.clock import Clock
from reminder.sandbox.certificates import HOST, Authority, Certificate
from reminder.sandbox.mailbox import Mailbox, ReceivedMail

_GREETS_AS = "mail.example.org"
_TAKEN = "250 2.0.0 Ok: queued as {number:08X}"


@dataclass(slots=True)
class MailFaults:
    """What the server does wrong, as long as it stands here.

    `certificate` and `starttls` count for new connections. `refused` maps an
    address to the reply its RCPT gets. `replies` are what the next messages
    get instead of being taken, one each. `lost_answers` is how many messages
    it will take and then hang up without a word. `delay_s` passes before it
    takes a message, `silence_s` between taking it and saying so.
    """

    starttls: bool = True
    certificate: Certificate = Certificate.GOOD
    refused: dict[str, str] = field(default_factory=dict)
    replies: deque[str] = field(default_factory=deque)
    lost_answers: int = 0
    delay_s: float = 0
    silence_s: float = 0


class MailServer:
    """Listens on a free loopback port and keeps every message.

    Refuses nothing unless told to. Messages are in `mailbox`, and as files in
    the folder's `mail`. `ca_bundle` is the PEM file of the authority that
    vouches for it.

    Args:
        folder: an existing folder.
        clock: says when a message was received.
    """

    host = HOST

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.mailbox = Mailbox()
        self.faults = MailFaults()
        self.ca_bundle = folder / "mail-ca.pem"
        self._files = folder / "mail"
        self._clock = clock
        self._authority = Authority()
        self._contexts: dict[Certificate, ssl.SSLContext] = {}
        self._sessions: weakref.WeakSet[SMTP] = weakref.WeakSet()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """The port it listens on, once started."""
        assert self._server is not None, "not started"  # noqa: S101 - a broken promise
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Listen in this event loop."""
        # It would log addresses, and a traceback for every handshake that we
        # make fail on purpose.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL)
        self._files.mkdir(exist_ok=True)
        self._authority.write_bundle(self.ca_bundle)
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(self._session, self.host, 0)

    async def stop(self) -> None:
        """Take no more connections."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            # From Python 3.12 on, the server waits for whoever is connected.
            _hang_up(session)
        await self._server.wait_closed()

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks for this name
        self,
        server: SMTP,
        session: Session,
        envelope: Envelope,
        address: str,
        options: list[str],
    ) -> str:
        """Answer to RCPT TO."""
        if address in self.faults.refused:
            return self.faults.refused[address]
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 Ok"

    async def handle_DATA(  # noqa: N802 - aiosmtpd looks for this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Answer to a message."""
        await asyncio.sleep(self.faults.delay_s)
        if self.faults.replies:
            return self.faults.replies.popleft()
        number = self._keep(server, envelope)
        await asyncio.sleep(self.faults.silence_s)
        if self.faults.lost_answers:
            self.faults.lost_answers -= 1
            _hang_up(server)
        return _TAKEN.format(number=number)

    def _keep(self, server: SMTP, envelope: Envelope) -> int:
        assert server.transport is not None  # noqa: S101 - it just sent us a message
        tls = server.transport.get_extra_info("ssl_object")
        mail = ReceivedMail(
            number=len(self.mailbox.mails) + 1,
            received_at=self._clock(),
            mail_from=envelope.mail_from or "",
            rcpt_to=tuple(envelope.rcpt_tos),
            content=bytes(envelope.original_content or b""),
            protocol=tls.version() if tls else "",
            cipher=tls.cipher()[0] if tls else "",
        )
        self.mailbox.keep(mail)
        (self._files / f"{mail.number:05}.eml").write_bytes(mail.content)
        return mail.number

    def _session(self) -> SMTP:
        session = SMTP(
            self,
            hostname=_GREETS_AS,
            ident="ESMTP sandbox",
            enable_SMTPUTF8=True,
            tls_context=self._context() if self.faults.starttls else None,
            loop=asyncio.get_running_loop(),
        )
        self._sessions.add(session)
        return session

    def _context(self) -> ssl.SSLContext:
        shown = self.faults.certificate
        if shown not in self._contexts:
            self._contexts[shown] = self._authority.server_context(shown)
        return self._contexts[shown]


def _hang_up(session: SMTP) -> None:
    if isinstance(session.transport, asyncio.WriteTransport):
        session.transport.abort()
