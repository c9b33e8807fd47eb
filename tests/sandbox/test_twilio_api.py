import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import parse_qsl

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from twilio.request_validator import RequestValidator

from reminder.sandbox.faults import Fault, Silence
from reminder.sandbox.phone import Phones
from reminder.sandbox.serving import loopback_socket, serving, url_of
from reminder.sandbox.twilio_api import TwilioAPI

NOON = datetime(2027, 3, 1, 17, tzinfo=UTC)
TO = "+16465550123"


class Receiver:
    """Takes status callbacks over real HTTP and checks their signatures."""

    def __init__(self) -> None:
        self.reports: list[dict[str, str]] = []
        self.signed: list[bool] = []
        self.url = ""
        self.auth_token = ""
        self.app = Starlette(
            routes=[Route("/callbacks/{token}", self._take, methods=["POST"])]
        )

    async def _take(self, request: Request) -> Response:
        report = dict(parse_qsl((await request.body()).decode()))
        self.reports.append(report)
        signature = request.headers["x-twilio-signature"]
        validator = RequestValidator(self.auth_token)
        self.signed.append(validator.validate(self.url, report, signature))
        return Response(status_code=204)

    @property
    def statuses(self) -> list[str]:
        return [report["MessageStatus"] for report in self.reports]


@pytest.fixture
async def twilio() -> AsyncIterator[TwilioAPI]:
    api = TwilioAPI(Phones(lambda: NOON))
    api.callback_faults.delay_s = 0
    yield api
    await api.aclose()


@pytest.fixture
async def client(twilio: TwilioAPI) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=twilio.routes()))
    async with httpx.AsyncClient(
        transport=transport,
        base_url=f"http://twilio.example.org/2010-04-01/Accounts/{twilio.account_sid}",
        auth=(twilio.account_sid, twilio.auth_token),
    ) as client:
        yield client


@pytest.fixture
async def receiver(twilio: TwilioAPI) -> AsyncIterator[Receiver]:
    receiver = Receiver()
    bound = loopback_socket()
    receiver.url = f"{url_of(bound)}/callbacks/token-1"
    receiver.auth_token = twilio.auth_token
    async with serving(receiver.app, bound):
        yield receiver


def form(to: str = TO, **more: str) -> dict[str, str]:
    return {"To": to, "From": TwilioAPI.number, "Body": "a message: LINK", **more}


async def test_a_message_is_accepted_listed_and_fetched(
    client: httpx.AsyncClient, twilio: TwilioAPI
) -> None:
    made = await client.post("/Messages.json", data=form())
    await twilio.settled()
    listed = await client.get(
        "/Messages.json", params={"To": TO, "DateSent>": "2027-03-01T16:59:00Z"}
    )
    fetched = await client.get(f"/Messages/{made.json()['sid']}.json")

    assert made.status_code == 201
    assert made.json()["status"] == "queued"
    assert [one["sid"] for one in listed.json()["messages"]] == [made.json()["sid"]]
    assert fetched.json()["status"] == "delivered"


@pytest.mark.parametrize(
    "params",
    [
        pytest.param({"To": "+16465550199"}, id="another-number"),
        pytest.param({"DateSent>": "2027-03-01T17:00:01Z"}, id="sent-before"),
        pytest.param({"DateSent<": "2027-03-01T16:59:59Z"}, id="sent-after"),
    ],
)
async def test_the_list_is_narrowed_by_number_and_date(
    client: httpx.AsyncClient, twilio: TwilioAPI, params: dict[str, str]
) -> None:
    await client.post("/Messages.json", data=form())
    await twilio.settled()

    listed = await client.get("/Messages.json", params=params)

    assert listed.json()["messages"] == []


async def test_nobody_gets_in_without_the_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/Messages.json", data=form(), auth=("AC", "guessed"))

    assert answer.status_code == 401
    assert answer.json()["code"] == 20003


