"""An installation with text messages on their way, and Twilio's reports of them."""

import sqlite3
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid4

from twilio.request_validator import RequestValidator  # type: ignore[import-untyped]

from reminder.app.clock import system_clock
from reminder.app.places import database_url, open_with_ring
from reminder.messages.callbacks import callback_token
from reminder.model.appointments import AppointmentKey
from reminder.model.messages import MessageKind, NewMessage, Protection
from reminder.model.outcomes import Accepted, Delivery
from reminder.model.people import Channel, ContactPoint
from reminder.model.settlements import Sent, Settlement
from reminder.settings.load import load
from reminder.store.database import Database
from reminder.store.keyring import KeyRing
from reminder.store.message_rows import Draft, write_down
from reminder.store.schema import upgrade
from reminder.store.store import Store

_ACCOUNT, _TOKEN = "AC" + "0" * 32, "f" * 32
_PUBLIC_URL = "https://visits.example.org"
_PIECE = 500
_LEASE = timedelta(minutes=30)
_SETTINGS = f"""\
public_url = "{_PUBLIC_URL}"

[web]
port = {{port}}

[[connection]]
name = "main"
base_url = "http://127.0.0.1:9/fhir"

[[clinic]]
id = "elm"
connection = "main"
name = "Elm Street Clinic"
short_name = "Elm Clinic"
zone = "America/New_York"
locations = ["elm"]

[[clinic.rule]]
name = "visits"
steps = [{{{{ id = "day", offset = "24 hours before", channels = ["sms"] }}}}]

[transport.twilio-sms]
account_sid = "{_ACCOUNT}"
auth_token = "file:token"
from_number = "+15550123"
"""


class Reports:
    """Of each message two reports, numbered: it was sent, it was delivered.

    They come as they do of a campaign: many messages are sent before the
    first of them is delivered.
    """

    def __init__(self, message_ids: list[UUID], ring: KeyRing, port: int) -> None:
        self._message_ids = message_ids
        self._key = ring.derive("callback-token")
        self._port = port
        self._validator = RequestValidator(_TOKEN)
        self._half = len(message_ids) // 2
        self._made = [self._make(number) for number in range(2 * len(message_ids))]

    def key(self, number: int) -> tuple[str, str]:
        """The message's id in hex, and what is reported of it."""
        # The first half of the messages are told of in the first half of the reports.
        part, place = divmod(number, 2 * self._half)
        state, of = divmod(place, self._half)
        message_id = self._message_ids[part * self._half + of]
        return message_id.hex, ("sent", "delivered")[state]

    def request(self, number: int) -> bytes:
        """The whole request, as it goes over the wire."""
        return self._made[number]

    def _make(self, number: int) -> bytes:
        message_hex, state = self.key(number)
        path = f"/callbacks/twilio-sms/{callback_token(UUID(message_hex), self._key)}"
        form = {
            "AccountSid": _ACCOUNT,
            "ApiVersion": "2010-04-01",
            "From": "+15550123",
            "MessageSid": f"SM{message_hex}",
            "MessageStatus": state,
            "SmsSid": f"SM{message_hex}",
            "SmsStatus": state,
            "To": "+15550100",
        }
        signature = self._validator.compute_signature(_PUBLIC_URL + path, form)
        body = urlencode(form)
        return (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
            "Content-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nX-Twilio-Signature: {signature}\r\n"
            f"\r\n{body}"
        ).encode()


async def installed(folder: Path, port: int, messages: int) -> Reports:
    """A folder with settings, and a database in which so many texts were sent."""
    file = folder / "reminder.toml"
    file.write_text(_SETTINGS.format(port=port))
    token = folder / "token"
    token.touch(0o600)
    token.write_text(_TOKEN)
    loaded = load(file)
    url = database_url(loaded)
    upgrade(url)
    store, ring = await open_with_ring(loaded)
    database = Database(url)
    now = system_clock()
    for _ in range(0, messages, _PIECE):
        async with database.write() as session:
            drafts = [_draft(now) for _ in range(_PIECE)]
            await write_down(session, ring, drafts, now=now)
    sent = await _sent(store, messages, now)
    await database.aclose()
    await store.aclose()
    return Reports(sent, ring, port)


def _draft(now: datetime) -> Draft:
    message = NewMessage(
        kind=MessageKind.NEW_LINK,
        clinic_id="elm",
        to=ContactPoint(Channel.SMS, "+15550100"),
        language="en",
        template="new-link",
        appointments=(AppointmentKey("main", f"a-{uuid4().hex}", "p1"),),
        useful_until=now + timedelta(days=2),
    )
    return Draft(uuid4(), message, now + timedelta(days=3))


async def _sent(store: Store, messages: int, now: datetime) -> list[UUID]:
    sent: list[UUID] = []
    while len(sent) < messages:
        claimed = await store.queue.claim_due(
            channels=[Channel.SMS], now=now, limit=_PIECE, lease=_LEASE, node="bench"
        )
        ids = [one.message_id for one in claimed]
        await store.queue.mark_sending(
            claimed,
            transport=dict.fromkeys(ids, "twilio-sms"),
            protection=dict.fromkeys(ids, Protection.PICKUP),
            lease_until=now + _LEASE,
            now=now,
        )
        settlements = [
            Settlement(
                message_id=one.message_id,
                fence=one.fence,
                delivery=Delivery(
                    message_id=one.message_id,
                    transport="twilio-sms",
                    started_at=now,
                    ended_at=now,
                    outcome=Accepted(f"SM{one.message_id.hex}"),
                ),
                then=Sent(),
            )
            for one in claimed
        ]
        await store.queue.settle(settlements, now=now)
        sent += ids
    return sent


def kept_events(folder: Path) -> set[tuple[str, str]]:
    """What the database has: each message's id in hex, and what was reported of it."""
    return set(_asked(folder, "select message_id, state from delivery_event"))


def not_delivered(folder: Path) -> int:
    """How many messages are not known as delivered."""
    [(count,)] = _asked(
        folder, "select count(*) from message where state <> 'delivered'"
    )
    return int(count)


def _asked(folder: Path, query: str) -> list[tuple[str, str]]:
    connection = sqlite3.connect(folder / "reminder.db")
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()
