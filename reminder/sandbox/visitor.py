"""Follows a link as its patient would: opens it, proves who they are, answers."""

import re
from datetime import date
from urllib.parse import urljoin

import httpx

from reminder.sandbox.errors import LostVisitor
from reminder.sandbox.forms import Form, read_forms
from reminder.sandbox.serving import loopback_client

_NEWS = re.compile(r'<section class="news ([a-z-]+)"')


class Visitor:
    """Somebody with a link and a date of birth, and a browser without script.

    Use it as an async context manager.
    """

    def __init__(self, link: str) -> None:
        self._link = link
        self._client = loopback_client()
        self._html = ""

    async def __aenter__(self) -> "Visitor":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        await self._client.aclose()

    @property
    def news(self) -> str:
        """What the last page said had happened, such as `confirmed`; or nothing."""
        found = _NEWS.search(self._html)
        return found[1] if found else ""

    @property
    def page(self) -> str:
        """The last page, as HTML."""
        return self._html

    async def enter(self, birth_date: date) -> None:
        """Open the link and give the date of birth.

        Raises:
            LostVisitor: the link does not open, here or in any later step.
        """
        self._read(await self._client.get(self._link))
        await self.send(
            "/v",
            month=str(birth_date.month),
            day=str(birth_date.day),
            year=str(birth_date.year),
        )

    async def confirm(self) -> None:
        """Say that they are coming."""
        await self.send("/confirm")

    async def move(self) -> None:
        """Take the first time of the first day that is offered."""
        await self.send("/days")
        for step in ("/times", "/move"):
            name, value = self._form(step).choices[0]
            await self.send(step, **{name: value})
        await self.send("/move/yes")

    async def cancel(self) -> None:
        """Say that they are not coming."""
        await self.send("/cancel")
        await self.send("/cancel/yes")

    async def send(self, path: str, **filled: str) -> None:
        """Fill in and send the page's first form that goes to `path`."""
        form = self._form(path)
        address = urljoin(self._link, form.action)
        self._read(await self._client.post(address, data=form.fields | filled))

    def _form(self, path: str) -> Form:
        for form in read_forms(self._html):
            if form.path.endswith(path):
                return form
        raise LostVisitor(f"no form for {path}")

    def _read(self, answer: httpx.Response) -> None:
        # 409 is a page like the others: somebody else was faster.
        if not answer.is_success and answer.status_code != httpx.codes.CONFLICT:
            raise LostVisitor(f"HTTP {answer.status_code}")
        self._html = answer.text
