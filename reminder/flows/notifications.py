"""Takes what an EHR pushes: proven to be the EHR's, and kept before it is answered."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from itertools import count
from typing import Protocol

import structlog

from reminder.ehr.pushing.notifications import (
    NotANotification,
    Notification,
    UnknownFormat,
    read_notification,
)
from reminder.ehr.pushing.proofs import is_proven
from reminder.model.clock import Clock
from reminder.model.pushed import Hint

log = structlog.get_logger()


class KeepsHints(Protocol):
    """Where hints are kept until they are read."""

    async def add(
        self, connection: str, hints: Collection[Hint], *, at: datetime
    ) -> int:
        """How many are kept, once it is committed."""


class Receipt(Enum):
    """What became of a notification."""

    TAKEN = "taken"
    REFUSED = "refused"
    """No such connection, none that takes notifications, or not proven: all alike."""
    NOT_UNDERSTOOD = "not-understood"
    UNKNOWN_FORMAT = "unknown-format"


@dataclass(frozen=True, slots=True)
class Notifier:
    """An EHR as this chapter knows it; without a secret it is not believed."""

    base_url: str
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class PushRequest:
    """An HTTP request to an endpoint; `path` is what follows it, names in lower case.

    All of it is the sender's to choose, and may hold patient data.
    """

    connection: str = field(repr=False)
    path: str = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


_NOBODY = Notifier("", "")


class Notifications:
    """Keeps the ids that connections, by their names, were notified about."""

    def __init__(
        self,
        notifiers: Mapping[str, Notifier],
        *,
        hints: KeepsHints,
        clock: Clock,
    ) -> None:
        self._notifiers = notifiers
        self._hints = hints
        self._clock = clock
        self._refused = count(1)
        self._listeners: list[Callable[[str], None]] = []

    def listen(self, listener: Callable[[str], None]) -> None:
        """Call `listener` with the connection whenever there is something to read."""
        self._listeners.append(listener)

    async def receive(self, request: PushRequest) -> Receipt:
        """Keep what a notification names; it may come twice, late, or in any order.

        What comes back for an unknown connection is what comes back for a wrong
        secret, after as much work.
        """
        notifier = self._notifiers.get(request.connection, _NOBODY)
        if not is_proven(request.headers, request.body, notifier.secret):
            self._refuse(request, notifier)
            return Receipt.REFUSED
        try:
            notification = read_notification(
                request.path, request.headers, request.body, notifier.base_url
            )
        except (NotANotification, UnknownFormat) as error:
            log.warning(
                "not_understood_notification",
                connection=request.connection,
                problem=str(error),
            )
            unknown = isinstance(error, UnknownFormat)
            return Receipt.UNKNOWN_FORMAT if unknown else Receipt.NOT_UNDERSTOOD
        await self._keep(request.connection, notification)
        return Receipt.TAKEN

    async def _keep(self, connection: str, notification: Notification) -> None:
        kept = 0
        if notification.hints:
            now = self._clock()
            kept = await self._hints.add(connection, notification.hints, at=now)
        log.info(
            "took_notification",
            connection=connection,
            hints=kept,
            ignored=notification.ignored,
        )
        if kept:
            for listener in self._listeners:
                listener(connection)

    def _refuse(self, request: PushRequest, notifier: Notifier) -> None:
        """One line for whoever sets it up; it names no connection that is not ours."""
        if notifier is _NOBODY:
            known, reason = None, "unknown-connection"
        else:
            known = request.connection
            reason = "not-proven" if notifier.secret else "no-push-secret"
        log.warning(
            "refused_notification",
            connection=known,
            reason=reason,
            n=next(self._refused),
        )
