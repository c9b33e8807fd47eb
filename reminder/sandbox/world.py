"""The pretended outside world: an EHR, a mail relay and phones, on this machine."""

import contextlib
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from starlette.applications import Starlette

from reminder.model.clock import Clock
from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.generator import Practice
from reminder.sandbox.mail_server import MailServer
from reminder.sandbox.pages import Pages
from reminder.sandbox.phone import Phones
from reminder.sandbox.proxy import Proxy
from reminder.sandbox.residents import Residents
from reminder.sandbox.serving import loopback_socket, serving, url_of
from reminder.sandbox.twilio_api import TwilioAPI


class World:
    """Everything outside Reminder, started and stopped together.

    Use it as `async with World(folder, clock) as world`. All of it runs in
    this event loop, but for the EHR, a process of its own. What it keeps lies
    in `folder`; it is as open as the outside is, so keep nothing else there.

    Args:
        folder: where it keeps its things; made if missing.
        clock: the sandbox's clock, for the mail server and the phones.
        practice: what `fill` puts into the EHR, and who answers which phone.
    """

    def __init__(
        self, folder: Path, clock: Clock, practice: Practice | None = None
    ) -> None:
        self._practice = practice
        folder.mkdir(parents=True, exist_ok=True)
        self._fhir_socket = loopback_socket()
        self._pages_socket = loopback_socket()
        public_url = url_of(self._fhir_socket)
        self.fhir_base_url = f"{public_url}/fhir"
        self.pages_url = url_of(self._pages_socket)
        self.ehr = EHRServer(folder, self.fhir_base_url)
        upstream = self.ehr.base_url.removesuffix("/fhir")
        self.proxy = Proxy(upstream, public_url, practice.malformed if practice else ())
        self.mail = MailServer(folder, clock)
        self.phones = Phones(clock)
        self.twilio = TwilioAPI(self.phones)
        self.residents = Residents(practice.resources if practice else ())
        self._pages = Pages(self.mail.mailbox, self.phones, self.ehr, self.residents)
        self._running = contextlib.AsyncExitStack()

    @property
    def mailbox_url(self) -> str:
        """The page with every e-mail received."""
        return f"{self.pages_url}/mailbox"

    @property
    def phone_url(self) -> str:
        """The page with every text message received."""
        return f"{self.pages_url}/phone"

    @property
    def ehr_url(self) -> str:
        """The page with the Appointments that changed since the EHR was filled."""
        return f"{self.pages_url}/ehr"

    @property
    def twilio_api_base(self) -> str:
        """What to say instead of https://api.twilio.com."""
        return self.pages_url

    async def __aenter__(self) -> Self:
        async with contextlib.AsyncExitStack() as starting:
            starting.push_async_callback(self.ehr.stop)
            await self.ehr.start()
            starting.push_async_callback(self.mail.stop)
            await self.mail.start()
            starting.push_async_callback(self.proxy.aclose)
            starting.push_async_callback(self.twilio.aclose)
            outside = Starlette(routes=[*self.twilio.routes(), *self._pages.routes()])
            await starting.enter_async_context(serving(outside, self._pages_socket))
            await starting.enter_async_context(
                serving(self.proxy.app, self._fhir_socket, date_header=False)
            )
            starting.callback(self.be_well)
            self._running = starting.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._running.aclose()

    async def fill(self, progress: Callable[[int], None] | None = None) -> int:
        """Put the practice into the EHR; the number of resources.

        `progress` is told how many are there so far.
        """
        resources = self._practice.resources if self._practice else ()
        await self.ehr.load(resources, progress)
        return len(resources)

    def be_well(self) -> None:
        """End every fault of the EHR and of Twilio; silent requests are let go."""
        self.proxy.be_well()
        self.twilio.faults.clear()
