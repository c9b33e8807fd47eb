"""A reply counts when Twilio signed exactly what is read, and is what was written."""

from dataclasses import replace
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from reminder.model.inbound import Inbound
from reminder.model.outcomes import BadSignature, Callback
from reminder.model.people import Channel, ContactPoint
from reminder.transports.twilio_sms import TwilioSMSTransport
from tests.servers.certificates import Authority
from tests.servers.phone import ACCOUNT, SID
from tests.transports.carrier import AUTH_TOKEN, open_transport
from tests.transports.messages import NUMBER, PUBLIC_URL, callback

# https://www.twilio.com/docs/messaging/guides/webhook-request
FORM = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "Body": "C",
    "From": NUMBER,
    "FromCity": "TOLEDO",
    "FromCountry": "US",
    "FromState": "OH",
    "FromZip": "43604",
    "MessageSid": SID,
    "MessagingServiceSid": "MG" + "a" * 32,
    "NumMedia": "0",
    "NumSegments": "1",
    "SmsMessageSid": SID,
    "SmsSid": SID,
    "SmsStatus": "received",
    "To": "+15550123",
    "ToCity": "",
    "ToCountry": "US",
    "ToZip": "43601",
}
INBOUND_URL = f"{PUBLIC_URL}/callbacks/twilio-sms"
PREVIOUS_TOKEN = "e" * 32


@pytest.fixture
def transport(authority: Authority) -> TwilioSMSTransport:
    return open_transport("https://localhost:1", authority)


def _sign(form: dict[str, str], *, token: str = AUTH_TOKEN) -> str:
    return str(RequestValidator(token).compute_signature(INBOUND_URL, form))


def _request(body: bytes, signature: str) -> Callback:
    sent = callback(body, X_Twilio_Signature=signature)
    return replace(sent, url=INBOUND_URL, token="", message_id=None)


def _signed(form: dict[str, str], *, token: str = AUTH_TOKEN) -> Callback:
    return _request(urlencode(form).encode(), _sign(form, token=token))


@pytest.mark.parametrize(
    "text",
    [
        "C",
        "",
        " Ja, ich komme 🎉\nbis morgen ",
        "To: Dr. Okafor. From 5 on I am free, Body and mind. My MessageSid?",
        "a" * 1600,
        "ñ" * 5000,
    ],
    ids=["one letter", "nothing", "many", "names of parameters", "longest", "longer"],
)
def test_a_reply_is_read_as_the_patient_wrote_it(
    transport: TwilioSMSTransport, text: str
) -> None:
    reply = transport.read_inbound(_signed({**FORM, "Body": text}))

    assert reply == Inbound(
        transport="twilio-sms",
        provider_id=SID,
        from_point=ContactPoint(Channel.SMS, NUMBER),
        sender_id="+15550123",
        text=text,
    )


def test_a_nul_in_a_reply_does_no_harm(transport: TwilioSMSTransport) -> None:
    reply = transport.read_inbound(_signed({**FORM, "Body": "C\0"}))

    assert reply.text == "C\N{REPLACEMENT CHARACTER}"


def test_a_picture_is_left_where_it_is(transport: TwilioSMSTransport) -> None:
    form = FORM | {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/x", "Body": ""}

    assert transport.read_inbound(_signed(form)).text == ""


@pytest.mark.parametrize("token", [AUTH_TOKEN, PREVIOUS_TOKEN], ids=["new", "old"])
def test_while_the_token_is_changed_either_signs(
    authority: Authority, token: str
) -> None:
    transport = open_transport(
        "https://localhost:1", authority, previous_auth_token=PREVIOUS_TOKEN
    )

    assert transport.read_inbound(_signed(FORM, token=token)).text == "C"


@pytest.mark.parametrize(
    "changes",
    [
        {"From": "VERIZON"},
        {"From": "12345"},
        {"From": NUMBER[1:]},
        {"From": f"whatsapp:{NUMBER}"},
        {"From": ""},
        {"From": None},
        {"To": "x" * 99},
        {"To": None},
        {"MessageSid": "x" * 500},
        {"MessageSid": None},
        {"Body": None},
        {"AccountSid": "AC" + "9" * 32},
        {"MessageStatus": "delivered"},
    ],
    ids=repr,
)
def test_what_is_no_reply_from_a_number_to_us_is_refused(
    transport: TwilioSMSTransport, changes: dict[str, str | None]
) -> None:
    form = {k: v for k, v in (FORM | changes).items() if v is not None}

    with pytest.raises(BadSignature) as refused:
        transport.read_inbound(_signed(form))

    assert NUMBER[1:] not in str(refused.value)


def test_what_twilio_did_not_sign_is_refused(transport: TwilioSMSTransport) -> None:
    good = _signed(FORM)
    forged = _signed(FORM, token="d" * 32)
    changed = replace(good, body=good.body.replace(b"Body=C", b"Body=X"))
    elsewhere = replace(good, url=INBOUND_URL + "x")

    for request in (forged, changed, elsewhere, replace(good, headers={})):
        with pytest.raises(BadSignature):
            transport.read_inbound(request)


def test_a_reply_is_no_report(transport: TwilioSMSTransport) -> None:
    with pytest.raises(BadSignature):
        transport.read_event(_signed(FORM))
    report = FORM | {"MessageStatus": "delivered", "SmsStatus": "delivered"}
    with pytest.raises(BadSignature):
        transport.read_event(_signed(report))


OTHERS = "+15550177"


@pytest.mark.parametrize(
    ("text", "moved"),
    [
        pytest.param(
            f"CFrom{OTHERS}FromC",
            [("Body", "C"), ("From", OTHERS), ("FromC", f"From{NUMBER}")],
            id="a number in the text",
        ),
        pytest.param(
            f"CFrom{OTHERS}",
            [("Body", "C"), ("From", OTHERS), (f"From{NUMBER}", "")],
            id="our number made a name",
        ),
        pytest.param("YES", [("BodyY", "ES"), ("From", NUMBER)], id="less text"),
        pytest.param("", [("Body", f"From{NUMBER}")], id="the number made text"),
    ],
)
def test_a_seam_moved_under_the_same_signature_is_refused(
    transport: TwilioSMSTransport, text: str, moved: list[tuple[str, str]]
) -> None:
    form = FORM | {"Body": text}
    rest = [(k, v) for k, v in form.items() if k not in ("Body", "From")]
    request = _request(urlencode([*moved, *rest]).encode(), _sign(form))
    assert _sign(dict([*moved, *rest])) == _sign(form), "the attack must be a real one"

    with pytest.raises(BadSignature):
        transport.read_inbound(request)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    changes=st.dictionaries(st.sampled_from([*FORM, "MessageStatus"]), st.text()),
    dropped=st.sets(st.sampled_from([*FORM])),
)
def test_whatever_is_signed_there_is_an_answer_for_it(
    transport: TwilioSMSTransport, changes: dict[str, str], dropped: set[str]
) -> None:
    form = {k: v for k, v in (FORM | changes).items() if k not in dropped}
    for read in (transport.read_inbound, transport.read_event):
        try:
            found = read(_signed(form))
        except BadSignature:
            continue
        assert found is not None


@pytest.mark.parametrize("answers", [True, False])
def test_it_says_whether_twilio_answers_keywords_itself(
    authority: Authority, answers: bool
) -> None:
    transport = open_transport(
        "https://localhost:1", authority, answers_keywords=answers
    )

    assert transport.answers_keywords is answers
    assert open_transport("https://localhost:1", authority).answers_keywords
