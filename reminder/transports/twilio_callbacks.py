"""Twilio's status callbacks: proven to be Twilio's, then read as far as we need."""

import re
from collections.abc import Sequence
from uuid import UUID

from reminder.model.outcomes import (
    BadSignature,
    Callback,
    DeliveryEvent,
    DeliveryState,
    Scope,
)
from reminder.transports.twilio_answers import failure_scope, is_passing
from reminder.transports.twilio_forms import Form, proven_form

_STATES = {
    "sent": DeliveryState.SENT,
    "delivered": DeliveryState.DELIVERED,
    "undelivered": DeliveryState.FAILED,
    "failed": DeliveryState.FAILED,
}
_READ = ("AccountSid", "ErrorCode", "MessageSid", "MessageStatus")
_ERROR_CODE = re.compile(r"[0-9]{1,6}")


def read_callback(
    request: Callback, *, account_sid: str, auth_tokens: Sequence[str]
) -> list[DeliveryEvent]:
    """The report in a callback; none when it says nothing that changes anything.

    Raises:
        BadSignature: no token of ours signed it, it is another account's, or
            it came to an address that stands for no message.
    """
    form = proven_form(request, account_sid=account_sid, auth_tokens=auth_tokens)
    if any(_seam_was_moved(name, value) for name, value in form.pairs):
        raise BadSignature("a parameter's name and value were parted elsewhere")
    if request.message_id is None:
        raise BadSignature("about no message")
    state = _STATES.get(form.only("MessageStatus"))
    return [] if state is None else [_event(request.message_id, form, state)]


def _event(message_id: UUID, form: Form, state: DeliveryState) -> DeliveryEvent:
    provider_id, number = form.sid("MessageSid"), form.only("ErrorCode")
    if state is not DeliveryState.FAILED:
        return DeliveryEvent(
            message_id=message_id, provider_id=provider_id, state=state
        )
    code = int(number) if _ERROR_CODE.fullmatch(number) else None
    scope = failure_scope(code)
    return DeliveryEvent(
        message_id=message_id,
        provider_id=provider_id,
        state=state,
        code="twilio failed" if code is None else f"twilio {code}",
        opted_out=scope is Scope.OPTED_OUT,
        scope=scope,
        passing=is_passing(code),
    )


def _seam_was_moved(name: str, value: str) -> bool:
    # The signature covers names and values run together: `ErrorCode=30003` and
    # `ErrorCode3=0003` have the same one. So nothing else may look as if it
    # held one of the parameters that are read here.
    return any(
        (name != read and (name + value).startswith(read)) or read in value
        for read in _READ
    )
