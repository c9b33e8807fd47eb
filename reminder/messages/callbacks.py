"""The path a provider reports back to: it names the message and cannot be forged."""

from uuid import UUID

from reminder.messages.signed import sign, verify

_PURPOSE = "callback"
_UUID_BYTES = 16


def callback_token(message_id: UUID, key: bytes) -> str:
    """43 characters for the path of this message's status callback."""
    return sign(_PURPOSE, message_id.bytes, key)


def read_callback_token(token: str, key: bytes) -> UUID | None:
    """The message a callback is about, or None when we never made this token."""
    content = verify(_PURPOSE, token, key)
    if content is None or len(content) != _UUID_BYTES:
        return None
    return UUID(bytes=content)
