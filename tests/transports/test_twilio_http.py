"""Where Twilio's credentials go, and from where its settings come."""

import gzip

import httpx
import pytest

from reminder.model.outcomes import Accepted
from reminder.transports.twilio_config import DEFAULT_API_BASE, TwilioSMSConfig
from reminder.transports.twilio_http import Exchange, open_sdk
from tests.servers.certificates import Authority
from tests.servers.phone import ACCOUNT, Told, message_resource
from tests.transports.carrier import AUTH_TOKEN, FROM, send_once

CONFIG = TwilioSMSConfig(account_sid=ACCOUNT, auth_token=AUTH_TOKEN, from_number=FROM)


def _far_side(asked: list[httpx.Request]) -> httpx.AsyncClient:
    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(201, json=message_resource())

    return httpx.AsyncClient(transport=httpx.MockTransport(answer))


async def test_twilios_own_address_is_used_as_it_is() -> None:
    asked: list[httpx.Request] = []

    async with _far_side(asked) as client:
        sdk = open_sdk(CONFIG, Exchange(client, DEFAULT_API_BASE))
        await sdk.messages.create_async(to="+15550100", body="x", from_=FROM)

    assert asked[0].url.host == "api.twilio.com"
    assert asked[0].url.scheme == "https"


async def test_the_environment_moves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TWILIO_EDGE", "sydney")
    monkeypatch.setenv("TWILIO_REGION", "au1")
    asked: list[httpx.Request] = []

    async with _far_side(asked) as client:
        sdk = open_sdk(CONFIG, Exchange(client, DEFAULT_API_BASE))
        await sdk.messages.create_async(to="+15550100", body="x", from_=FROM)

    assert asked[0].url.host == "api.twilio.com"


@pytest.mark.parametrize(
    "url",
    [
        "https://evil.example.org/x",
        "http://api.twilio.com/x",
        "https://169.254.169.254/",
    ],
)
async def test_the_credentials_go_to_twilio_alone(url: str) -> None:
    asked: list[httpx.Request] = []

    async with _far_side(asked) as client:
        with pytest.raises(httpx.UnsupportedProtocol):
            await Exchange(client, DEFAULT_API_BASE).request("GET", url)

    assert asked == []


@pytest.mark.parametrize(
    ("coding", "content"),
    [
        ("gzip, gzip", gzip.compress(gzip.compress(b"{}"))),
        ("br", b"{}"),
        ("gzip", gzip.compress(b" " * (4 * 1024 * 1024 + 1))),
    ],
    ids=["twice", "as nobody asked", "too long"],
)
async def test_an_answer_nobody_can_hold_is_not_unpacked(
    coding: str, content: bytes
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        headers = {"Content-Encoding": coding}
        return httpx.Response(201, headers=headers, stream=httpx.ByteStream(content))

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as client:
        with pytest.raises(httpx.DecodingError):
            await Exchange(client, DEFAULT_API_BASE).request(
                "GET", "https://api.twilio.com/x"
            )


async def test_the_environments_proxy_is_not_used(
    monkeypatch: pytest.MonkeyPatch, dead_port: int, authority: Authority
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead_port}")

    outcome, _ = await send_once(authority, Told(201, message_resource()))

    assert isinstance(outcome, Accepted)
