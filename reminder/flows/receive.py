"""Takes a provider's later reports: verified, then kept; one twice is still one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import count
from typing import Protocol

import structlog

from reminder.flows.gathering import Gathering
from reminder.messages.callbacks import read_callback_token
from reminder.model.clock import Clock
from reminder.model.outcomes import BadSignature, Callback, DeliveryEvent
from reminder.store.errors import StoreUnavailable

log = structlog.get_logger()


class ReadsEvents(Protocol):
    """A transport as this chapter needs it."""

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        """What a report says; its signature is verified first."""


class KeepsEvents(Protocol):
    """Where reports are kept."""

    async def record_events(
        self, events: Sequence[DeliveryEvent], *, now: datetime
    ) -> list[bool]:
        """Of each whether it said something new, once all are kept."""


class Receipt(Enum):
    """What became of a report."""

    KEPT = "kept"
    REFUSED = "refused"
    UNKNOWN = "unknown"
    """No such transport, or a path we never gave out."""


@dataclass(frozen=True, slots=True)
class Report:
    """An HTTP request as it arrived; `raw_path` still has its escapes and its query."""

    transport: str
    token: str = field(repr=False)
    raw_path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class Receive:
    """Reads reports of every transport, named as in the settings."""

    def __init__(
        self,
        *,
        transports: Mapping[str, ReadsEvents],
        queue: KeepsEvents,
        callback_key: bytes,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._transports = transports
        self._queue = queue
        self._gathering = Gathering(self._keep, fails_all=(StoreUnavailable,))
        self._callback_key = callback_key
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._refused = count(1)

    async def report(self, report: Report) -> Receipt:
        """Keep what a report says; refuse one whose signature does not hold.

        The URL its signature covers is made from our own settings: Host and
        forwarding headers are the sender's to choose.
        """
        transport = self._transports.get(report.transport)
        message_id = read_callback_token(report.token, self._callback_key)
        if transport is None or message_id is None:
            return Receipt.UNKNOWN
        callback = Callback(
            url=self._public_url + report.raw_path,
            token=report.token,
            message_id=message_id,
            headers=report.headers,
            body=report.body,
        )
        try:
            events = transport.read_event(callback)
        except BadSignature:
            log.warning(
                "refused_report",
                transport=report.transport,
                message_id=str(message_id),
                n=next(self._refused),
            )
            return Receipt.REFUSED
        for event in events:
            is_new = await self._gathering.add(event)
            log.info(
                "received_report",
                message_id=str(event.message_id),
                state=event.state,
                new=is_new,
            )
        return Receipt.KEPT

    async def _keep(self, events: Sequence[DeliveryEvent]) -> list[bool]:
        return await self._queue.record_events(events, now=self._clock())
