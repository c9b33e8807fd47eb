"""Takes the README's pictures from a running demo, with the system's Chromium.

`make pictures`. The demo is started in a folder of its own and stopped again.
"""

import asyncio
import io
import re
import tempfile
import time
from datetime import date
from pathlib import Path

from playwright.async_api import Browser, Page, async_playwright
from rich.console import Console

from reminder.app.logs import set_up
from reminder.app.serve import pages
from reminder.app.wiring import open_app
from reminder.sandbox import story
from reminder.sandbox.clinics import HARBOR
from reminder.sandbox.clock import SandboxClock, first_instant
from reminder.sandbox.generator import generate
from reminder.sandbox.mailbox import ReceivedMail
from reminder.sandbox.narrator import Narrator
from reminder.sandbox.serving import free_port
from reminder.sandbox.settings_text import write_settings
from reminder.sandbox.world import World
from reminder.settings.load import load

HERE = Path(__file__).parent
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
FIRST_DAY = first_instant(date(2027, 2, 26), HARBOR.zone)


async def main() -> None:
    """Tell the story, then look at it."""
    set_up(io.StringIO())
    clock = SandboxClock(FIRST_DAY, time.monotonic)
    practice = generate(FIRST_DAY.astimezone(HARBOR.zone).date())
    console = Console(record=True, width=92, file=io.StringIO(), highlight=False)
    narrator = Narrator(console, time.monotonic)
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        async with story.open_world(folder / "w", practice, clock, narrator) as world:
            file = write_settings(world, folder / "reminder", port=free_port())
            async with open_app(load(file), clock) as app, pages(app):
                await story.tell(app, world, practice, clock, narrator)
                story.invite(world, narrator)
                await _look(world, console)


async def _look(world: World, console: Console) -> None:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path="/usr/bin/chromium", args=FLAGS
        )
        mail = _ordinary_mail(world)
        await _terminal(browser, console)
        await _mail(browser, mail)
        await _patient(browser, world, mail)
        await browser.close()


async def _terminal(browser: Browser, console: Console) -> None:
    page = await browser.new_page(viewport={"width": 1000, "height": 640})
    await page.set_content(console.export_svg(title="make demo"))
    await page.locator("svg").screenshot(path=HERE / "demo.png")


async def _mail(browser: Browser, mail: ReceivedMail) -> None:
    page = await browser.new_page(viewport={"width": 660, "height": 800})
    await page.set_content(mail.html)
    await page.screenshot(path=HERE / "email.png", full_page=True)


async def _patient(browser: Browser, world: World, mail: ReceivedMail) -> None:
    context = await browser.new_context(viewport={"width": 390, "height": 780})
    page = await context.new_page()
    link = re.search(r"http://\S+/r/[\w-]+", mail.text)
    assert link is not None
    await page.goto(link[0])
    await page.screenshot(path=HERE / "page-who.png")
    await _prove(page, world, mail)
    await page.screenshot(path=HERE / "page-visit.png")
    await context.close()


async def _prove(page: Page, world: World, mail: ReceivedMail) -> None:
    (resident,) = world.residents.behind(mail.rcpt_to[0])
    year, month, day = (int(part) for part in resident.birth_date.split("-"))
    await page.select_option("#month", str(month))
    await page.fill("#day", str(day))
    await page.fill("#year", str(year))
    await page.click("button.primary")


def _ordinary_mail(world: World) -> ReceivedMail:
    return next(
        mail
        for mail in world.mail.mailbox.mails[20:]
        if "Harbor" in mail.subject
        and mail.subject.startswith("Your appointment")
        and len(world.residents.behind(mail.rcpt_to[0])) == 1
        and "we are expecting you" in mail.text
    )


if __name__ == "__main__":
    asyncio.run(main())
