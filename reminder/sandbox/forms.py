"""Reads the forms of a page, as a browser without script would fill and send them."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Form:
    """One form: where it goes, and what it sends when nothing is chosen.

    `choices` are the values of its radio buttons and named buttons, in order.
    """

    action: str
    fields: dict[str, str] = field(default_factory=dict)
    choices: list[tuple[str, str]] = field(default_factory=list)

    @property
    def path(self) -> str:
        """The action without its fragment."""
        return self.action.partition("#")[0]


def read_forms(html: str) -> list[Form]:
    """Every form of the page that is sent by POST."""
    reader = _Reader()
    reader.feed(html)
    return reader.forms


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form" and values.get("method", "").lower() == "post":
            self._open = Form(values.get("action", ""))
            self.forms.append(self._open)
        elif self._open is not None and "name" in values:
            self._field(self._open, tag, values)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None

    def _field(self, form: Form, tag: str, values: dict[str, str]) -> None:
        name, value = values["name"], values.get("value", "")
        is_radio = tag == "input" and values.get("type") == "radio"
        if tag == "button" or is_radio:
            form.choices.append((name, value))
        elif tag in ("input", "select"):
            form.fields[name] = value
        if is_radio and "checked" in values:
            form.fields[name] = value
