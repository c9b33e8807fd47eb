"""Reads what was composed as mail programs do: structure, preheader, links."""

import re
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "br"}
_LINK = re.compile(
    r"""(?ix)
      \b[a-z][a-z0-9+.-]*://\S+                 # any scheme
    | \b(?:mailto|tel|javascript|data):\S+
    | \bwww\.\w\S*
    | [\w.+-]+@[\w-]+                           # an address
    | [\w-]+(?:[.\u3002\uff0e\uff61\u2024][\w-]+)+(?:/\S*)?   # a.b
    | (?:\+?\d[\s().-]*){7,}                    # a telephone number
    """
)


def links(text: str) -> list[str]:
    """Everything a keen mail program would make a link of."""
    return [found.group().strip() for found in _LINK.finditer(text)]


@dataclass
class Document(HTMLParser):
    """An HTML e-mail taken apart by the standard library's parser."""

    html: str
    tags: list[tuple[str, tuple[tuple[str, str | None], ...]]] = field(
        default_factory=list
    )
    texts: list[str] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    oddities: list[str] = field(default_factory=list)
    _open: list[tuple[str, bool]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.feed(self.html)
        self.close()
        self.oddities += [tag for tag, _ in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, tuple(attrs)))
        if tag not in _VOID:
            hides = "display: none" in (dict(attrs).get("style") or "")
            self._open.append((tag, hides))

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop()[0] != tag:
            self.oddities.append(f"/{tag}")

    def handle_data(self, data: str) -> None:
        if {"style", "title"}.intersection(tag for tag, _ in self._open):
            return
        kept = self.hidden if any(hides for _, hides in self._open) else self.texts
        kept.append(data)

    def handle_comment(self, data: str) -> None:
        self.oddities.append("comment")

    def handle_pi(self, data: str) -> None:
        self.oddities.append("instruction")

    def unknown_decl(self, data: str) -> None:
        self.oddities.append("declaration")

    @property
    def text(self) -> str:
        """What a reader sees, spaces collapsed."""
        return " ".join("".join(self.texts).replace("\xa0", " ").split())

    @property
    def preheader(self) -> str:
        """What a list of mails shows beside the subject."""
        return "".join(self.hidden)

    def values(self, attribute: str) -> list[str]:
        """Every value of this attribute, in order."""
        return [
            value or ""
            for _, attributes in self.tags
            for name, value in attributes
            if name == attribute
        ]
