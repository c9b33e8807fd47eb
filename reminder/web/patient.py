"""The patient's pages: GET asks for the date of birth, POST does the rest."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from reminder.flows.respond.door import Ask
from reminder.flows.respond.pages import CalendarFile, Page, TypedDate
from reminder.flows.respond.respond import Respond
from reminder.web.forms import Form, read_ask, read_form, read_wish
from reminder.web.render import Pages

Sent = Annotated[Form, Depends(read_form)]
Act = Callable[[Sent], Awaitable[Response]]

_AGREED = "yes"
_LONGEST_NUMBER = 3


class PatientPages:
    """Every address a patient meets. The token stands in the first one only."""

    def __init__(self, respond: Respond, pages: Pages) -> None:
        self._respond = respond
        self._coming = respond.coming
        self._moving = respond.moving
        self._contact = respond.contact
        self._calendar = respond.calendar
        self._pages = pages

    def routes(self) -> APIRouter:
        """The addresses, each with what it does."""
        router = APIRouter()
        router.add_api_route("/r/{token}", self.look, methods=["GET", "HEAD"])
        router.add_api_route("/done", self.done, methods=["GET", "HEAD"])
        acts: dict[str, Act] = {
            "/v": self.prove,
            "/who": self.ask_another,
            "/new-link": self.new_link,
            "/visits": self.visits,
            "/confirm": self.confirm,
            "/cancel": self.check_cancel,
            "/cancel/yes": self.cancel,
            "/undo": self.undo,
            "/days": self.days,
            "/times": self.times,
            "/move": self.check_move,
            "/move/yes": self.move,
            "/call": self.call,
            "/contact": self.choose_contact,
            "/contact/keep": self.keep_contact,
            "/calendar": self.calendar,
        }
        for path, act in acts.items():
            router.add_api_route(path, act, methods=["POST"])
        return router

    async def look(self, token: str, request: Request) -> Response:
        """Ask for the date of birth; nothing changes however often this is opened."""
        return self._show(await self._respond.look(Ask(token)), request.query_params)

    async def done(self, request: Request) -> Response:
        """Show a page with nothing on it, to leave behind on a shared phone."""
        return self._pages.done(request.query_params.get("lang", ""))

    async def prove(self, form: Sent) -> Response:
        """Show the visits a date of birth opens."""
        typed = TypedDate(*(form.get(name, "") for name in ("month", "day", "year")))
        return self._show(await self._respond.prove(read_ask(form), typed), form)

    async def ask_another(self, form: Sent) -> Response:
        """Ask for another date of birth, when a link is about several people."""
        return self._show(await self._respond.look(read_ask(form)), form)

    async def new_link(self, form: Sent) -> Response:
        """Send a new link to the contact on file."""
        agreed = form.get("agree") == _AGREED
        page = await self._respond.new_link(read_ask(form), agreed=agreed)
        return self._show(page, form)

    async def visits(self, form: Sent) -> Response:
        """Show the visits as they stand."""
        return self._show(await self._respond.visits(read_ask(form)), form)

    async def confirm(self, form: Sent) -> Response:
        """The patient is coming."""
        return self._show(await self._coming.confirm(read_ask(form)), form)

    async def check_cancel(self, form: Sent) -> Response:
        """Ask whether to cancel."""
        return self._show(await self._coming.check_cancel(read_ask(form)), form)

    async def cancel(self, form: Sent) -> Response:
        """The patient is not coming."""
        return self._show(await self._coming.cancel(read_ask(form)), form)

    async def undo(self, form: Sent) -> Response:
        """Take a cancellation or a move back."""
        return self._show(await self._coming.undo(read_ask(form)), form)

    async def days(self, form: Sent) -> Response:
        """Show the days with openings."""
        page = _number(form.get("page", ""))
        return self._show(await self._moving.days(read_ask(form), page), form)

    async def times(self, form: Sent) -> Response:
        """Show the times of one day."""
        day = _date(form.get("on", ""))
        return self._show(await self._moving.times(read_ask(form), day), form)

    async def check_move(self, form: Sent) -> Response:
        """Show the new time beside the old one."""
        day, choice = _date(form.get("on", "")), form.get("slot", "")
        return self._show(await self._moving.check(read_ask(form), day, choice), form)

    async def move(self, form: Sent) -> Response:
        """Move the visit."""
        return self._show(await self._moving.move(read_ask(form)), form)

    async def call(self, form: Sent) -> Response:
        """Ask the clinic to call."""
        return self._show(await self._respond.call(read_ask(form)), form)

    async def choose_contact(self, form: Sent) -> Response:
        """Show how the patient can be reached."""
        return self._show(await self._contact.choose(read_ask(form)), form)

    async def keep_contact(self, form: Sent) -> Response:
        """Keep how the patient wants to be reached."""
        language = self._pages.known(form.get("lang", ""))
        wish = read_wish(form, language)
        return self._show(await self._contact.keep(read_ask(form), wish), form)

    async def calendar(self, form: Sent) -> Response:
        """Hand out the visit for the patient's own calendar."""
        language = self._pages.known(form.get("lang", ""))
        page = await self._calendar.file(read_ask(form), language)
        return _file(page) if isinstance(page, CalendarFile) else self._show(page, form)

    def _show(self, page: Page, form: Mapping[str, str]) -> Response:
        return self._pages.page(page, form.get("lang", ""))


def _file(file: CalendarFile) -> Response:
    return Response(
        file.content,
        media_type="text/calendar; charset=utf-8; method=PUBLISH",
        headers={"Content-Disposition": 'attachment; filename="appointment.ics"'},
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) <= _LONGEST_NUMBER else 0


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return date.min
