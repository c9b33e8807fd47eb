"""One request for one text message, and no answer of Twilio's misunderstood."""

import base64
import logging
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
from tests.servers.mail import Misdeed
from tests.servers.phone import (
    ACCOUNT,
    SID,
    PhoneServer,
    Told,
    message_resource,
    refusal,
)
from tests.transports.carrier import (
    AUTH_TOKEN,
    FROM,
    open_line,
    open_transport,
    send_once,
)
from tests.transports.messages import (
    CALLBACK_URL,
    CANARIES,
    LINK,
    NOW,
    NUMBER,
    TEXT,
    email_message,
    sms_message,
)

TAKEN = Told(201, message_resource())


async def test_a_message_is_asked_for_once_with_all_that_twilio_needs(
    authority: Authority,
) -> None:
    outcome, server = await send_once(authority, TAKEN)

    assert isinstance(outcome, Accepted)
    [asked] = server.asked
    assert asked.method == "POST"
    assert asked.path == f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
    assert asked.form == {
        "To": NUMBER,
        "From": FROM,
        "Body": f"{TEXT} {LINK}",
        "StatusCallback": CALLBACK_URL,
        "ValidityPeriod": "7200",
    }
    credentials = base64.b64encode(f"{ACCOUNT}:{AUTH_TOKEN}".encode()).decode()
    assert asked.headers["authorization"] == f"basic {credentials}".lower()


async def test_the_evidence_is_of_the_connection_it_went_over(
    authority: Authority,
) -> None:
    outcome, _ = await send_once(authority, TAKEN)

    assert isinstance(outcome, Accepted)
    assert outcome.provider_id == outcome.evidence.queue_id == SID
    assert outcome.evidence.host == "localhost"
    assert outcome.evidence.protocol.startswith("TLSv1.")
    assert len(outcome.evidence.certificate_sha256) == 64
    assert outcome.evidence.policy == "verified"


async def test_a_messaging_service_takes_the_place_of_the_number(
    authority: Authority,
) -> None:
    service = "MG" + "2" * 32

    _, server = await send_once(
        authority, TAKEN, from_number=None, messaging_service_sid=service
    )

    form = server.asked[0].form
    assert form["MessagingServiceSid"] == service
    assert "From" not in form


@pytest.mark.parametrize(
    ("left", "validity"),
    [
        (timedelta(days=3), "36000"),
        (timedelta(seconds=90), "90"),
        (-NOW.resolution, "1"),
    ],
    ids=["long", "short", "over"],
)
async def test_twilio_is_told_when_it_is_no_longer_useful(
    authority: Authority, left: timedelta, validity: str
) -> None:
    async with open_line(authority, TAKEN) as (transport, server):
        await transport.send(sms_message(useful_until=NOW + left))

    assert server.asked[0].form["ValidityPeriod"] == validity


