"""The contract of a way out: one class that sends once and says what the far side said.

A transport never retries, sleeps or touches the database. What the far side
said is a value of `model.outcomes`; anything it raises counts as `Uncertain`.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar, Protocol

from pydantic import BaseModel

from reminder.model.clock import Clock
from reminder.model.messages import Message
from reminder.model.outcomes import Callback, DeliveryEvent, Finding, Outcome
from reminder.model.people import Channel

API_VERSION = 1
"""The version of this contract; a transport made for another is refused."""


@dataclass(frozen=True, slots=True)
class TransportContext:
    """What every transport is handed beside its own settings.

    `public_url` is our own address as the outside sees it, without a slash at
    its end; status callbacks are asked for below it.
    """

    public_url: str
    clock: Clock


class Transport(Protocol):
    """One way out, made from its validated settings and our context."""

    name: ClassVar[str]
    channel: ClassVar[Channel]
    api_version: ClassVar[int]
    Config: ClassVar[type[BaseModel]]

    def __init__(self, config: Any, context: TransportContext) -> None:  # noqa: ANN401 - an instance of the class's own Config
        """Connects to nothing; raises only when these settings can never work."""

    async def send(self, message: Message) -> Outcome:
        """Send this message once; the same `message_id` may come again later."""
        ...

    async def reconcile(self, message: Message, since: datetime) -> Outcome | None:
        """What became of a try made after `since` (UTC); None: cannot know."""
        ...

    def read_event(self, request: Callback) -> list[DeliveryEvent]:
        """The reports in a callback; empty when it says nothing final or new.

        Raises:
            BadSignature: it does not prove that the provider sent it.
        """
        ...

    async def check(self) -> list[Finding]:
        """Whether this way out would work now; sends nothing to anybody."""
        ...

    async def aclose(self) -> None:
        """Let go of every connection; may be called again."""
        ...
