"""A callback counts when Twilio signed exactly what is read, and only then."""

from typing import Any
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from reminder.model.outcomes import (
    BadSignature,
    Callback,
    DeliveryEvent,
    DeliveryState,
    Scope,
)
from reminder.transports.twilio_sms import TwilioSMSTransport
from tests.servers.certificates import Authority
from tests.servers.phone import ACCOUNT, SID
from tests.transports.carrier import AUTH_TOKEN, open_transport
from tests.transports.messages import CALLBACK_URL, MESSAGE_ID, callback

FORM = {
    "AccountSid": ACCOUNT,
    "ApiVersion": "2010-04-01",
    "From": "+15550123",
    "MessageSid": SID,
    "MessageStatus": "delivered",
    "SmsSid": SID,
    "SmsStatus": "delivered",
    "To": "+15550100",
}
SENT, DELIVERED = DeliveryState.SENT, DeliveryState.DELIVERED
PREVIOUS_TOKEN = "e" * 32


@pytest.fixture
def transport(authority: Authority) -> TwilioSMSTransport:
    return open_transport("https://localhost:1", authority)


def _sign(form: dict[str, str], *, token: str = AUTH_TOKEN, url: str = CALLBACK_URL):
    return RequestValidator(token).compute_signature(url, form)


def _signed(form: dict[str, str], *, token: str = AUTH_TOKEN) -> Callback:
    signature = _sign(form, token=token)
    return callback(urlencode(form).encode(), X_Twilio_Signature=signature)


@pytest.mark.parametrize(
    ("status", "error_code", "said"),
    [
        ("sent", "", {"state": SENT}),
        ("delivered", "", {"state": DELIVERED}),
        ("undelivered", "30003", {"code": "twilio 30003", "passing": True}),
        ("undelivered", "30005", {"code": "twilio 30005"}),
        ("undelivered", "30006", {"code": "twilio 30006"}),
        ("undelivered", "30008", {"code": "twilio 30008", "passing": True}),
        ("failed", "30036", {"code": "twilio 30036", "passing": True}),
        ("failed", "30004", {"code": "twilio 30004", "scope": Scope.SENDER}),
        ("failed", "30007", {"code": "twilio 30007", "scope": Scope.SENDER}),
        ("failed", "30034", {"code": "twilio 30034", "scope": Scope.ACCOUNT}),
        (
            "failed",
            "21610",
            {"code": "twilio 21610", "opted_out": True, "scope": Scope.OPTED_OUT},
        ),
        ("failed", "", {"code": "twilio failed"}),
        ("failed", "my number", {"code": "twilio failed"}),
    ],
)
def test_a_signed_report_becomes_an_event(
    transport: TwilioSMSTransport,
    status: str,
    error_code: str,
    said: dict[str, Any],
) -> None:
    request = _signed({**FORM, "MessageStatus": status, "ErrorCode": error_code})

    events = transport.read_event(request)

    assert events == [
        DeliveryEvent(
            message_id=MESSAGE_ID,
            provider_id=SID,
            **{"state": DeliveryState.FAILED, **said},
        )
    ]


@pytest.mark.parametrize("status", ["queued", "sending", "accepted", "read", "", "x"])
def test_a_report_that_changes_nothing_is_no_event(
    transport: TwilioSMSTransport, status: str
) -> None:
    assert transport.read_event(_signed({**FORM, "MessageStatus": status})) == []


def test_the_header_is_found_however_it_is_spelled(
    transport: TwilioSMSTransport,
) -> None:
    request = callback(urlencode(FORM).encode(), x_twilio_signature=_sign(FORM))

    assert len(transport.read_event(request)) == 1


def test_blank_and_repeated_parameters_are_part_of_what_was_signed(
    transport: TwilioSMSTransport,
) -> None:
    form = {**FORM, "ChannelPrefix": ""}
    body = urlencode([*form.items(), ("Media", "b"), ("Media", "a")]).encode()
    signed = RequestValidator(AUTH_TOKEN).compute_signature(
        CALLBACK_URL, {**form, "Media": "aMediab"}
    )

    assert len(transport.read_event(callback(body, X_Twilio_Signature=signed))) == 1