ANSWERS: list[tuple[str, Told | Misdeed, Outcome]] = [
    (
        "rate",
        refusal(429, 20429, Retry_After="17"),
        Deferred("twilio 20429", timedelta(seconds=17)),
    ),
    (
        "rate until",
        refusal(429, 20429, Retry_After="Mon, 01 Mar 2027 15:02:00 GMT"),
        Deferred("twilio 20429", timedelta(minutes=2)),
    ),
    (
        "rate, garbled",
        refusal(429, 20429, Retry_After="soon"),
        Deferred("twilio 20429"),
    ),
    (
        "rate, endless",
        refusal(429, 20429, Retry_After="9" * 40),
        Deferred("twilio 20429", timedelta(days=1)),
    ),
    (
        "rate, beyond the calendar",
        refusal(429, 20429, Retry_After="Fri, 31 Dec 9999 23:59:59 -2300"),
        Deferred("twilio 20429", timedelta(days=1)),
    ),
    (
        "rate, no offset",
        refusal(429, 20429, Retry_After="Fri, 01 Jan 2027 00:00:00 +" + "9" * 20),
        Deferred("twilio 20429"),
    ),
    ("rate, bare", Told(429, "slow down"), Deferred("http 429")),
    ("500", refusal(500, 20500), Uncertain("twilio 20500")),
    ("502 of a proxy", Told(502, "<html>canary"), Uncertain("http 502")),
    ("503", refusal(503, 20503, Retry_After="9"), Uncertain("twilio 20503")),
    ("408", Told(408, ""), Uncertain("http 408")),
    ("sign-in", refusal(401, 20003), Rejected("twilio 20003", Scope.ACCOUNT)),
    ("sign-in, bare", Told(401, "no"), Rejected("http 401", Scope.ACCOUNT)),
    ("no account", refusal(404, 20404), Rejected("twilio 20404", Scope.ACCOUNT)),
    (
        "redirect",
        Told(302, "", {"Location": "https://x"}),
        Rejected("http 302", Scope.ACCOUNT),
    ),
    ("10DLC", refusal(400, 30034), Rejected("twilio 30034", Scope.ACCOUNT)),
    ("region", refusal(400, 21408), Rejected("twilio 21408", Scope.ACCOUNT)),
    ("our number", refusal(400, 21606), Rejected("twilio 21606", Scope.ACCOUNT)),
    ("stopped", refusal(400, 21610), Rejected("twilio 21610", Scope.OPTED_OUT)),
    ("no number", refusal(400, 21211), Rejected("twilio 21211", Scope.ADDRESS)),
    ("bad number", refusal(400, 21217), Rejected("twilio 21217", Scope.ADDRESS)),
    ("no mobile", refusal(400, 21614), Rejected("twilio 21614", Scope.ADDRESS)),
    ("unknown", refusal(400, 30005), Rejected("twilio 30005", Scope.ADDRESS)),
    ("landline", refusal(400, 30006), Rejected("twilio 30006", Scope.ADDRESS)),
    ("text", refusal(400, 21602), Rejected("twilio 21602", Scope.CONTENT)),
    (
        "problem document",
        Told(400, {"type": "t", "title": TEXT, "status": 400, "code": 21610}),
        Rejected("twilio 21610", Scope.OPTED_OUT),
    ),
    (
        "taken and failed",
        Told(201, message_resource(status="failed", error_code=21610)),
        Rejected("twilio 21610", Scope.OPTED_OUT),
    ),
    ("no JSON", Told(201, "thanks"), Uncertain("answer-unreadable")),
    ("no object", Told(201, [1]), Uncertain("answer-unreadable")),
    ("no SID", Told(201, message_resource(sid=None)), Uncertain("answer-unreadable")),
    (
        "SID with content",
        Told(201, message_resource(sid=f"{TEXT}")),
        Uncertain("answer-unreadable"),
    ),
    ("lost", Misdeed.HANG_UP, Uncertain("RemoteProtocolError")),
]


@pytest.mark.parametrize(
    ("answer", "expected"),
    [pytest.param(answer, expected, id=name) for name, answer, expected in ANSWERS],
)
async def test_each_answer_means_what_it_means_and_is_asked_for_once(
    authority: Authority, answer: Told | Misdeed, expected: Outcome
) -> None:
    outcome, server = await send_once(authority, answer)

    assert type(outcome) is type(expected)
    assert outcome.code == expected.code
    assert getattr(outcome, "scope", None) == getattr(expected, "scope", None)
    assert getattr(outcome, "after", None) == getattr(expected, "after", None)
    assert len(server.asked) == 1
    assert not any(canary in repr(outcome) for canary in CANARIES)


async def test_silence_is_uncertain(authority: Authority) -> None:
    outcome, server = await send_once(
        authority, Misdeed.SAY_NOTHING, read_timeout_s=0.2
    )

    assert outcome == Uncertain("ReadTimeout")
    assert len(server.asked) == 1


async def test_nobody_listening_is_deferred(
    authority: Authority, dead_port: int
) -> None:
    transport = open_transport(f"https://localhost:{dead_port}", authority)

    outcome = await transport.send(sms_message())
    await transport.aclose()

    assert outcome == Deferred("ConnectError")


