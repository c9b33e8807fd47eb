"""What a gateway tells us by itself: reports of messages, and replies of patients."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from reminder.model.inbound import Inbound
from reminder.model.outcomes import (
    BadSignature,
    Callback,
    DeliveryEvent,
    DeliveryState,
    Scope,
)
from reminder.model.people import Channel, ContactPoint
from reminder.transports.webhook_answers import (
    count,
    provider_name,
    read_object,
    refusal,
)
from reminder.transports.webhook_signatures import verify

_MAX_BYTES = 64 * 1024
_STATES = {state.value: state for state in DeliveryState}
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_SENDER_ID = re.compile(r"\+?[A-Za-z0-9 ]{1,16}")
_PRICE = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?")
_CURRENCY = re.compile(r"[A-Z]{3}")


def read_report(
    request: Callback, now: datetime, keys: Sequence[bytes]
) -> list[DeliveryEvent]:
    """The report in a callback; none when it says nothing that changes anything.

    The signature does not cover the address it was sent to: a report that
    does not name the message of this address could be about another.

    Raises:
        BadSignature: it is not proven, or is about another message.
    """
    kind, data = _proven(request, now, keys)
    message_id = request.message_id
    if message_id is None or data.get("message_id") != str(message_id):
        raise BadSignature("about another message")
    word = data.get("state")
    state = _STATES.get(word) if isinstance(word, str) else None
    if kind != "message.status" or state is None:
        return []
    return [_event(message_id, state, data)]


def read_reply(
    request: Callback, transport: str, now: datetime, keys: Sequence[bytes]
) -> Inbound:
    """The reply in a callback.

    Raises:
        BadSignature: it is not proven, or is no reply from a number.
    """
    kind, data = _proven(request, now, keys)
    name = provider_name(data.get("id"))
    number, ours, text = (data.get(one, "") for one in ("from", "to", "text"))
    if kind != "message.received" or name is None or not isinstance(text, str):
        raise BadSignature("no reply")
    if not _matches(_E164, number) or not _matches(_SENDER_ID, ours):
        raise BadSignature("no reply from a number to one of ours")
    return Inbound(
        transport=transport,
        provider_id=name,
        from_point=ContactPoint(Channel.SMS, number),
        sender_id=ours,
        # Half a surrogate pair can be written in JSON, and kept nowhere.
        text=text.encode(errors="replace").decode(),
    )


def _proven(
    request: Callback, now: datetime, keys: Sequence[bytes]
) -> tuple[object, dict[str, Any]]:
    """The type and the data of a body that is proven to be the gateway's."""
    if len(request.body) > _MAX_BYTES:
        raise BadSignature("too long")
    verify(request.headers, request.body, now, keys)
    found = read_object(request.body)
    data = found.get("data")
    return found.get("type"), data if isinstance(data, dict) else {}


def _event(
    message_id: UUID, state: DeliveryState, data: dict[str, Any]
) -> DeliveryEvent:
    scope = refusal(data.get("error"))
    failed = state is DeliveryState.FAILED
    word = scope.value if scope else "failed"
    price, currency = data.get("price"), data.get("currency")
    priced = _matches(_PRICE, price) and _matches(_CURRENCY, currency)
    return DeliveryEvent(
        message_id=message_id,
        provider_id=provider_name(data.get("id")) or str(message_id),
        state=state,
        code=f"webhook {word}" if failed else "",
        opted_out=failed and scope is Scope.OPTED_OUT,
        segments=count(data.get("segments")),
        price=str(price) if priced else "",
        currency=str(currency) if priced else "",
    )


def _matches(pattern: re.Pattern[str], value: object) -> bool:
    return isinstance(value, str) and pattern.fullmatch(value) is not None
