"""Reads the forms of a page as a browser would, and presses their buttons."""

from dataclasses import dataclass, field
from html.parser import HTMLParser

import httpx


@dataclass
class Button:
    """What one button is called, and what pressing it adds."""

    name: str | None
    value: str
    words: str = ""


@dataclass
class Form:
    """A form with what its fields hold, and its buttons."""

    action: str
    method: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[Button] = field(default_factory=list)


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.links: list[str] = []
        self.words: list[str] = []
        self._in_form = self._in_button = False
        self._select = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        elif tag == "form":
            self.forms.append(Form(values["action"], values.get("method", "get")))
            self._in_form = True
        elif self._in_form:
            self._control(tag, values)

    def _control(self, tag: str, values: dict[str, str]) -> None:
        form, name = self.forms[-1], values.get("name", "")
        if tag == "input" and values.get("type") in {"radio", "checkbox"}:
            form.choices.setdefault(name, []).append(values["value"])
            if "checked" in values:
                form.fields[name] = values["value"]
        elif tag == "input":
            form.fields[name] = values.get("value", "")
        elif tag == "select":
            self._select = name
            form.fields[name] = ""
        elif tag == "option" and "selected" in values:
            form.fields[self._select] = values["value"]
        elif tag == "button":
            self._in_button = True
            form.buttons.append(Button(values.get("name"), values.get("value", "")))

    def handle_endtag(self, tag: str) -> None:
        self._in_form = self._in_form and tag != "form"
        self._in_button = self._in_button and tag != "button"

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.words.append(data.strip())
        if self._in_button:
            words = f"{self.forms[-1].buttons[-1].words} {data.strip()}"
            self.forms[-1].buttons[-1].words = words.strip()


def read(html: str) -> _Reader:
    """The forms, links and words of a page."""
    reader = _Reader()
    reader.feed(html)
    return reader


def text(html: str) -> str:
    """What a page says, in one line."""
    return " ".join(" ".join(read(html).words).split())


@dataclass
class Phone:
    """A patient's phone: it opens a link, types, and presses buttons by their words."""

    client: httpx.AsyncClient
    page: httpx.Response = field(default_factory=lambda: httpx.Response(200))

    @property
    def text(self) -> str:
        return text(self.page.text)

    async def open(self, token: str, lang: str = "") -> str:
        query = f"?lang={lang}" if lang else ""
        self.page = await self.client.get(f"/r/{token}{query}")
        return self.text

    async def born(self, month: str = "4", day: str = "17", year: str = "1985") -> str:
        form = next(one for one in read(self.page.text).forms if "month" in one.fields)
        typed = {"month": month, "day": day, "year": year}
        return await self.send(form.action, form.fields | typed)

    async def press(self, words: str, nth: int = 0, **fields: str) -> str:
        found = [
            (form, button)
            for form in read(self.page.text).forms
            for button in form.buttons
            if words in button.words
        ]
        form, button = found[nth]
        pressed = {button.name: button.value} if button.name else {}
        return await self.send(form.action, form.fields | pressed | fields)

    async def send(self, action: str, fields: dict[str, str]) -> str:
        self.page = await self.client.post(action.partition("#")[0], data=fields)
        return self.text