@pytest.mark.parametrize(
    ("make", "code"),
    [
        pytest.param(
            lambda authority: authority.server_context("other.example.org"),
            "certificate-wrong-name",
            id="wrong-name",
        ),
        pytest.param(
            Authority.self_signed_context, "certificate-self-signed", id="self-signed"
        ),
        pytest.param(
            Authority.stranger_context, "certificate-unknown-issuer", id="stranger"
        ),
        pytest.param(Authority.expired_context, "certificate-expired", id="expired"),
    ],
)
async def test_a_twilio_that_does_not_prove_itself_is_asked_for_nothing(
    authority: Authority, make, code: str
) -> None:
    async with PhoneServer(make(authority), [TAKEN]) as server:
        transport = open_transport(server.base, authority)
        outcome = await transport.send(sms_message())
        await transport.aclose()

    assert outcome == Deferred(code, policy=True)
    assert server.asked == []


async def test_connections_are_kept_from_one_message_to_the_next(
    authority: Authority,
) -> None:
    async with open_line(authority, TAKEN) as (transport, server):
        for _ in range(3):
            assert isinstance(await transport.send(sms_message()), Accepted)

    assert len(server.asked) == 3
    assert server.connections == 1


async def test_an_email_is_not_for_this_transport(authority: Authority) -> None:
    async with open_line(authority, TAKEN) as (transport, server):
        with pytest.raises(TypeError):
            await transport.send(email_message())

    assert server.asked == []


async def test_it_says_nothing_of_the_patient_to_the_log(
    authority: Authority, caplog: pytest.LogCaptureFixture
) -> None:
    listed = Told(200, {"messages": [message_resource(body=TEXT, to=NUMBER)]})

    with caplog.at_level(logging.DEBUG):
        async with open_line(authority, refusal(400, 21211), listed) as (transport, _):
            outcome = await transport.send(sms_message())
            await transport.reconcile(sms_message(), NOW)

    said = "\n".join(
        [*(record.getMessage() for record in caplog.records), repr(outcome)]
    )
    assert not any(canary in said for canary in CANARIES)
    assert AUTH_TOKEN not in said


def _listed(*messages: dict[str, object]) -> Told:
    return Told(200, {"messages": list(messages), "next_page_uri": None})


FOUND: list[tuple[str, list[dict[str, object]], Outcome | None]] = [
    ("nothing", [], None),
    ("ours", [message_resource(body=f"{TEXT} {LINK}")], Accepted(SID)),
    ("ours, worded anew", [message_resource(body=f"Moved! {LINK}")], Accepted(SID)),
    ("another link", [message_resource(body=f"{TEXT} {LINK[:-1]}X")], None),
    (
        "what the patient wrote",
        [message_resource(body=f"{TEXT} {LINK}", direction="inbound")],
        None,
    ),
    (
        "an earlier try",
        [
            message_resource(
                body=f"{TEXT} {LINK}", date_created="Mon, 01 Mar 2027 14:50:00 +0000"
            )
        ],
        None,
    ),
    (
        "a clock half a minute behind",
        [
            message_resource(
                body=f"{TEXT} {LINK}", date_created="Mon, 01 Mar 2027 14:59:30 +0000"
            )
        ],
        Accepted(SID),
    ),
    (
        "failed",
        [message_resource(body=LINK, status="undelivered", error_code=30005)],
        Rejected("twilio 30005", Scope.ADDRESS),
    ),
    (
        "stopped",
        [message_resource(body=LINK, status="failed", error_code=21610)],
        Rejected("twilio 21610", Scope.OPTED_OUT),
    ),
    (
        "failed and taken",
        [
            message_resource(body=LINK, status="failed", error_code=30008),
            message_resource(body=LINK),
        ],
        Accepted(SID),
    ),
]


