"""The messages that the transports' tests send, with canaries to search for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from reminder.model.messages import EmailContent, Message, Protection, SMSContent
from reminder.model.outcomes import Callback
from reminder.model.people import Channel, ContactPoint
from reminder.transports.base import TransportContext

NOW = datetime(2027, 3, 1, 15, 0, tzinfo=UTC)
PUBLIC_URL = "https://visits.example.org"
LINK = f"{PUBLIC_URL}/r/canaryLinkToken0123456"
CALLBACK_TOKEN = "canaryCallbackToken"  # noqa: S105 - nobody's
CALLBACK_URL = f"{PUBLIC_URL}/callbacks/twilio-sms/{CALLBACK_TOKEN}"
MESSAGE_ID = UUID("0190f4c2-0000-7000-8000-00000000c0de")
CONTEXT = TransportContext(public_url=PUBLIC_URL, clock=lambda: NOW)

ADDRESS = "canary.okafor@example.org"
NUMBER = "+15550100"
TEXT = "Canary Okafor, your visit is on March 2."
CANARIES = (ADDRESS, NUMBER, NUMBER[1:], TEXT, "canary", "Okafor", LINK)


def email_message(**changes: object) -> Message:
    """An e-mail to the canary."""
    content = EmailContent(
        subject="Cedar Clinic: a message for you",
        text=f"{TEXT}\n\n{LINK}\n",
        html=f"<p>{TEXT}</p>\n",
        from_name="Cedar Clinic",
    )
    return _message(
        ContactPoint(Channel.EMAIL, ADDRESS), content, Protection.TLS, changes
    )


def sms_message(**changes: object) -> Message:
    """A text message to the canary."""
    content = SMSContent(f"{TEXT} {LINK}", 1)
    return _message(
        ContactPoint(Channel.SMS, NUMBER), content, Protection.PICKUP, changes
    )


def callback(body: bytes = b"", **headers: str) -> Callback:
    """A callback about the message, as the web hands it over."""
    return Callback(
        url=CALLBACK_URL,
        token=CALLBACK_TOKEN,
        message_id=MESSAGE_ID,
        headers={name.replace("_", "-"): value for name, value in headers.items()},
        body=body,
    )


def _message(
    to: ContactPoint,
    content: EmailContent | SMSContent,
    protection: Protection,
    changes: dict[str, object],
) -> Message:
    fields: dict[str, object] = {
        "message_id": MESSAGE_ID,
        "channel": to.channel,
        "to": to,
        "language": "en",
        "protection": protection,
        "content": content,
        "useful_until": NOW + timedelta(hours=2),
        "callback_token": CALLBACK_TOKEN,
    }
    return Message(**{**fields, **changes})
