"""Text messages through any gateway that takes a signed request (Standard Webhooks).

`webhook-id` is our message_id, the same at every try: a gateway sends what it
has taken under one id only once. So a message whose answer was lost is simply
tried again, after everything about it was decided again.
"""

import json
from datetime import UTC, datetime
from typing import Any, ClassVar
from uuid import uuid4

import httpx

from reminder.model.inbound import Inbound
from reminder.model.messages import Message, SMSContent
from reminder.model.outcomes import Callback, DeliveryEvent, Finding, Outcome, Verdict
from reminder.model.people import Channel
from reminder.transports.base import API_VERSION, TransportContext
from reminder.transports.http import Answer, make_client, no_answer, post
from reminder.transports.tls import client_context
from reminder.transports.webhook_answers import read_answer
from reminder.transports.webhook_callbacks import read_reply, read_report
from reminder.transports.webhook_config import WebhookConfig
from reminder.transports.webhook_signatures import signed

_GATEWAY = "webhook gateway"
_NO_RIGHT = frozenset({401, 403})


class WebhookSMSTransport:
    """Posts each text message once; the gateway reports in requests signed alike."""

    name: ClassVar[str] = "webhook-sms"
    channel: ClassVar[Channel] = Channel.SMS
    api_version: ClassVar[int] = API_VERSION
    Config: ClassVar[type[WebhookConfig]] = WebhookConfig

    def __init__(self, config: WebhookConfig, context: TransportContext) -> None:
        self._config = config
        self._clock = context.clock
        self._public_url = context.public_url.rstrip("/")
        self._client = make_client(
            client_context(config.ca_bundle),
            connections=config.connections,
            connect_timeout_s=config.connect_timeout_s,
            read_timeout_s=config.read_timeout_s,
        )

    async def send(self, message: Message) -> Outcome:
        """Send once; certain only when the gateway answered, or was never reached."""
        webhook_id = str(message.message_id)
        try:
            answer = await self._post(webhook_id, "message.send", self._data(message))
        except httpx.HTTPError as error:
            return no_answer(error)
        return read_answer(answer, webhook_id, self._clock())

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        """None: sending it again under the same id is how a gateway is asked.

        That is not done here, where nobody looks whether the visit still stands.
        """
        return None

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        """The report in a status callback, its signature verified first."""
        return read_report(request, self._clock(), self._config.keys)

    def read_inbound(self, request: Callback) -> Inbound:
        """The reply of a patient, its signature verified first.

        Raises:
            BadSignature: it is not proven to be the gateway's, or is no reply.
        """
        return read_reply(request, self.name, self._clock(), self._config.keys)

    async def check(self) -> list[Finding]:
        """Post a request of type `check`, which the gateway answers and forgets."""
        try:
            answer = await self._post(f"check-{uuid4()}", "check", {})
        except httpx.HTTPError as error:
            advice = f"{no_answer(error).code}. Check url, ca_bundle and the way there."
            return [Finding(_GATEWAY, Verdict.FAIL, advice)]
        return [_finding(answer.status)]

    async def aclose(self) -> None:
        """Close the connections to the gateway."""
        await self._client.aclose()

    async def _post(self, webhook_id: str, kind: str, data: dict[str, Any]) -> Answer:
        body = json.dumps({"type": kind, "data": data}).encode()
        headers = signed(webhook_id, body, self._clock(), self._config.keys)
        headers["Content-Type"] = "application/json"
        return await post(self._client, self._config.url, body, headers)

    def _data(self, message: Message) -> dict[str, Any]:
        if not isinstance(message.content, SMSContent):
            raise TypeError("webhook-sms sends SMSContent")
        until = message.useful_until.astimezone(UTC)
        callback = f"{self._public_url}/callbacks/{self.name}/{message.callback_token}"
        return {
            "channel": self.channel.value,
            "to": message.to.value,
            "text": message.content.text,
            "segments": message.content.segments,
            "language": message.language,
            "useful_until": until.isoformat(timespec="seconds"),
            "callback_url": callback,
        }


def _finding(status: int) -> Finding:
    if 200 <= status < 300:
        return Finding(_GATEWAY, Verdict.PASS)
    if status in _NO_RIGHT:
        advice = f"http {status}. The gateway does not know the secret, or its clock"
        return Finding(_GATEWAY, Verdict.FAIL, f"{advice} is more than 5 minutes off.")
    if status in (400, 422):
        advice = (
            f"http {status}. It is there, but does not know requests of type check."
        )
        return Finding(_GATEWAY, Verdict.UNKNOWN, advice)
    return Finding(_GATEWAY, Verdict.FAIL, f"http {status}. Check url.")
