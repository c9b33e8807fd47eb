"""Speaks as much of Twilio's API as Reminder uses, with callbacks and faults."""

import asyncio
import base64
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import parse_qsl, urldefrag

import httpx
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route
from twilio.request_validator import (  # type: ignore[import-untyped]
    RequestValidator,
)

from reminder.sandbox.faults import Faults
from reminder.sandbox.magic import Misfortune
from reminder.sandbox.phone import Phones, TextMessage
from reminder.sandbox.serving import loopback_client

_VERSION = "2010-04-01"
_GSM_CHARACTERS = 160


@dataclass(slots=True)
class CallbackFaults:
    """How status callbacks go wrong: never sent, sent twice, or late."""

    lost: bool = False
    twice: bool = False
    delay_s: float = 0.05


class TwilioAPI:
    """One pretended Twilio account over the pretended phones.

    `account_sid`, `auth_token` and `number` are what Reminder must be told.
    `faults` are those of the API, `callback_faults` those of the callbacks.
    """

    number = "+12025550100"

    def __init__(self, phones: Phones) -> None:
        self.phones = phones
        self.account_sid = f"AC{secrets.token_hex(16)}"
        self.auth_token = secrets.token_hex(16)
        self.faults = Faults()
        self.callback_faults = CallbackFaults()
        self._client = loopback_client(timeout_s=15)
        self._signing = RequestValidator(self.auth_token)
        self._callbacks: set[asyncio.Task[None]] = set()

    def routes(self) -> list[BaseRoute]:
        """What the API answers to, below its base address."""
        account = f"/{_VERSION}/Accounts/{self.account_sid}"
        return [
            Route(f"{account}.json", self._guarded(self._account)),
            Route(
                f"{account}/Messages.json",
                self._guarded(self._create),
                methods=["POST"],
            ),
            Route(f"{account}/Messages.json", self._guarded(self._list)),
            Route(f"{account}/Messages/{{sid}}.json", self._guarded(self._fetch)),
            Route(f"{account}/IncomingPhoneNumbers.json", self._guarded(self._numbers)),
        ]

    async def aclose(self) -> None:
        """Send no more callbacks."""
        for task in list(self._callbacks):
            task.cancel()
        await asyncio.gather(*self._callbacks, return_exceptions=True)
        await self._client.aclose()

    async def settled(self) -> None:
        """Wait until every callback that is under way has been answered."""
        while self._callbacks:
            await asyncio.gather(*self._callbacks, return_exceptions=True)

    def _guarded(
        self, answer: Callable[[Request, dict[str, str]], Response]
    ) -> Callable[[Request], Any]:
        async def endpoint(request: Request) -> Response:
            if not self._is_ours(request):
                return _problem(401, 20003, "Authenticate")
            fault = self.faults.take(request)
            instead = await self.faults.before(fault)
            if instead is not None:
                return instead
            form = dict(
                parse_qsl((await request.body()).decode(), keep_blank_values=True)
            )
            return await self.faults.after(fault, answer(request, form))

        return endpoint

    def _is_ours(self, request: Request) -> bool:
        expected = f"{self.account_sid}:{self.auth_token}".encode()
        given = request.headers.get("authorization", "")
        return secrets.compare_digest(
            given, f"Basic {base64.b64encode(expected).decode()}"
        )

    def _account(self, request: Request, form: dict[str, str]) -> Response:
        return JSONResponse(
            {"sid": self.account_sid, "status": "active", "type": "Full"}
        )

    def _create(self, request: Request, form: dict[str, str]) -> Response:
        to, body = form.get("To", ""), form.get("Body", "")
        if not to or not body:
            return _problem(400, 21604 if not to else 21602, "A parameter is missing")
        refusal = self.phones.refusal(to)
        if refusal is not None:
            return _refused(refusal)
        message = self.phones.accept(
            to=to,
            from_number=form.get("From", self.number),
            body=body,
            status_callback=form.get("StatusCallback", ""),
        )
        answer = JSONResponse(self._as_json(message), 201)
        task = asyncio.create_task(self._deliver(message))
        self._callbacks.add(task)
        task.add_done_callback(self._callbacks.discard)
        return answer

    def _numbers(self, request: Request, form: dict[str, str]) -> Response:
        asked = request.query_params.get("PhoneNumber", self.number)
        own = [{"phone_number": self.number}] if asked == self.number else []
        return JSONResponse({"incoming_phone_numbers": own, "next_page_uri": None})

    def _list(self, request: Request, form: dict[str, str]) -> Response:
        query = request.query_params
        found = [self._as_json(one) for one in self._matching(query)]
        return JSONResponse({"messages": found, "next_page_uri": None, "page": 0})

    def _fetch(self, request: Request, form: dict[str, str]) -> Response:
        message = self.phones.find(request.path_params["sid"])
        if message is None:
            return _problem(404, 20404, "The requested resource was not found")
        return JSONResponse(self._as_json(message))

    def _matching(self, query: QueryParams) -> Iterator[TextMessage]:
        for message in reversed(self.phones.messages):
            if query.get("To", message.to) == message.to and _sent_within(
                message, query.get("DateSent>"), query.get("DateSent<")
            ):
                yield message

    async def _deliver(self, message: TextMessage) -> None:
        """The message's life after it was accepted, told in callbacks."""
        await asyncio.sleep(self.callback_faults.delay_s)
        for happen in (self.phones.sent, self.phones.arrived):
            happen(message)
            if message.status_callback and not self.callback_faults.lost:
                await self._call_back(message)

    async def _call_back(self, message: TextMessage) -> None:
        url, _ = urldefrag(message.status_callback)
        params = self._callback_params(message)
        headers = {"X-Twilio-Signature": self._signing.compute_signature(url, params)}
        for _ in range(2 if self.callback_faults.twice else 1):
            try:
                await self._client.post(url, data=params, headers=headers)
            except httpx.TransportError:
                return  # As Twilio does: what nobody hears is not said again.

    def _callback_params(self, message: TextMessage) -> dict[str, str]:
        params = {
            "AccountSid": self.account_sid,
            "ApiVersion": _VERSION,
            "From": message.from_number,
            "MessageSid": message.sid,
            "MessageStatus": message.status,
            "SmsSid": message.sid,
            "SmsStatus": message.status,
            "To": message.to,
        }
        if message.error_code is not None:
            params["ErrorCode"] = str(message.error_code)
        return params

    def _as_json(self, message: TextMessage) -> dict[str, Any]:
        account = f"/{_VERSION}/Accounts/{self.account_sid}"
        created = format_datetime(message.created_at)
        return {
            "account_sid": self.account_sid,
            "api_version": _VERSION,
            "body": message.body,
            "date_created": created,
            "date_sent": format_datetime(message.sent_at) if message.sent_at else None,
            "date_updated": created,
            "direction": "outbound-api",
            "error_code": message.error_code,
            "error_message": None,
            "from": message.from_number,
            "messaging_service_sid": None,
            "num_media": "0",
            "num_segments": str(-(-len(message.body) // _GSM_CHARACTERS)),
            "price": None,
            "price_unit": "USD",
            "sid": message.sid,
            "status": message.status,
            "subresource_uris": {},
            "to": message.to,
            "uri": f"{account}/Messages/{message.sid}.json",
        }


def _sent_within(message: TextMessage, after: str | None, before: str | None) -> bool:
    if after is None and before is None:
        return True
    if message.sent_at is None:
        return False
    return (after is None or message.sent_at >= datetime.fromisoformat(after)) and (
        before is None or message.sent_at <= datetime.fromisoformat(before)
    )


def _refused(misfortune: Misfortune) -> Response:
    return _problem(400, misfortune.code, misfortune.sentence)


def _problem(status: int, code: int, message: str) -> Response:
    more = f"https://www.twilio.com/docs/errors/{code}"
    return JSONResponse(
        {"code": code, "message": message, "more_info": more, "status": status}, status
    )
