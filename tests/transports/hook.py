"""What the tests of `webhook-sms` share: a transport whose gateway is a test server."""

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from reminder.model.outcomes import Callback, Outcome
from reminder.transports.webhook_sms import WebhookSMSTransport
from tests.servers.certificates import Authority
from tests.servers.gateway import KEY, SECRET, Gateway, Says, signatures
from tests.servers.mail import Misdeed
from tests.transports.messages import CONTEXT, NOW, callback, sms_message


def open_transport(
    url: str, authority: Authority, **settings: object
) -> WebhookSMSTransport:
    """A transport that believes the gateway to be there."""
    fields = {
        "url": url,
        "secret": SECRET,
        "ca_bundle": authority.bundle,
        "read_timeout_s": 5,
        **settings,
    }
    return WebhookSMSTransport(
        WebhookSMSTransport.Config.model_validate(fields), CONTEXT
    )


@asynccontextmanager
async def open_line(
    authority: Authority, *answers: Says | Misdeed, **settings: object
) -> AsyncIterator[tuple[WebhookSMSTransport, Gateway]]:
    """A gateway that gives these answers, and a transport that uses it."""
    async with Gateway(authority.server_context(), list(answers)) as gateway:
        transport = open_transport(gateway.url, authority, **settings)
        try:
            yield transport, gateway
        finally:
            await transport.aclose()


async def send_once(
    authority: Authority, answer: Says | Misdeed, **settings: object
) -> tuple[Outcome, Gateway]:
    """One try, and whom it was made at."""
    async with open_line(authority, answer, **settings) as (transport, gateway):
        return await transport.send(sms_message()), gateway


def from_gateway(
    kind: str,
    data: Any,
    *,
    keys: Sequence[bytes] = (KEY,),
    webhook_id: str = "gw-event-1",
    late_s: float = 0,
) -> Callback:
    """A request of the gateway's, signed as the standard wants it."""
    body = json.dumps({"type": kind, "data": data}).encode()
    seconds = str(int(NOW.timestamp() - late_s))
    return callback(
        body,
        webhook_id=webhook_id,
        webhook_timestamp=seconds,
        webhook_signature=signatures(webhook_id, seconds, body, keys),
    )
