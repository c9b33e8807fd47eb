"""Where providers hand on what patients write: kept in an instant, or refused."""

import time
from collections.abc import AsyncIterator

import httpx
import pytest
from structlog.testing import capture_logs
from twilio.request_validator import RequestValidator

from reminder.model.people import Channel, ContactPoint
from reminder.transports.base import TransportContext
from reminder.transports.twilio_config import TwilioSMSConfig
from reminder.transports.twilio_sms import TwilioSMSTransport
from tests.web.world import PUBLIC_URL, World

TOKEN, ACCOUNT = "f" * 32, "AC" + "a" * 32
PATH = "/callbacks/twilio-sms"
FORM = {
    "AccountSid": ACCOUNT,
    "MessageSid": "SM" + "b" * 32,
    "From": "+12025550147",
    "To": "+12025550100",
    "Body": "Secret words",
    "FromCity": "",
}


@pytest.fixture
async def reading(world: World) -> AsyncIterator[World]:
    """A world whose text messages go through Twilio."""
    config = TwilioSMSConfig(
        account_sid=ACCOUNT, auth_token=TOKEN, from_number="+12025550100"
    )
    transport = TwilioSMSTransport(config, TransportContext(PUBLIC_URL, world.clock))
    world.reading["twilio-sms"] = transport
    yield world
    await transport.aclose()


async def post(
    world: World, form: dict[str, str], *, token: str = TOKEN, path: str = PATH
) -> httpx.Response:
    url = f"{PUBLIC_URL}{path}"
    signature = RequestValidator(token).compute_signature(url, form)
    async with world.client() as somebody:
        headers = {"X-Twilio-Signature": signature}
        return await somebody.post(path, data=form, headers=headers)


async def test_a_reply_is_kept_and_answered_with_nothing_to_say(
    reading: World,
) -> None:
    responses = [await post(reading, FORM) for _ in range(3)]

    (kept,) = await reading.store.inbound.pending(limit=5)
    assert {one.status_code for one in responses} == {200}
    assert responses[0].headers["content-type"].startswith("text/xml")
    assert responses[0].text.endswith("<Response/>")
    assert kept.text == "Secret words"
    assert kept.from_point == ContactPoint(Channel.SMS, "+12025550147")


async def test_who_listens_is_called_once_for_each(reading: World) -> None:
    heard: list[str] = []
    taking_in = reading.taking_in
    taking_in.listen(lambda: heard.append("reply"))
    url = f"{PUBLIC_URL}{PATH}"
    signature = RequestValidator(TOKEN).compute_signature(url, FORM)

    async with reading.client(replies=taking_in) as somebody:
        for _ in range(2):
            headers = {"X-Twilio-Signature": signature}
            await somebody.post(PATH, data=FORM, headers=headers)

    assert heard == ["reply"]


async def test_a_forged_one_is_refused_with_one_line_that_tells_nothing(
    reading: World,
) -> None:
    with capture_logs() as logs:
        response = await post(reading, FORM, token="e" * 32)

    assert (response.status_code, response.content) == (403, b"")
    assert logs == [
        {
            "event": "refused_reply",
            "log_level": "warning",
            "transport": "twilio-sms",
            "n": 1,
        }
    ]
    assert await reading.store.inbound.pending(limit=5) == []


@pytest.mark.parametrize("path", ["/callbacks/phone", "/callbacks/nobody"])
async def test_a_transport_that_takes_no_replies_is_not_there(
    reading: World, path: str
) -> None:
    assert (await post(reading, FORM, path=path)).status_code == 404


async def test_the_longest_reply_in_any_script_is_kept_whole(reading: World) -> None:
    text = "\N{FACE WITH TEARS OF JOY}" * 1600

    response = await post(reading, FORM | {"Body": text})

    (kept,) = await reading.store.inbound.pending(limit=5)
    assert response.status_code == 200
    assert kept.text == text


async def test_a_reply_is_taken_in_within_a_tenth_of_a_second(reading: World) -> None:
    took, url = [], f"{PUBLIC_URL}{PATH}"
    async with reading.client() as somebody:
        for n in range(20):
            form = FORM | {"MessageSid": f"SM{n:032x}"}
            signature = RequestValidator(TOKEN).compute_signature(url, form)
            before = time.perf_counter()
            await somebody.post(
                PATH, data=form, headers={"X-Twilio-Signature": signature}
            )
            took.append(time.perf_counter() - before)

    assert sorted(took)[10] < 0.1
