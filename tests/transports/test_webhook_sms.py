"""One signed request for one text message, and no answer misunderstood."""

from datetime import timedelta

import pytest

from reminder.model.messages import SMSContent
from reminder.model.outcomes import (
    Accepted,
    Deferred,
    Outcome,
    Rejected,
    Scope,
    Uncertain,
    Verdict,
)
from tests.servers.certificates import Authority
from tests.servers.gateway import KEY, PREVIOUS_KEY, PREVIOUS_SECRET, Gateway, Says
from tests.servers.mail import Misdeed
from tests.transports.hook import open_line, open_transport, send_once
from tests.transports.messages import (
    CALLBACK_TOKEN,
    LINK,
    MESSAGE_ID,
    NOW,
    NUMBER,
    PUBLIC_URL,
    TEXT,
    email_message,
    sms_message,
)


async def test_a_message_is_one_signed_request_with_all_a_gateway_needs(
    authority: Authority,
) -> None:
    outcome, gateway = await send_once(authority, Says())

    assert isinstance(outcome, Accepted)
    [asked] = gateway.asked
    assert (asked.method, asked.path) == ("POST", "/messages")
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["webhook-id"] == str(MESSAGE_ID)
    assert asked.headers["webhook-timestamp"] == str(int(NOW.timestamp()))
    assert asked.json == {
        "type": "message.send",
        "data": {
            "channel": "sms",
            "to": NUMBER,
            "text": f"{TEXT} {LINK}",
            "segments": 1,
            "language": "en",
            "useful_until": "2027-03-01T17:00:00+00:00",
            "callback_url": f"{PUBLIC_URL}/callbacks/webhook-sms/{CALLBACK_TOKEN}",
        },
    }


async def test_what_was_taken_is_known_by_the_gateways_name_and_its_count(
    authority: Authority,
) -> None:
    outcome, _ = await send_once(authority, Says(200, {"id": "gw-7", "segments": 2}))

    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id, outcome.segments) == ("gw-7", 2)
    assert outcome.evidence.queue_id == "gw-7"
    assert outcome.evidence.protocol.startswith("TLSv1.")
    assert outcome.evidence.policy == "verified"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"taken",
        b"[]",
        b"\xff",
        b"[" * 60_000,
        {"id": 7},
        {"id": ""},
        {"id": "a b"},
        {"id": "x" * 129},
        {"id": None, "segments": True},
        {"segments": "2"},
        {"segments": -1},
    ],
    ids=lambda body: repr(body)[:20],
)
async def test_what_took_it_and_does_not_say_how_it_is_called_knows_our_name(
    authority: Authority, body: object
) -> None:
    outcome, _ = await send_once(authority, Says(202, body))

    assert isinstance(outcome, Accepted)
    assert (outcome.provider_id, outcome.segments) == (str(MESSAGE_ID), None)


REFUSED = Says(422, {"error": "address", "text": TEXT})
ANSWERS: list[tuple[str, Says | Misdeed, Outcome]] = [
    ("known already", Says(409), Accepted(str(MESSAGE_ID))),
    ("address", REFUSED, Rejected("http 422 address", Scope.ADDRESS)),
    (
        "opted out",
        Says(400, {"error": "opted-out"}),
        Rejected("http 400 opted-out", Scope.OPTED_OUT),
    ),
    (
        "content",
        Says(422, {"error": "content"}),
        Rejected("http 422 content", Scope.CONTENT),
    ),
    ("no word", Says(422, {"error": TEXT}), Rejected("http 422", Scope.CONTENT)),
    ("no object", Says(400, b"<html>"), Rejected("http 400", Scope.CONTENT)),
    ("too long", Says(413), Rejected("http 413", Scope.CONTENT)),
    ("not signed for it", Says(401), Rejected("http 401", Scope.ACCOUNT)),
    (
        "not about the message",
        Says(403, {"error": "address"}),
        Rejected("http 403", Scope.ACCOUNT),
    ),
    ("not there", Says(404), Rejected("http 404", Scope.ACCOUNT)),
    ("gone", Says(410), Rejected("http 410", Scope.ACCOUNT)),
    ("method", Says(405), Rejected("http 405", Scope.ACCOUNT)),
    (
        "elsewhere",
        Says(307, headers={"Location": "https://evil.example.org/"}),
        Rejected("http 307", Scope.ACCOUNT),
    ),
    (
        "rate",
        Says(429, headers={"Retry-After": "17"}),
        Deferred("http 429", timedelta(seconds=17)),
    ),
    ("rate, garbled", Says(429, headers={"Retry-After": "x"}), Deferred("http 429")),
    (
        "busy until",
        Says(503, headers={"Retry-After": "Mon, 01 Mar 2027 15:02:00 GMT"}),
        Deferred("http 503", timedelta(minutes=2)),
    ),
    ("busy", Says(503), Uncertain("http 503")),
    ("broken", Says(500), Uncertain("http 500")),
    ("a proxy's", Says(502), Uncertain("http 502")),
    ("too slow for it", Says(408), Uncertain("http 408")),
    ("hangs up", Misdeed.HANG_UP, Uncertain("RemoteProtocolError")),
    ("endless", Says(202, b"x" * 70_000), Uncertain("DecodingError")),
    (
        "packed",
        Says(202, b"{}", {"Content-Encoding": "gzip"}),
        Uncertain("DecodingError"),
    ),
]


