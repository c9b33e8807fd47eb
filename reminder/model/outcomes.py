"""What the far side said of one try, with the evidence, and what it says later."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What proves how a message left: never who it went to or what it said.

    `certificate_sha256` is the hex digest of the far side's DER certificate,
    `queue_id` the far side's own name for the message.
    """

    host: str = ""
    protocol: str = ""
    cipher: str = ""
    certificate_sha256: str = ""
    issuer: str = ""
    policy: str = ""
    queue_id: str = ""


class Scope(StrEnum):
    """What a rejection is about."""

    ADDRESS = "address"
    """This address will not take our messages: try another channel."""
    OPTED_OUT = "opted-out"
    """The person at this address opted out: remember it, by address."""
    CONTENT = "content"
    """This message was refused; others may pass."""
    SENDER = "sender"
    """Carriers refuse what our sender sends: IT must act; others may pass."""
    ACCOUNT = "account"
    """Our own account or configuration is at fault: IT must act."""


@dataclass(frozen=True, slots=True)
class Accepted:
    """The far side took responsibility; `provider_id` is its name for the message.

    `segments` is how many it counts of a text message, where it says so already.
    """

    provider_id: str
    evidence: Evidence = Evidence()
    segments: int | None = None


@dataclass(frozen=True, slots=True)
class Deferred:
    """Certainly not sent; it may be tried again, not before `after` if given.

    `policy` is True when our own demand for encryption was not met.
    """

    code: str
    after: timedelta | None = None
    policy: bool = False
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class Rejected:
    """Certainly not sent, and the same try would be refused again."""

    code: str
    scope: Scope = Scope.ADDRESS
    evidence: Evidence = Evidence()


@dataclass(frozen=True, slots=True)
class Uncertain:
    """It may have gone: nothing is sent again before that is known."""

    code: str
    evidence: Evidence = Evidence()


Outcome = Accepted | Deferred | Rejected | Uncertain


class DeliveryState(StrEnum):
    """What a later report says of an accepted message."""

    SENT = "sent"
    DELIVERED = "delivered"
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryEvent:
    """A later report about one message, its signature already verified.

    `opted_out` is True when the report says the person stopped the sender.
    Of a failure, `scope` says what it is about, and `passing` is True when the
    cause may pass: a phone that was off.
    `price` is a decimal number in `currency` (ISO 4217), as the provider says.
    """

    message_id: UUID
    provider_id: str
    state: DeliveryState
    code: str = ""
    opted_out: bool = False
    scope: Scope = Scope.ADDRESS
    passing: bool = False
    segments: int | None = None
    price: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Callback:
    """An HTTP request from a provider, as it arrived.

    `url` is the public address it was meant for, made from our own settings
    and the raw path, never from its Host header. `token` is the part of the
    path we put there; `message_id` is what it stands for. What patients send
    by themselves comes to an address without a token: "" and None.
    """

    url: str = field(repr=False)
    token: str = field(repr=False)
    message_id: UUID | None
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class BadSignature(Exception):
    """A callback whose signature does not hold: it is refused and counted."""


class Verdict(StrEnum):
    """How a check came out."""

    PASS = "pass"  # noqa: S105 - a verdict, not a password
    FAIL = "fail"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a check: what was looked at, how it came out, what to do."""

    name: str
    verdict: Verdict
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One try of one message through one transport."""

    message_id: UUID
    transport: str
    started_at: datetime
    ended_at: datetime
    outcome: Outcome
