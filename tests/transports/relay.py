"""What the tests of `smtp` share: a transport on a test server, and patience."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from reminder.model.outcomes import Outcome
from reminder.transports.smtp import SMTPTransport
from tests.servers.certificates import Authority
from tests.servers.mail import MailServer
from tests.servers.proxy import Eavesdropper
from tests.transports.messages import CONTEXT, email_message

SIGN_IN = {"username": "clinic", "password": "s3cret"}
USERS = {SIGN_IN["username"]: SIGN_IN["password"]}


@asynccontextmanager
async def open_transport(
    server: MailServer | Eavesdropper, authority: Authority, **settings: object
) -> AsyncIterator[SMTPTransport]:
    """A transport that sends through that server."""
    config = SMTPTransport.Config.model_validate(
        {
            "host": server.host,
            "port": server.port,
            "ca_bundle": authority.bundle,
            "from_addr": "reminder@clinic.example.org",
            "command_timeout_s": 5,
            "data_timeout_s": 5,
            **settings,
        }
    )
    transport = SMTPTransport(config, CONTEXT)
    try:
        yield transport
    finally:
        await transport.aclose()


async def send_once(
    server: MailServer, authority: Authority, **settings: object
) -> Outcome:
    """One try at a server of its own."""
    async with server, open_transport(server, authority, **settings) as transport:
        return await transport.send(email_message())


async def until(holds: Callable[[], bool]) -> None:
    """Wait for something the loop brings about by itself."""
    async with asyncio.timeout(5):
        while not holds():
            await asyncio.sleep(0.005)
