"""Takes in what patients send back: verified, then kept; acted on it is later."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import count
from typing import Protocol, runtime_checkable

import structlog

from reminder.flows.receive import Receipt, Report
from reminder.model.clock import Clock
from reminder.model.inbound import Inbound
from reminder.model.outcomes import BadSignature, Callback

log = structlog.get_logger()


@runtime_checkable
class ReadsReplies(Protocol):
    """A transport that takes replies."""

    def read_inbound(self, request: Callback) -> Inbound:
        """What a patient sent; its signature is verified first."""


class KeepsReplies(Protocol):
    """Where replies are kept."""

    async def add(self, inbound: Inbound, *, at: datetime) -> bool:
        """False when this very reply was kept before."""


class TakingIn:
    """Reads replies of every transport that takes some, named as in the settings."""

    def __init__(
        self,
        *,
        transports: Mapping[str, object],
        replies: KeepsReplies,
        public_url: str,
        clock: Clock,
    ) -> None:
        self._transports = {
            name: one
            for name, one in transports.items()
            if isinstance(one, ReadsReplies)
        }
        self._replies = replies
        self._public_url = public_url.rstrip("/")
        self._clock = clock
        self._refused = count(1)
        self._heard: Callable[[], None] = lambda: None

    def listen(self, heard: Callable[[], None]) -> None:
        """Have this called whenever a new reply is kept."""
        self._heard = heard

    async def take(self, report: Report) -> Receipt:
        """Keep a reply; refuse one whose signature does not hold.

        The provider may repeat it for ever: it is kept once.
        """
        transport = self._transports.get(report.transport)
        if transport is None:
            return Receipt.UNKNOWN
        callback = Callback(
            url=self._public_url + report.raw_path,
            token="",
            message_id=None,
            headers=report.headers,
            body=report.body,
        )
        try:
            inbound = transport.read_inbound(callback)
        except BadSignature:
            n = next(self._refused)
            log.warning("refused_reply", transport=report.transport, n=n)
            return Receipt.REFUSED
        is_new = await self._replies.add(inbound, at=self._clock())
        log.info("received_reply", transport=report.transport, new=is_new)
        if is_new:
            self._heard()
        return Receipt.KEPT
