"""E-mail through a relay that proves who it is, or not at all."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from reminder.model.messages import EmailContent, Message
from reminder.model.outcomes import (
    Accepted,
    BadSignature,
    Callback,
    DeliveryEvent,
    Finding,
    Outcome,
    Rejected,
    Scope,
)
from reminder.model.people import Channel
from reminder.transports.base import API_VERSION, TransportContext
from reminder.transports.mime import (
    UnsafeHeader,
    UnusableAddress,
    prove_headers_hold,
    read_address,
    write_mail,
)
from reminder.transports.smtp_check import findings
from reminder.transports.smtp_config import SMTPConfig
from reminder.transports.smtp_connection import Mail, SMTPConnection
from reminder.transports.smtp_pool import SMTPPool
from reminder.transports.smtp_replies import Stopped, queue_id
from reminder.transports.tls import client_context


class SMTPTransport:
    """Sends each message once, over one of a few connections to one relay.

    A relay without TLS 1.2 and a certificate that holds is told our name and
    nothing else: the message is deferred with `policy` set. The last hop that
    is proven is the one to the relay.
    """

    name: ClassVar[str] = "smtp"
    channel: ClassVar[Channel] = Channel.EMAIL
    api_version: ClassVar[int] = API_VERSION
    Config: ClassVar[type[SMTPConfig]] = SMTPConfig

    def __init__(self, config: SMTPConfig, context: TransportContext) -> None:
        prove_headers_hold()
        self._config = config
        self._clock = context.clock
        self._from_addr = read_address(config.from_addr)
        self._tls = client_context(config.ca_bundle)
        self._pool = SMTPPool(
            self._connection,
            limit=config.connections,
            idle_timeout_s=config.idle_timeout_s,
        )

    async def send(self, message: Message) -> Outcome:
        """Send once: accepted is what the relay answered 250 after the final dot."""
        try:
            mail = self._write(message)
        except UnusableAddress:
            return Rejected("address-not-usable", Scope.ADDRESS)
        except UnsafeHeader:
            return Rejected("header-not-safe", Scope.CONTENT)
        try:
            async with self._pool.borrow() as connection:
                reply = await connection.transmit(mail)
                evidence = connection.evidence
        except Stopped as stopped:
            return stopped.outcome
        relays_name = queue_id(reply)
        return Accepted(
            relays_name or self._rfc_message_id(message),
            replace(evidence, queue_id=relays_name),
        )

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        """None: a relay cannot be asked what became of a message."""
        return None

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        """A relay calls nobody back, so whoever does is not one."""
        raise BadSignature("smtp has no callbacks")

    async def check(self) -> list[Finding]:
        """Connect, encrypt and sign in on a connection of its own."""
        return await findings(self._connection())

    async def aclose(self) -> None:
        """Say goodbye on every idle connection; those in use follow."""
        await self._pool.aclose()

    def _connection(self) -> SMTPConnection:
        return SMTPConnection(self._config, self._tls)

    def _write(self, message: Message) -> Mail:
        if not isinstance(message.content, EmailContent):
            raise TypeError("smtp sends EmailContent")
        to = read_address(message.to.value)
        content = write_mail(
            message.content,
            from_addr=self._from_addr,
            to=to,
            language=message.language,
            rfc_message_id=self._rfc_message_id(message),
            date=self._clock(),
        )
        return Mail(self._config.mail_from or self._config.from_addr, to, content)

    def _rfc_message_id(self, message: Message) -> str:
        domain = self._config.message_id_domain or self._config.domain
        return f"<{message.message_id}@{domain}>"
