"""What every HTML e-mail owes its reader, wherever it is opened."""

import re

import pytest

from reminder.messages.compose import compose
from reminder.messages.render import NAMES, Renderer
from reminder.model.messages import EmailContent, Protection
from tests.messages.reading import Document
from tests.messages.samples import BY_VIDEO, CLINIC, LINK, message, siblings, visit


@pytest.fixture(params=[(one, tag) for one in sorted(NAMES) for tag in ("en", "es")])
def document(request: pytest.FixtureRequest, renderer: Renderer) -> Document:
    template, language = request.param
    visits = [*siblings(), visit(BY_VIDEO)]
    content = compose(
        renderer,
        message(template, language=language),
        visits,
        CLINIC,
        Protection.TLS,
        LINK,
    )
    assert isinstance(content, EmailContent)
    return Document(content.html)


def test_nothing_is_loaded_and_nobody_is_told_that_it_was_opened(
    document: Document,
) -> None:
    tags = {tag for tag, _ in document.tags}

    assert not tags & {"img", "script", "link", "iframe", "form", "input", "video"}
    assert not document.values("src") + document.values("background")
    assert "url(" not in document.html
    assert "@import" not in document.html
    hosts = set(re.findall(r"https?://([^/\"<\s]+)", document.html))
    assert hosts <= {"reminders.lakeside.example", "video.example.org"}


def test_tables_are_for_layout_and_say_so(document: Document) -> None:
    tables = [dict(attributes) for tag, attributes in document.tags if tag == "table"]

    assert all(table["role"] == "presentation" for table in tables)
    assert [table.get("width") for table in tables].count("600") == 1


def test_a_screen_reader_hears_one_heading_the_language_and_the_title(
    document: Document,
) -> None:
    tags = [tag for tag, _ in document.tags]

    assert tags.count("h1") == 1
    assert tags.count("title") == 1
    html, wrapper = (
        dict(attributes)
        for _, attributes in document.tags
        if "lang" in dict(attributes)
    )
    assert html["lang"] == wrapper["lang"] in ("en", "es")
    assert html["dir"] == wrapper["dir"] == "ltr"


def test_the_button_is_a_link_and_its_address_stands_below_in_full(
    document: Document,
) -> None:
    assert document.values("href").count(LINK) == 2
    assert document.text.count(LINK) == 1


def test_it_is_well_formed_and_small_enough_that_no_program_cuts_it(
    document: Document,
) -> None:
    assert document.oddities == []
    assert len(document.html.encode()) < 20_000


def test_colours_survive_a_program_that_inverts_them(document: Document) -> None:
    inline = " ".join(document.values("style") + document.values("bgcolor"))

    assert not re.search(r"#(000|fff)\b|#(000000|ffffff)|\b(black|white)\b;", inline)
    for foreground, background in (
        ("#1c2b33", "#fdfefe"),
        ("#1c2b33", "#eaf2f7"),
        ("#51626c", "#fdfefe"),
        ("#51626c", "#eaf2f7"),
        ("#51626c", "#eef2f4"),
        ("#0b5b8a", "#fdfefe"),
        ("#0b5b8a", "#eaf2f7"),
        ("#fdfefe", "#0b5b8a"),
    ):
        assert foreground in inline
        assert contrast(foreground, background) >= 4.5


def contrast(one: str, other: str) -> float:
    """The ratio of WCAG 2.2, 1 to 21."""
    darker, lighter = sorted(map(luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    channels = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for value in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
