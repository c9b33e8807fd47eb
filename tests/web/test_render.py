"""What the pages are made of: words, weight, and nothing that could harm."""

import gzip
import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import get_args

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from reminder.flows.respond.pages import Page, Visits
from reminder.resources import bundled
from reminder.web.render import Pages
from tests.web.forms import text
from tests.web.samples import HERE, NEWS, PAGES, SIBLING, VISIT, visits
from tests.web.world import CLINIC

TEMPLATES = bundled("templates") / "web"
LANGUAGES = ("en", "es")
HOSTILE = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }} {% raw %} ${7*7}",
    "Ana\r\nBcc: evil@example.org",
    "\u202eanA\u2066\u200b",
    "https://evil.example/pay",
    "=?utf-8?q?=0aBcc:_evil?=",
    "A" * 1_000_000,
]
EVERY = pytest.mark.parametrize("name", PAGES)
BOTH = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def pages() -> Pages:
    return Pages(TEMPLATES, base="", style_name="pages.css", clinics=(CLINIC,))


def html_of(pages: Pages, page: Page, language: str = "en") -> str:
    return bytes(pages.page(page, language).body).decode()


def test_there_is_a_sample_of_every_page() -> None:
    assert {type(page) for page in PAGES.values()} == {*get_args(Page)}


class Seen(HTMLParser):
    """Every tag with its attributes, checked for being closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in {"meta", "link", "input", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def seen(html: str) -> Seen:
    parser = Seen()
    parser.feed(html)
    assert parser.open == []
    return parser


@EVERY
@BOTH
def test_a_page_has_one_heading_a_title_and_a_language(
    pages: Pages, name: str, language: str
) -> None:
    html = html_of(pages, PAGES[name], language)

    tags = seen(html).tags
    (title,) = re.findall(r"<title>(.+)</title>", html)
    assert [tag for tag, _ in tags].count("h1") == 1
    assert ("html", {"lang": language, "dir": "ltr"}) in tags
    assert not {"Ana", "Leo", "Patel", "Thursday", "jueves"} & {*title.split()}


@EVERY
def test_a_page_has_no_script_no_style_and_nothing_of_others(
    pages: Pages, name: str
) -> None:
    for tag, attributes in seen(html_of(pages, PAGES[name])).tags:
        assert tag not in {"script", "style", "iframe", "img", "object", "base"}
        assert not [one for one in attributes if one == "style" or one[:2] == "on"]
        for url in (attributes.get(one) for one in ("src", "href", "action")):
            ours = url is None or url.startswith(("/", "#", "?", "tel:"))
            assert ours or url == "https://video.example.org/room"


@EVERY
def test_a_form_posts_and_names_neither_token_nor_ticket_in_its_address(
    pages: Pages, name: str
) -> None:
    for tag, attributes in seen(html_of(pages, PAGES[name])).tags:
        if tag == "form":
            action = attributes["action"] or ""
            assert attributes["method"] == "post"
            assert re.fullmatch(r"/[a-z-]+(/[a-z]+)?(#problem)?", action)


@EVERY
@BOTH
def test_a_page_is_light(pages: Pages, name: str, language: str) -> None:
    html = html_of(pages, PAGES[name], language)

    assert len(gzip.compress(html.encode())) < 14 * 1024


def test_the_style_sheet_is_light_and_asks_nobody() -> None:
    css = (TEMPLATES / "pages.css").read_bytes()

    assert len(gzip.compress(css)) < 10 * 1024
    assert b"@import" not in css
    assert b"url(" not in css


@EVERY
def test_spanish_leaves_no_english(pages: Pages, name: str) -> None:
    said = text(html_of(pages, PAGES[name], "es"))
    english = text(html_of(pages, PAGES[name], "en"))

    if name == "unknown":
        assert "Este enlace no abre" in said
        return
    words = re.compile(r"\b[a-z]{4,}\b")
    same = {*words.findall(said)} & {*words.findall(english)}
    assert same <= {"cookies", "video"}


def test_no_time_ends_in_two_dots(pages: Pages) -> None:
    for page in PAGES.values():
        assert ".." not in text(html_of(pages, page, "es"))


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_is_text_and_nothing_else(pages: Pages, name: str) -> None:
    plain, evil = (
        replace(VISIT, given=value, practitioner=value, address=value)
        for value in ("Ana", name)
    )
    made = [
        seen(html_of(pages, Visits(here=HERE, visits=(one, SIBLING)))).tags
        for one in (plain, evil)
    ]

    assert made[0] == made[1]


def test_a_join_link_that_is_no_https_is_never_made(pages: Pages) -> None:
    # Reading drops them; the page itself only prints what it is given.
    html = html_of(pages, visits(join_url="https://video.example.org/?a=1&b=2"))

    assert 'href="https://video.example.org/?a=1&amp;b=2"' in html


def test_every_news_has_words_of_its_own(pages: Pages) -> None:
    headlines = [
        re.findall(r"<h1>(.+?)</h1>", html_of(pages, page), re.DOTALL)[0]
        for page in NEWS.values()
    ]

    assert len({*headlines}) == len(NEWS)


def messages_of(folder: Path) -> set[tuple[str, ...]]:
    method = [("**.html", "jinja2.ext.babel_extract")]
    keywords = {"_": None, "gettext": None, "ngettext": (1, 2)}
    found = extract_from_dir(folder, method, {}, keywords=keywords)
    return {
        message if isinstance(message, tuple) else (message,)
        for _, _, message, _, _ in found
    }


def test_every_word_is_translated_and_none_is_left_over() -> None:
    wanted = messages_of(TEMPLATES)

    for file in (TEMPLATES / "locale").glob("*.po"):
        with file.open("rb") as source:
            catalog = read_po(source)
        kept = {
            one.id if isinstance(one.id, tuple) else (one.id,): one
            for one in catalog
            if one.id
        }
        assert {*kept} == wanted
        for ids, message in kept.items():
            said = message.string
            strings = said if isinstance(said, tuple) else (said,)
            assert all(strings), ids
            assert not message.fuzzy
            assert all(names(one) == names(ids[-1]) for one in strings), ids


def names(message: str) -> set[str]:
    """The placeholders and tags a translation must keep."""
    return {*re.findall(r"%\(\w+\)[sd]|</?\w+", message)}


@pytest.mark.parametrize(("language", "most"), [("en", 18), ("es", 20)])
def test_no_sentence_is_long(pages: Pages, language: str, most: int) -> None:
    for page in PAGES.values():
        paragraphs = re.findall(r"<p[ >].*?</p>", html_of(pages, page, language), re.S)
        for said in map(text, paragraphs):
            plain = said.replace("p.m.", "pm").replace("a.m.", "am")
            for sentence in re.split(r"[.?!:]\s", plain):
                assert len(sentence.split()) <= most, sentence


def test_the_languages_name_each_other(pages: Pages) -> None:
    assert ">Español<" in html_of(pages, PAGES["birth-date"], "en")
    assert ">English<" in html_of(pages, PAGES["birth-date"], "es")


def test_an_unknown_language_is_english(pages: Pages) -> None:
    here = replace(PAGES["birth-date"].here, language="tlh")  # type: ignore[union-attr]

    html = html_of(pages, replace(PAGES["birth-date"], here=here), "xx")

    assert "What is your date of birth?" in html
