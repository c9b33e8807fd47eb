"""What the tests of `twilio-sms` share: a transport whose Twilio is a test server."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from reminder.model.outcomes import Outcome
from reminder.transports.twilio_sms import TwilioSMSTransport
from tests.servers.certificates import Authority
from tests.servers.mail import Misdeed
from tests.servers.phone import ACCOUNT, PhoneServer, Told
from tests.transports.messages import CONTEXT, sms_message

FROM = "+15550123"
AUTH_TOKEN = "f" * 32


def open_transport(
    api_base: str, authority: Authority, **settings: object
) -> TwilioSMSTransport:
    """A transport that believes Twilio to be there."""
    fields = {
        "account_sid": ACCOUNT,
        "auth_token": AUTH_TOKEN,
        "from_number": FROM,
        "api_base": api_base,
        "ca_bundle": authority.bundle,
        "read_timeout_s": 5,
        **settings,
    }
    given = {name: value for name, value in fields.items() if value is not None}
    return TwilioSMSTransport(TwilioSMSTransport.Config.model_validate(given), CONTEXT)


@asynccontextmanager
async def open_line(
    authority: Authority, *answers: Told | Misdeed, **settings: object
) -> AsyncIterator[tuple[TwilioSMSTransport, PhoneServer]]:
    """A Twilio that gives these answers, and a transport that uses it."""
    async with PhoneServer(authority.server_context(), list(answers)) as server:
        transport = open_transport(server.base, authority, **settings)
        try:
            yield transport, server
        finally:
            await transport.aclose()


async def send_once(
    authority: Authority, answer: Told | Misdeed, **settings: object
) -> tuple[Outcome, PhoneServer]:
    """One try, and whom it was made at."""
    async with open_line(authority, answer, **settings) as (transport, server):
        return await transport.send(sms_message()), server