def test_the_token_before_is_good_while_it_is_being_changed(
    authority: Authority,
) -> None:
    changing = open_transport(
        "https://localhost:1", authority, previous_auth_token=PREVIOUS_TOKEN
    )
    changed = open_transport("https://localhost:1", authority)
    request = _signed(FORM, token=PREVIOUS_TOKEN)

    assert len(changing.read_event(request)) == 1
    assert len(changing.read_event(_signed(FORM))) == 1
    with pytest.raises(BadSignature):
        changed.read_event(request)


BODY = urlencode(FORM).encode()
GOOD = _sign(FORM)


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(callback(BODY), id="unsigned"),
        pytest.param(callback(BODY, X_Twilio_Signature=""), id="empty"),
        pytest.param(callback(BODY, X_Twilio_Signature="ñ" * 28), id="not-ascii"),
        pytest.param(callback(BODY, X_Twilio_Signature=GOOD[:-2] + "x="), id="forged"),
        pytest.param(callback(BODY, X_Twilio_Signature=GOOD[:5]), id="short"),
        pytest.param(
            callback(BODY, X_Twilio_Signature=_sign(FORM, token="d" * 32)),
            id="another-token",
        ),
        pytest.param(
            callback(BODY, X_Twilio_Signature=_sign(FORM, url=CALLBACK_URL + "x")),
            id="another-message",
        ),
        pytest.param(
            callback(BODY.replace(b"delivered", b"failed"), X_Twilio_Signature=GOOD),
            id="changed",
        ),
        pytest.param(
            callback(BODY, X_Twilio_Signature=GOOD, x_twilio_signature=GOOD),
            id="signed-twice",
        ),
        pytest.param(callback(b"\xff\xfe", X_Twilio_Signature=GOOD), id="not-utf-8"),
        pytest.param(
            callback(b"To=%ff", X_Twilio_Signature=GOOD), id="not-utf-8-either"
        ),
        pytest.param(callback(b"a=1&" * 200, X_Twilio_Signature=GOOD), id="too-many"),
        pytest.param(callback(b"a" * 100_000, X_Twilio_Signature=GOOD), id="too-long"),
        pytest.param(callback(b"{}", X_Twilio_Signature=GOOD), id="json"),
        pytest.param(_signed({**FORM, "AccountSid": "AC" + "9" * 32}), id="account"),
        pytest.param(
            _signed({k: v for k, v in FORM.items() if k != "AccountSid"}), id="nobody"
        ),
        pytest.param(_signed({**FORM, "MessageSid": "x" * 500}), id="no-sid"),
    ],
)
def test_what_twilio_did_not_sign_for_us_is_refused(
    transport: TwilioSMSTransport, request_: Callback
) -> None:
    with pytest.raises(BadSignature) as refused:
        transport.read_event(request_)

    assert "15550100" not in str(refused.value)


FAILED = {**FORM, "MessageStatus": "failed", "ErrorCode": "21610"}


@pytest.mark.parametrize(
    ("name", "value", "moved"),
    [
        ("ErrorCode", "21610", {"ErrorCode2": "1610"}),
        ("ErrorCode", "21610", {"ErrorCod": "e21610"}),
        ("ErrorCode", "21610", {"ApiVersion": "2010-04-01ErrorCode21610"}),
        ("MessageStatus", "failed", {"MessageStatusf": "ailed"}),
    ],
)
def test_a_seam_moved_under_the_same_signature_is_refused(
    transport: TwilioSMSTransport, name: str, value: str, moved: dict[str, str]
) -> None:
    form = {**{k: v for k, v in FAILED.items() if k != name}, **moved}
    request = callback(urlencode(form).encode(), X_Twilio_Signature=_sign(FAILED))
    assert _sign(form) == _sign(FAILED), "the attack must be a real one"

    with pytest.raises(BadSignature):
        transport.read_event(request)


def test_a_repeated_parameter_under_the_same_signature_is_refused(
    transport: TwilioSMSTransport,
) -> None:
    body = urlencode([*FORM.items(), ("MessageStatus", "delivered")]).encode()

    with pytest.raises(BadSignature):
        transport.read_event(callback(body, X_Twilio_Signature=GOOD))
