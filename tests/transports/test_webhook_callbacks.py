"""What a gateway reports counts when it signed exactly that about this message."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reminder.model.inbound import Inbound
from reminder.model.outcomes import BadSignature, DeliveryEvent, DeliveryState
from reminder.model.people import Channel, ContactPoint
from reminder.transports.webhook_signatures import signed
from reminder.transports.webhook_sms import WebhookSMSTransport
from tests.servers.certificates import Authority
from tests.servers.gateway import KEY, PREVIOUS_KEY, PREVIOUS_SECRET
from tests.transports.hook import from_gateway, open_transport
from tests.transports.messages import MESSAGE_ID, NOW, NUMBER

STATUS = {"message_id": str(MESSAGE_ID), "id": "gw-7", "state": "delivered"}
REPLY = {"id": "gw-in-1", "from": NUMBER, "to": "+15550123", "text": "C"}


@pytest.fixture
def transport(authority: Authority) -> WebhookSMSTransport:
    return open_transport("https://localhost:1", authority)


@pytest.mark.parametrize(
    ("changes", "event"),
    [
        ({}, {"state": DeliveryState.DELIVERED}),
        ({"state": "sent"}, {"state": DeliveryState.SENT}),
        (
            {"state": "failed"},
            {"state": DeliveryState.FAILED, "code": "webhook failed"},
        ),
        (
            {"state": "failed", "error": "address"},
            {"state": DeliveryState.FAILED, "code": "webhook address"},
        ),
        (
            {"state": "failed", "error": "opted-out"},
            {
                "state": DeliveryState.FAILED,
                "code": "webhook opted-out",
                "opted_out": True,
            },
        ),
        (
            {"state": "failed", "error": "her number is +15550100"},
            {"state": DeliveryState.FAILED, "code": "webhook failed"},
        ),
        ({"error": "opted-out"}, {"state": DeliveryState.DELIVERED}),
        (
            {"segments": 2, "price": "-0.0158", "currency": "USD"},
            {
                "state": DeliveryState.DELIVERED,
                "segments": 2,
                "price": "-0.0158",
                "currency": "USD",
            },
        ),
        (
            {"segments": "2", "price": 0.0158, "currency": "USD"},
            {"state": DeliveryState.DELIVERED},
        ),
        ({"price": "0.01", "currency": "dollars"}, {"state": DeliveryState.DELIVERED}),
        (
            {"id": None},
            {"state": DeliveryState.DELIVERED, "provider_id": str(MESSAGE_ID)},
        ),
    ],
    ids=lambda value: " ".join(map(str, value.values())) if value else "delivered",
)
def test_a_signed_report_becomes_an_event(
    transport: WebhookSMSTransport, changes: dict[str, Any], event: dict[str, Any]
) -> None:
    events = transport.read_event(from_gateway("message.status", STATUS | changes))

    expected = {"message_id": MESSAGE_ID, "provider_id": "gw-7", **event}
    assert events == [DeliveryEvent(**expected)]


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("message.status", STATUS | {"state": "queued"}),
        ("message.status", STATUS | {"state": None}),
        ("message.status", STATUS | {"state": ["sent"]}),
        ("message.opened", STATUS),
        (None, STATUS),
    ],
)
def test_a_report_that_says_nothing_to_us_is_taken_and_changes_nothing(
    transport: WebhookSMSTransport, kind: Any, data: Any
) -> None:
    assert transport.read_event(from_gateway(kind, data)) == []


@pytest.mark.parametrize(
    "data",
    [
        STATUS | {"message_id": str(UUID(int=7))},
        {"state": "delivered"},
        STATUS | {"message_id": None},
        None,
        [],
    ],
    ids=["another", "none", "null", "no data", "a list"],
)
def test_a_report_sent_to_another_messages_address_is_refused(
    transport: WebhookSMSTransport, data: Any
) -> None:
    with pytest.raises(BadSignature):
        transport.read_event(from_gateway("message.status", data))


async def test_what_we_sent_ourselves_comes_back_as_no_report(
    transport: WebhookSMSTransport,
) -> None:
    sent = from_gateway("message.send", STATUS | REPLY, webhook_id=str(MESSAGE_ID))

    assert transport.read_event(sent) == []
    with pytest.raises(BadSignature):
        transport.read_inbound(sent)


@pytest.mark.parametrize("late_s", [-301, 301], ids=["from the future", "old"])
def test_a_report_that_was_recorded_is_not_believed_later(
    transport: WebhookSMSTransport, late_s: float
) -> None:
    with pytest.raises(BadSignature):
        transport.read_event(from_gateway("message.status", STATUS, late_s=late_s))


@pytest.mark.parametrize("kind", ["message.status", "message.received"])
def test_what_nobody_signed_is_refused(
    transport: WebhookSMSTransport, kind: str
) -> None:
    data = STATUS if kind == "message.status" else REPLY
    read = transport.read_event if kind == "message.status" else transport.read_inbound
    good = from_gateway(kind, data)
    forged = from_gateway(kind, data, keys=[b"x" * 24])
    longer = replace(good, body=good.body + b" ")

    for request in (forged, longer, replace(good, headers={})):
        with pytest.raises(BadSignature):
            read(request)


@pytest.mark.parametrize("key", [KEY, PREVIOUS_KEY], ids=["new", "old"])
def test_while_the_secret_is_changed_either_signs(
    authority: Authority, key: bytes
) -> None:
    transport = open_transport(
        "https://localhost:1", authority, previous_secret=PREVIOUS_SECRET
    )

    assert transport.read_event(from_gateway("message.status", STATUS, keys=[key]))


def test_a_reply_is_read_as_the_patient_wrote_it(
    transport: WebhookSMSTransport,
) -> None:
    text = "Ja, ich komme 🎉\nbis morgen"

    reply = transport.read_inbound(
        from_gateway("message.received", REPLY | {"text": text})
    )

    assert reply == Inbound(
        transport="webhook-sms",
        provider_id="gw-in-1",
        from_point=ContactPoint(Channel.SMS, NUMBER),
        sender_id="+15550123",
        text=text,
    )


def test_half_a_character_in_a_reply_does_no_harm(
    transport: WebhookSMSTransport,
) -> None:
    reply = transport.read_inbound(
        from_gateway("message.received", REPLY | {"text": "no \ud83c"})
    )

    assert reply.text.encode() == b"no ?"


@pytest.mark.parametrize(
    "changes",
    [
        {"from": "VERIZON"},
        {"from": "15550100"},
        {"from": "+1" * 20},
        {"from": None},
        {"to": ["+15550123"]},
        {"to": "x" * 99},
        {"id": ""},
        {"id": 7},
        {"text": None},
        {"text": {"a": 1}},
    ],
    ids=repr,
)
def test_what_is_no_reply_from_a_number_is_refused(
    transport: WebhookSMSTransport, changes: dict[str, Any]
) -> None:
    with pytest.raises(BadSignature):
        transport.read_inbound(from_gateway("message.received", REPLY | changes))


def test_a_body_nobody_can_hold_is_refused(transport: WebhookSMSTransport) -> None:
    data = STATUS | {"more": "x" * 70_000}

    with pytest.raises(BadSignature, match="too long"):
        transport.read_event(from_gateway("message.status", data))


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(st.sampled_from([*STATUS, *REPLY, "error", "price"]), ANY_JSON))
def test_whatever_is_signed_there_is_an_answer_for_it(
    transport: WebhookSMSTransport, data: dict[str, Any]
) -> None:
    for kind in ("message.status", "message.received"):
        request = from_gateway(kind, STATUS | REPLY | data)
        for read in (transport.read_event, transport.read_inbound):
            try:
                found = read(request)
            except BadSignature:
                continue
            assert found is not None


@pytest.mark.parametrize("body", [b"", b"{", b"\xff", b"[]", b"null", b"[" * 9000])
def test_a_signed_body_that_is_no_object_is_refused(
    transport: WebhookSMSTransport, body: bytes
) -> None:
    request = replace(
        from_gateway("message.status", STATUS),
        body=body,
        headers=signed("gw-event-1", body, NOW, [KEY]),
    )

    for read in (transport.read_event, transport.read_inbound):
        with pytest.raises(BadSignature):
            read(request)
