"""Pages to look at the pretended mailbox, the phones and the EHR's diary; no script."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

import jinja2
from babel.dates import format_date, format_datetime
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    RedirectResponse,
    Response,
)
from starlette.routing import BaseRoute, Route

from reminder.resources import bundled
from reminder.sandbox.clinics import HARBOR
from reminder.sandbox.ehr_diary import changed_visits
from reminder.sandbox.ehr_server import EHRServer
from reminder.sandbox.mail_part import mail_part
from reminder.sandbox.mailbox import Mailbox
from reminder.sandbox.phone import Phones
from reminder.sandbox.residents import Residents

_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; frame-src 'self';"
    " form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
}

Endpoint = Callable[[Request], Awaitable[Response]]


class Pages:
    """Renders what the pretended outside has received."""

    def __init__(
        self,
        mailbox: Mailbox,
        phones: Phones,
        ehr: EHRServer,
        residents: Residents,
    ) -> None:
        self._residents = residents
        self._mailbox = mailbox
        self._phones = phones
        self._ehr = ehr
        self._folder = bundled("templates") / "sandbox"
        self._templates = jinja2.Environment(
            loader=jinja2.FileSystemLoader(self._folder),
            autoescape=True,
            undefined=jinja2.StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters |= {"when": _when, "birthday": _birthday}

    def routes(self) -> list[BaseRoute]:
        """Where the pages are."""
        return [
            Route("/", self._home),
            Route("/sandbox.css", self._style),
            Route("/mailbox", self._mails),
            Route("/mailbox/{number:int}", self._mail),
            Route("/mailbox/{number:int}/part", self._mail_part),
            Route("/phone", self._numbers),
            Route("/phone/{number}", self._conversation),
            Route("/phone/{number}/stop", self._stop, methods=["POST"]),
            Route("/ehr", self._diary),
        ]

    async def _home(self, request: Request) -> Response:
        return RedirectResponse("/mailbox")

    async def _style(self, request: Request) -> Response:
        return FileResponse(self._folder / "sandbox.css", headers=_HEADERS)

    async def _mails(self, request: Request) -> Response:
        return self._page("mailbox.html", mails=self._mailbox.mails[::-1])

    async def _mail(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["number"])
        if mail is None:
            raise HTTPException(404)
        owners = [one for to in mail.rcpt_to for one in self._residents.behind(to)]
        return self._page("mail.html", mail=mail, owners=owners)

    async def _mail_part(self, request: Request) -> Response:
        mail = self._mailbox.find(request.path_params["number"])
        if mail is None or not mail.html:
            raise HTTPException(404)
        return mail_part(mail.html)

    async def _numbers(self, request: Request) -> Response:
        threads = [self._phones.to(number) for number in self._phones.numbers()]
        return self._page("phones.html", threads=threads)

    async def _conversation(self, request: Request) -> Response:
        number = request.path_params["number"]
        return self._page(
            "phone.html",
            number=number,
            owners=self._residents.behind(number),
            messages=self._phones.to(number),
            stopped=self._phones.refusal(number) is not None,
        )

    async def _stop(self, request: Request) -> Response:
        number = request.path_params["number"]
        self._phones.stop(number)
        return RedirectResponse(f"/phone/{number}", 303)

    async def _diary(self, request: Request) -> Response:
        return self._page("ehr.html", visits=await changed_visits(self._ehr))

    def _page(self, name: str, **values: object) -> Response:
        html = self._templates.get_template(name).render(**values)
        return HTMLResponse(html, headers=_HEADERS)


def _when(at: datetime, zone: ZoneInfo = HARBOR.zone) -> str:
    """A short date and time on a clinic's wall; the demo's first clinic's, if any."""
    return format_datetime(at, "EEE, MMM d, h:mm a zzz", tzinfo=zone, locale="en_US")


def _birthday(birth_date: str | None) -> str:
    """A FHIR date as a person writes it; the EHR may hold a year only, or nothing."""
    if birth_date is None:
        return "on a day the EHR does not know"
    if len(birth_date) < len("2001-02-03"):
        return birth_date
    return format_date(date.fromisoformat(birth_date), "MMMM d, y", locale="en_US")
