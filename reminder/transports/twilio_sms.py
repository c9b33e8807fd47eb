"""Text messages through Twilio, sent once: its API has no key against a second time."""

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx
from twilio.base.exceptions import TwilioException  # type: ignore[import-untyped]

from reminder.model.inbound import Inbound
from reminder.model.messages import Message, SMSContent
from reminder.model.outcomes import (
    Accepted,
    Callback,
    DeliveryEvent,
    Finding,
    Outcome,
    Uncertain,
)
from reminder.model.people import Channel
from reminder.transports.base import API_VERSION, TransportContext
from reminder.transports.http import no_answer, retry_after
from reminder.transports.tls import client_context
from reminder.transports.twilio_answers import (
    read_failure,
    read_refusal,
)
from reminder.transports.twilio_callbacks import read_callback
from reminder.transports.twilio_check import findings
from reminder.transports.twilio_config import TwilioSMSConfig
from reminder.transports.twilio_http import Exchange, make_client, open_sdk
from reminder.transports.twilio_inbound import read_reply

# What Twilio takes as ValidityPeriod, in seconds.
_VALIDITY_S = (1, 36_000)
# Twilio's clock and ours may differ, and its instants are whole seconds.
_CLOCK_SLACK = timedelta(minutes=1)
_RECENT = 50
_GIVEN_UP = frozenset({"failed", "undelivered", "canceled"})
_SID = re.compile(r"[A-Za-z0-9]{1,64}")
_COUNT = re.compile(r"[1-9][0-9]{0,2}")
# What the SDK raises over an answer that is not what it expects.
_UNREADABLE = (ValueError, KeyError, TypeError, AttributeError)


class TwilioSMSTransport:
    """Sends each text message once and asks for a signed report of its fate.

    What Twilio accepted is on its way, not delivered. A lost answer is
    `Uncertain`; the report or `reconcile` tells later.
    """

    name: ClassVar[str] = "twilio-sms"
    channel: ClassVar[Channel] = Channel.SMS
    api_version: ClassVar[int] = API_VERSION
    Config: ClassVar[type[TwilioSMSConfig]] = TwilioSMSConfig

    def __init__(self, config: TwilioSMSConfig, context: TransportContext) -> None:
        self._config = config
        self._clock = context.clock
        self._public_url = context.public_url.rstrip("/")
        self._client = make_client(config, client_context(config.ca_bundle))

    @property
    def answers_keywords(self) -> bool:
        """Whether Twilio itself answers STOP, START and HELP."""
        return self._config.answers_keywords

    async def send(self, message: Message) -> Outcome:
        """Send once; certain only when Twilio answered, or was never reached."""
        if not isinstance(message.content, SMSContent):
            raise TypeError("twilio-sms sends SMSContent")
        exchange = self._exchange()
        try:
            made = await open_sdk(self._config, exchange).messages.create_async(
                to=message.to.value,
                body=message.content.text,
                status_callback=self._status_callback(message),
                validity_period=self._validity_s(message.useful_until),
                **self._sender(),
            )
        except TwilioException as error:
            return self._refused(error, exchange)
        except httpx.HTTPError as error:
            return no_answer(error)
        except _UNREADABLE:
            return Uncertain("answer-unreadable", exchange.evidence)
        return _outcome(made, exchange)

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        """What Twilio says of a try after `since`, known by the link in its text.

        None when Twilio lists none or cannot be asked. Right after a try it
        may not list it yet.
        """
        exchange = self._exchange()
        try:
            # Not narrowed by DateSent, which is empty until Twilio has sent it.
            listed = await open_sdk(self._config, exchange).messages.list_async(
                to=message.to.value, limit=_RECENT
            )
        except (TwilioException, httpx.HTTPError, *_UNREADABLE):
            return None
        earliest = since - _CLOCK_SLACK
        ours = [one for one in listed if self._is_of(message, one, earliest)]
        return _latest(_outcome(one, exchange) for one in ours)

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        """The report in a status callback, its signature verified first."""
        return read_callback(
            request,
            account_sid=self._config.account_sid,
            auth_tokens=self._config.auth_tokens,
        )

    def read_inbound(self, request: Callback) -> Inbound:
        """The reply of a patient, its signature verified first.

        Raises:
            BadSignature: it is not proven to be Twilio's, or is no reply.
        """
        return read_reply(
            request,
            self.name,
            account_sid=self._config.account_sid,
            auth_tokens=self._config.auth_tokens,
        )

    async def check(self) -> list[Finding]:
        """Ask Twilio about the account and the sender."""
        return await findings(open_sdk(self._config, self._exchange()), self._config)

    async def aclose(self) -> None:
        """Close the connections to Twilio."""
        await self._client.aclose()

    def _exchange(self) -> Exchange:
        return Exchange(self._client, self._config.api_base)

    def _sender(self) -> dict[str, str]:
        if self._config.messaging_service_sid is not None:
            return {"messaging_service_sid": self._config.messaging_service_sid}
        return {"from_": self._config.from_number or ""}

    def _status_callback(self, message: Message) -> str:
        # A path, not a query: Twilio reorders queries (twilio-node#1079).
        return f"{self._public_url}/callbacks/{self.name}/{message.callback_token}"

    def _validity_s(self, useful_until: datetime) -> int:
        least, most = _VALIDITY_S
        left = int((useful_until - self._clock()).total_seconds())
        return max(least, min(left, most))

    def _refused(self, error: TwilioException, exchange: Exchange) -> Outcome:
        status = getattr(error, "status", None)
        if not isinstance(status, int):
            return Uncertain("answer-unreadable", exchange.evidence)
        after = retry_after(exchange.headers.get("Retry-After"), self._clock())
        return read_refusal(
            status, getattr(error, "code", None), after, exchange.evidence
        )

    def _is_of(self, message: Message, listed: Any, earliest: datetime) -> bool:  # noqa: ANN401 - the SDK is not typed
        if listed.direction != "outbound-api":
            return False
        if listed.date_created is not None and listed.date_created < earliest:
            return False
        return self._mark(message) in (listed.body or "")

    def _mark(self, message: Message) -> str:
        """What is in this message's text and in no other's: its link."""
        text = message.content.text
        link = re.search(re.escape(self._public_url) + r"/r/[\w-]+", text)
        return link[0] if link else text


def _outcome(told: Any, exchange: Exchange) -> Outcome:  # noqa: ANN401 - the SDK is not typed
    if not isinstance(told.sid, str) or not _SID.fullmatch(told.sid):
        return Uncertain("answer-unreadable", exchange.evidence)
    evidence = replace(exchange.evidence, queue_id=told.sid)
    if told.status in _GIVEN_UP:
        return read_failure(told.error_code, evidence)
    return Accepted(told.sid, evidence, _segments(told.num_segments))


def _segments(count: object) -> int | None:
    """What Twilio counts; a Messaging Service says 0 until it has counted."""
    is_count = isinstance(count, str) and _COUNT.fullmatch(count) is not None
    return int(str(count)) if is_count else None


def _latest(outcomes: Iterable[Outcome]) -> Outcome | None:
    """One that Twilio took, if there is one: a later try may have failed."""
    found = list(outcomes)
    taken = (outcome for outcome in found if isinstance(outcome, Accepted))
    return next(taken, found[0] if found else None)