@pytest.mark.parametrize(
    ("messages", "expected"),
    [pytest.param(messages, expected, id=name) for name, messages, expected in FOUND],
)
async def test_an_uncertain_message_is_known_again_by_its_link(
    authority: Authority, messages: list[dict[str, object]], expected: Outcome | None
) -> None:
    async with open_line(authority, _listed(*messages)) as (transport, server):
        found = await transport.reconcile(sms_message(), NOW)

    assert type(found) is type(expected)
    for part in ("provider_id", "code", "scope"):
        assert getattr(found, part, None) == getattr(expected, part, None)
    [asked] = server.asked
    assert asked.method == "GET"
    assert asked.query["To"] == [NUMBER]


async def test_a_message_without_a_link_is_known_by_its_whole_text(
    authority: Authority,
) -> None:
    message = sms_message(content=SMSContent("We could not move it. Call us.", 1))
    listed = _listed(message_resource(body="We could not move it. Call us."))

    async with open_line(authority, listed) as (transport, _):
        found = await transport.reconcile(message, NOW)

    assert isinstance(found, Accepted)


@pytest.mark.parametrize(
    "answer",
    [Told(503, ""), Told(200, "no JSON"), Told(401, {"code": 20003}), Misdeed.HANG_UP],
    ids=["503", "no-json", "401", "lost"],
)
async def test_what_twilio_cannot_tell_is_unknown(
    authority: Authority, answer: Told | Misdeed
) -> None:
    async with open_line(authority, answer) as (transport, _):
        assert await transport.reconcile(sms_message(), NOW) is None


async def test_the_credentials_follow_no_page_to_another_host(
    authority: Authority,
) -> None:
    async with PhoneServer(None, [_listed()]) as elsewhere:
        page = {
            "messages": [message_resource(body="x")],
            "next_page_uri": f"{elsewhere.base}/2010-04-01/steal.json",
        }
        async with open_line(authority, Told(200, page), _listed()) as (transport, _):
            await transport.reconcile(sms_message(), NOW)

    assert elsewhere.asked == []


ACTIVE = Told(200, {"sid": ACCOUNT, "status": "active"})
NUMBERS = Told(
    200,
    {"incoming_phone_numbers": [{"sid": "PN" + "3" * 32, "phone_number": FROM}]},
)
NO_NUMBERS = Told(200, {"incoming_phone_numbers": []})


@pytest.mark.parametrize(
    ("answers", "credentials", "sender"),
    [
        pytest.param([ACTIVE, NUMBERS], Verdict.PASS, Verdict.PASS, id="good"),
        pytest.param([ACTIVE, NO_NUMBERS], Verdict.PASS, Verdict.FAIL, id="no number"),
        pytest.param(
            [ACTIVE, Told(500, "")], Verdict.PASS, Verdict.UNKNOWN, id="not told"
        ),
        pytest.param(
            [refusal(401, 20003)], Verdict.FAIL, Verdict.UNKNOWN, id="credentials"
        ),
        pytest.param([Misdeed.HANG_UP], Verdict.FAIL, Verdict.UNKNOWN, id="no way"),
        pytest.param(
            [Told(200, {"sid": ACCOUNT, "status": "suspended"}), NUMBERS],
            Verdict.FAIL,
            Verdict.PASS,
            id="suspended",
        ),
    ],
)
async def test_a_check_asks_about_the_account_and_the_sender(
    authority: Authority,
    answers: list[Told | Misdeed],
    credentials: Verdict,
    sender: Verdict,
) -> None:
    async with open_line(authority, *answers) as (transport, server):
        findings = await transport.check()

    assert [finding.verdict for finding in findings] == [credentials, sender]
    assert all(
        finding.advice for finding in findings if finding.verdict is Verdict.FAIL
    )
    assert {asked.method for asked in server.asked} == {"GET"}


async def test_a_check_of_a_messaging_service_asks_for_it(
    authority: Authority,
) -> None:
    service = "MG" + "2" * 32
    settings = {"from_number": None, "messaging_service_sid": service}
    known = Told(200, {"sid": service})

    async with open_line(authority, ACTIVE, known, **settings) as (transport, server):
        findings = await transport.check()

    assert [finding.verdict for finding in findings] == [Verdict.PASS, Verdict.PASS]
    assert server.asked[1].path == f"/v1/Services/{service}"
