"""The link in a message: unguessable, and the same each time it is sent again."""

from uuid import UUID

from reminder.messages.signed import base64url, mac


def link_token(message_id: UUID, key: bytes) -> str:
    """The 22 characters (128 bits) that open the page of this message.

    Derived, not drawn: a resend carries the same link, and the token itself
    is kept nowhere.
    """
    # 128 bits in 22 characters leave two bits for the last one, so it is one
    # of A, Q, g and w: no mail program takes it for punctuation after a URL.
    return base64url(mac("link", message_id.bytes, key))


def link_url(public_url: str, token: str) -> str:
    """The address a patient opens; short, because a text message carries it."""
    return f"{public_url.rstrip('/')}/r/{token}"
