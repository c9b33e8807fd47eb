"""Every page in a real browser: readable by everyone, on the narrowest phone."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from fastapi import FastAPI, Response
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page

from reminder.resources import bundled
from reminder.web.guard import Guard
from reminder.web.render import Pages
from reminder.web.style import Style
from tests.browser.conftest import served
from tests.web.samples import ALIKE, PAGES
from tests.web.world import CLINIC

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]

TEMPLATES = bundled("templates") / "web"
NARROW = {"width": 320, "height": 640}
THUMB = 44
DIFFERENT = [name for name in PAGES if name not in ALIKE]
MOST_COLOURS = (
    "birth-date-mismatch",
    "news-confirmed",
    "news-cancelled",
    "news-asking",
    "check-cancel",
    "choose-day",
    "choose-time-taken",
    "contact",
    "contact-stopped",
)
VIOLATIONS = "axe.run({resultTypes: ['violations']}).then(found => found.violations)"
SMALL = """() => [...document.querySelectorAll('main button, main a, select,' +
  'input:not([type=hidden])')].filter(one => {
    const box = (one.type == 'radio' || one.type == 'checkbox'
      ? one.parentElement : one).getBoundingClientRect();
    const inText = one.tagName == 'A' && getComputedStyle(one).display == 'inline';
    return !inText && (box.height < %d || box.width < %d);
  }).map(one => one.outerHTML)""" % (THUMB, THUMB)  # noqa: UP031


def gallery() -> FastAPI:
    """The samples behind the real guard, so that its policy is in force."""
    style = Style.read(TEMPLATES / "pages.css")
    pages = Pages(TEMPLATES, base="", style_name=style.name, clinics=(CLINIC,))
    app = FastAPI()

    @app.get("/page/{name}/{language}")
    async def page(name: str, language: str) -> Response:
        return pages.page(PAGES[name], language)

    @app.get(f"/static/{style.name}")
    async def static() -> Response:
        return style.response()

    app.add_middleware(
        Guard, hosts={"127.0.0.1"}, unavailable=(), problem=pages.problem
    )
    return app


async def look(page: Page, address: str, name: str, language: str) -> list[str]:
    """What is wrong with one page; its context has axe in every page."""
    wrong: list[str] = []

    def complain(message: ConsoleMessage) -> None:
        # A status such as 404 or 409 is part of the page; a breach of the
        # policy, or anything missing, is not.
        if "Failed to load resource" not in message.text:
            wrong.append(f"console: {message.text}")

    page.on("console", complain)
    await page.goto(f"{address}/page/{name}/{language}")
    violations = await page.evaluate(VIOLATIONS)
    wrong += [
        f"{one['id']}: {node['html']}" for one in violations for node in one["nodes"]
    ]
    width = await page.evaluate("document.documentElement.scrollWidth")
    if width > NARROW["width"]:
        wrong.append(f"{width} pixels wide")
    wrong += [f"small: {one}" for one in await page.evaluate(SMALL)]
    page.remove_listener("console", complain)
    return [f"{name} {language}: {one}" for one in wrong]


async def look_at_all(
    context: BrowserContext,
    names: Iterable[str],
    look: Callable[[Page, str], Awaitable[list[str]]],
) -> list[str]:
    """What is wrong with these pages: one tab loads while the other is looked at."""
    left = iter(names)

    async def tab() -> list[str]:
        page = await context.new_page()
        return [one for name in left for one in await look(page, name)]

    return [one for wrong in await asyncio.gather(tab(), tab()) for one in wrong]


@pytest.mark.parametrize(
    ("scheme", "colors", "language", "names"),
    [
        ("light", "none", "en", DIFFERENT),
        ("dark", "none", "es", MOST_COLOURS),
        ("light", "active", "es", MOST_COLOURS),
    ],
    ids=["light", "dark", "forced-colors"],
)
async def test_nothing_is_in_anybodys_way_at_320_pixels(
    browser: Browser, scheme: str, colors: str, language: str, names: Sequence[str]
) -> None:
    async with (
        served(gallery()) as address,
        await browser.new_context(
            viewport=NARROW,  # type: ignore[arg-type]
            color_scheme=scheme,  # type: ignore[arg-type]
            forced_colors=colors,  # type: ignore[arg-type]
        ) as context,
    ):
        await context.add_init_script(AXE_SCRIPT)
        wrong = await look_at_all(
            context, names, lambda page, name: look(page, address, name, language)
        )

    assert wrong == []


async def test_text_of_twice_the_size_does_not_scroll_sideways(
    browser: Browser,
) -> None:
    async with (
        served(gallery()) as address,
        await browser.new_context(viewport={"width": 640, "height": 900}) as context,
    ):

        async def look_closely(page: Page, name: str) -> list[str]:
            await page.goto(f"{address}/page/{name}/es")
            await page.evaluate("document.documentElement.style.fontSize = '225%'")
            width = await page.evaluate("document.documentElement.scrollWidth")
            return [f"{name}: {width} pixels wide"] if width > 640 else []

        wide = await look_at_all(context, DIFFERENT, look_closely)

    assert wide == []