@pytest.mark.parametrize(
    ("number", "code"),
    [
        pytest.param("+12025550190", 21610, id="stopped"),
        pytest.param("+12025550191", 21211, id="not-a-number"),
        pytest.param("+15005550009", 21614, id="twilios-own-not-mobile"),
    ],
)
async def test_magic_numbers_are_refused_with_their_codes(
    client: httpx.AsyncClient, twilio: TwilioAPI, number: str, code: int
) -> None:
    answer = await client.post("/Messages.json", data=form(number))

    assert answer.status_code == 400
    assert answer.json()["code"] == code
    assert twilio.phones.messages == []


async def test_callbacks_are_signed_and_come_in_order(
    client: httpx.AsyncClient, twilio: TwilioAPI, receiver: Receiver
) -> None:
    made = await client.post("/Messages.json", data=form(StatusCallback=receiver.url))
    await twilio.settled()

    assert receiver.statuses == ["sent", "delivered"]
    assert receiver.signed == [True, True]
    assert {report["MessageSid"] for report in receiver.reports} == {made.json()["sid"]}


async def test_a_signature_holds_for_its_own_token_only(
    client: httpx.AsyncClient, twilio: TwilioAPI, receiver: Receiver
) -> None:
    receiver.auth_token = twilio.auth_token[::-1]

    await client.post("/Messages.json", data=form(StatusCallback=receiver.url))
    await twilio.settled()

    assert receiver.signed == [False, False]


async def test_a_switched_off_phone_is_reported_later(
    client: httpx.AsyncClient, twilio: TwilioAPI, receiver: Receiver
) -> None:
    await client.post(
        "/Messages.json", data=form("+12025550192", StatusCallback=receiver.url)
    )
    await twilio.settled()

    assert receiver.statuses == ["sent", "undelivered"]
    assert receiver.reports[-1]["ErrorCode"] == "30003"


@pytest.mark.parametrize(
    ("lost", "twice", "statuses"),
    [
        pytest.param(True, False, [], id="lost"),
        pytest.param(
            False, True, ["sent", "sent", "delivered", "delivered"], id="twice"
        ),
    ],
)
async def test_callbacks_go_wrong_on_demand(
    client: httpx.AsyncClient,
    twilio: TwilioAPI,
    receiver: Receiver,
    lost: bool,
    twice: bool,
    statuses: list[str],
) -> None:
    twilio.callback_faults.lost = lost
    twilio.callback_faults.twice = twice

    await client.post("/Messages.json", data=form(StatusCallback=receiver.url))
    await twilio.settled()

    assert receiver.statuses == statuses
    assert twilio.phones.messages[0].status == "delivered"


async def test_the_api_is_overloaded_on_demand(
    client: httpx.AsyncClient, twilio: TwilioAPI
) -> None:
    twilio.faults.add(Fault(method="POST", status=429, retry_after="3", times=1))

    refused = await client.post("/Messages.json", data=form())
    taken = await client.post("/Messages.json", data=form())

    assert (refused.status_code, taken.status_code) == (429, 201)
    assert refused.headers["retry-after"] == "3"


@pytest.mark.parametrize(
    ("silence", "taken"),
    [
        pytest.param(Silence.BEFORE, 0, id="never-taken"),
        pytest.param(Silence.AFTER, 1, id="taken-without-a-word"),
    ],
)
async def test_a_silent_api_has_taken_the_message_or_not(
    client: httpx.AsyncClient, twilio: TwilioAPI, silence: Silence, taken: int
) -> None:
    twilio.faults.add(Fault(silence=silence))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.2):
            await client.post("/Messages.json", data=form())

    assert len(twilio.phones.messages) == taken


async def test_whoever_replies_stop_is_refused_from_then_on(
    client: httpx.AsyncClient, twilio: TwilioAPI
) -> None:
    before = await client.post("/Messages.json", data=form())

    twilio.phones.stop(TO)

    after = await client.post("/Messages.json", data=form())
    assert before.status_code == 201
    assert after.json()["code"] == 21610


async def test_the_account_and_its_number_can_be_looked_up(
    client: httpx.AsyncClient,
) -> None:
    account = await client.get(str(client.base_url).removesuffix("/") + ".json")
    numbers = await client.get("/IncomingPhoneNumbers.json")

    assert account.json()["status"] == "active"
    assert [
        one["phone_number"] for one in numbers.json()["incoming_phone_numbers"]
    ] == [TwilioAPI.number]
