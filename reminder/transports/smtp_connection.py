"""One connection to a relay: encrypted and verified before it hears of any message.

It carries one message at a time. `aiosmtplib` speaks the commands; the content
is sent here, because only so is known whether the relay had already asked for
it when the connection was lost.
"""

import contextlib
import ssl
from dataclasses import dataclass, field

import aiosmtplib

from reminder.model.outcomes import Deferred, Evidence, Rejected, Scope
from reminder.transports.mime import Address
from reminder.transports.smtp_config import SMTPConfig
from reminder.transports.smtp_replies import (
    Phase,
    Stopped,
    stopped,
)
from reminder.transports.tls import read_evidence

_GO_AHEAD = 354
_COMPLETED = 250
_CLOSING = 421
# A relay that does not say goodbye must not hold us up.
_GOODBYE_TIMEOUT_S = 2.0


@dataclass(frozen=True, slots=True)
class Mail:
    """The envelope (RFC 5321) and the bytes of one message."""

    mail_from: str
    rcpt_to: Address
    content: bytes = field(repr=False)


class SMTPConnection:
    """A connection that is usable until its first loss; then make another."""

    def __init__(self, config: SMTPConfig, tls: ssl.SSLContext) -> None:
        self._config = config
        self.phase = Phase.CONNECT
        self.evidence = Evidence(host=config.host)
        self._smtp = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.actual_port,
            local_hostname=config.hello_name or config.domain,
            timeout=config.command_timeout_s,
            use_tls=config.security == "tls",
            # Never None, its default, which carries on in clear where STARTTLS
            # is missing. Signing in, too, is done below and not by connect().
            start_tls=False,
            tls_context=tls,
        )

    @property
    def is_usable(self) -> bool:
        """Whether another message may be sent over it."""
        return self._smtp.is_connected

    async def open(self) -> None:
        """Connect, encrypt, verify, sign in.

        Raises:
            Stopped: with `policy` set when the relay's encryption will not do;
                it has then been told our name and nothing else.
        """
        try:
            await self._open()
        except (aiosmtplib.SMTPException, OSError) as error:
            self.close()
            raise stopped(error, self.phase, self.evidence) from None
        except BaseException:
            self.close()
            raise

    async def transmit(self, mail: Mail) -> str:
        """Send one message once; the text of the reply that accepted it.

        Raises:
            Stopped: it was not accepted, or nobody knows.
        """
        try:
            return await self._transmit(mail)
        except (aiosmtplib.SMTPException, OSError) as error:
            await self._recover(error)
            raise stopped(error, self.phase, self.evidence) from None
        except Stopped:
            raise
        except BaseException:
            # Cancelled in mid-conversation: the next reply would be another's.
            self.close()
            raise

    async def answers(self) -> bool:
        """Whether the relay is still there; if not, the connection is closed."""
        try:
            await self._smtp.noop(timeout=self._config.connect_timeout_s)
        except (aiosmtplib.SMTPException, OSError):
            self.close()
        return self.is_usable

    async def say_goodbye(self) -> None:
        """QUIT and close; whatever the relay says to that is of no interest."""
        # It has answered for every message; a failing QUIT must not turn a 250
        # into an error, and so into a second copy.
        with contextlib.suppress(aiosmtplib.SMTPException, OSError):
            await self._smtp.quit(timeout=_GOODBYE_TIMEOUT_S)
        self.close()

    def close(self) -> None:
        """Close without a word; may be called again."""
        self._smtp.close()

    async def _open(self) -> None:
        self.phase = Phase.CONNECT
        await self._smtp.connect(timeout=self._config.connect_timeout_s)
        if self._config.security == "starttls":
            await self._start_tls()
        self.evidence = read_evidence(
            self._smtp.get_transport_info("ssl_object"), host=self._config.host
        )
        self.phase = Phase.HELLO
        await self._smtp.ehlo()
        await self._sign_in()

    async def _start_tls(self) -> None:
        self.phase = Phase.HELLO
        await self._smtp.ehlo()
        self.phase = Phase.TLS
        if not self._smtp.supports_extension("starttls"):
            raise Stopped(Deferred("tls-not-offered", policy=True))
        await self._smtp.starttls(server_hostname=self._config.host)

    async def _sign_in(self) -> None:
        username, password = self._config.username, self._config.password
        if username is None or password is None:
            return
        self.phase = Phase.SIGN_IN
        if not self._smtp.supported_auth_methods:
            raise Stopped(Rejected("sign-in-not-offered", Scope.ACCOUNT, self.evidence))
        await self._smtp.login(username, password.get_secret_value())

    async def _transmit(self, mail: Mail) -> str:
        options, encoding = self._options(mail.rcpt_to)
        self.phase = Phase.MAIL
        await self._smtp.mail(mail.mail_from, options=options, encoding=encoding)
        self.phase = Phase.RCPT
        await self._smtp.rcpt(mail.rcpt_to.addr_spec, encoding=encoding)
        self.phase = Phase.DATA
        reply = await self._smtp.execute_command(b"DATA")
        if reply.code != _GO_AHEAD:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return await self._send_content(mail.content)

    def _options(self, to: Address) -> tuple[list[str], str]:
        if not to.needs_smtputf8:
            return [], "ascii"
        if not self._smtp.supports_extension("smtputf8"):
            raise Stopped(
                Rejected("smtputf8-not-offered", Scope.ADDRESS, self.evidence)
            )
        return ["SMTPUTF8"], "utf-8"

    async def _send_content(self, content: bytes) -> str:
        protocol = self._smtp.protocol
        if protocol is None:
            raise aiosmtplib.SMTPServerDisconnected("closed before the content")
        # RFC 5321 4.5.2: a dot at the start of a line is doubled.
        protocol.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        self.phase = Phase.END
        reply = await protocol.read_response(timeout=self._config.data_timeout_s)
        if reply.code != _COMPLETED:
            raise aiosmtplib.SMTPDataError(reply.code, reply.message)
        return reply.message

    async def _recover(self, error: Exception) -> None:
        """Keep the connection when the relay refused one message in good order."""
        if not isinstance(error, aiosmtplib.SMTPResponseException):
            self.close()
        elif error.code < 400 or error.code == _CLOSING:
            # Either it does not follow the protocol, or it is about to hang up.
            self.close()
        elif self.is_usable:
            await self._reset()

    async def _reset(self) -> None:
        try:
            await self._smtp.rset()
        except (aiosmtplib.SMTPException, OSError):
            self.close()