@pytest.mark.parametrize(
    ("answer", "means"),
    [pytest.param(answer, means, id=name) for name, answer, means in ANSWERS],
)
async def test_every_answer_has_one_meaning(
    authority: Authority, answer: Says | Misdeed, means: Outcome
) -> None:
    outcome, gateway = await send_once(authority, answer)

    assert type(outcome) is type(means)
    for part in ("code", "scope", "after", "provider_id"):
        assert getattr(outcome, part, None) == getattr(means, part, None), part
    assert len(gateway.asked) == 1


async def test_a_gateway_that_says_nothing_leaves_us_uncertain(
    authority: Authority,
) -> None:
    outcome, _ = await send_once(authority, Misdeed.SAY_NOTHING, read_timeout_s=0.2)

    assert outcome == Uncertain("ReadTimeout")


@pytest.mark.parametrize("lost", [Misdeed.HANG_UP, Says(500)], ids=["cut", "500"])
async def test_tried_again_after_a_lost_answer_it_goes_to_the_patient_once(
    authority: Authority, lost: Says | Misdeed
) -> None:
    async with open_line(authority, lost) as (transport, gateway):
        first = await transport.send(sms_message())
        asked = await transport.reconcile(sms_message(), NOW)
        second = await transport.send(sms_message(attempt=2))

    assert isinstance(first, Uncertain)
    assert asked is None
    assert isinstance(second, Accepted)
    assert list(gateway.sent) == [str(MESSAGE_ID)]
    assert [one.headers["webhook-id"] for one in gateway.asked] == [str(MESSAGE_ID)] * 2


async def test_asking_what_became_of_it_sends_nothing(authority: Authority) -> None:
    async with open_line(authority) as (transport, gateway):
        await transport.reconcile(sms_message(), NOW)

    assert gateway.asked == []


@pytest.mark.parametrize("known", [KEY, PREVIOUS_KEY], ids=["new", "old"])
async def test_while_the_secret_is_changed_a_gateway_may_know_either(
    authority: Authority, known: bytes
) -> None:
    changed = {"previous_secret": PREVIOUS_SECRET}
    async with open_line(authority, **changed) as (transport, gateway):
        gateway.keys = (known,)
        outcome = await transport.send(sms_message())

    assert isinstance(outcome, Accepted)


async def test_a_gateway_with_another_secret_is_for_it_to_put_right(
    authority: Authority,
) -> None:
    async with open_line(authority) as (transport, gateway):
        gateway.keys = (b"x" * 24,)
        outcome = await transport.send(sms_message())

    assert isinstance(outcome, Rejected)
    assert outcome.scope is Scope.ACCOUNT
    assert gateway.sent == {}


async def test_any_text_can_be_sent(authority: Authority) -> None:
    text = "Ñandú 🎉 «…»"
    async with open_line(authority) as (transport, gateway):
        await transport.send(sms_message(content=SMSContent(text, 1)))

    assert gateway.sent[str(MESSAGE_ID)]["text"] == text


async def test_it_sends_text_messages_only(authority: Authority) -> None:
    async with open_line(authority) as (transport, gateway):
        with pytest.raises(TypeError):
            await transport.send(email_message())

    assert gateway.asked == []


@pytest.mark.parametrize(
    ("answer", "verdict", "says"),
    [
        (Says(204, b""), Verdict.PASS, ""),
        (Says(401), Verdict.FAIL, "secret"),
        (Says(403), Verdict.FAIL, "secret"),
        (Says(422), Verdict.UNKNOWN, "type check"),
        (Says(404), Verdict.FAIL, "url"),
        (Says(500), Verdict.FAIL, "http 500"),
        (Misdeed.HANG_UP, Verdict.FAIL, "RemoteProtocolError"),
    ],
    ids=lambda value: str(getattr(value, "status", value)),
)
async def test_a_check_says_what_to_put_right_and_sends_nothing(
    authority: Authority, answer: Says | Misdeed, verdict: Verdict, says: str
) -> None:
    async with open_line(authority, answer) as (transport, gateway):
        [finding] = await transport.check()

    assert finding.verdict is verdict
    assert says in finding.advice
    assert gateway.asked[0].json == {"type": "check", "data": {}}
    assert gateway.sent == {}


async def test_the_environments_proxy_is_not_used(
    monkeypatch: pytest.MonkeyPatch, dead_port: int, authority: Authority
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{dead_port}")

    outcome, _ = await send_once(authority, Says())

    assert isinstance(outcome, Accepted)


async def test_on_this_machine_a_gateway_needs_no_encryption(
    authority: Authority,
) -> None:
    async with Gateway(None) as gateway:
        transport = open_transport(gateway.url, authority)
        outcome = await transport.send(sms_message())
        await transport.aclose()

    assert isinstance(outcome, Accepted)
    assert outcome.evidence.policy == ""
