"""A patient's phone that runs no scripts: from the link to a new time and back."""

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, expect

from reminder.store.keyring import KeyRing
from reminder.store.store import open_store
from tests.browser.conftest import served
from tests.web.world import NOW, World, slot

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="package")]


@pytest_asyncio.fixture(loop_scope="package")
async def world(sqlite_url: str, ring: KeyRing) -> AsyncIterator[World]:
    """A clinic, on an empty SQLite database."""
    store = await open_store(sqlite_url, ring)
    yield World(store, ring)
    await store.aclose()


@pytest_asyncio.fixture(loop_scope="package")
async def page(browser: Browser, world: World) -> AsyncIterator[Page]:
    """Ana's phone; whatever it asks of another host fails the test."""
    await world.given()
    world.free(*(slot(f"s{n}", NOW + timedelta(days=2, hours=n)) for n in range(4)))
    async with (
        served(world.app()) as address,
        await browser.new_context(
            base_url=address,
            java_script_enabled=False,
            viewport={"width": 390, "height": 844},
        ) as context,
    ):
        page = await context.new_page()
        page.set_default_timeout(15_000)
        strangers: list[str] = []
        page.on(
            "request",
            lambda one: (
                None if one.url.startswith(address) else strangers.append(one.url)
            ),
        )
        yield page
        assert strangers == []


async def show_who_i_am(page: Page, world: World) -> None:
    await page.goto(f"/r/{await world.link()}")
    await page.get_by_label("Month").select_option("4")
    await page.get_by_label("Day").fill("17")
    await page.get_by_label("Year").fill("1985")
    await page.get_by_role("button", name="Continue").click()


async def press(page: Page, name: str) -> None:
    """Press a button, and wait for the page it leads to as a person would."""
    async with page.expect_navigation():
        await page.get_by_role("button", name=name).click()


async def test_a_visit_is_confirmed_moved_back_and_cancelled(
    page: Page, world: World
) -> None:
    await show_who_i_am(page, world)
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text(re.compile(r"Tuesday, March 9\s+2:30 PM"))

    await press(page, "Confirm I am coming")
    await expect(heading).to_have_text("You are confirmed")

    await press(page, "Choose another time")
    await press(page, "Wednesday, March 3")
    await page.get_by_label("10:00 AM").check()
    await press(page, "Continue")
    await press(page, "Move my visit")
    await expect(heading).to_have_text("Your visit has moved")

    await press(page, "Undo")
    await expect(heading).to_have_text("You have your old time back")

    await press(page, "I cannot come after all")
    await press(page, "Cancel my visit")
    await expect(heading).to_have_text("Your visit is cancelled")

    await page.get_by_role("link", name="Done").click()
    await expect(heading).to_have_text("Your details are hidden")
    assert await page.context.cookies() == []


async def test_the_token_leaves_the_address_bar_at_once(
    page: Page, world: World
) -> None:
    await show_who_i_am(page, world)

    assert page.url.endswith("/v#problem")


async def test_going_back_and_pressing_again_does_nothing_twice(
    page: Page, world: World
) -> None:
    await show_who_i_am(page, world)
    await press(page, "Confirm I am coming")
    heading = page.get_by_role("heading", level=1)
    await expect(heading).to_have_text("You are confirmed")

    await page.reload()

    await expect(heading).to_have_text("You are already confirmed")


async def test_a_wrong_date_is_told_where_the_reader_looks_first(
    page: Page, world: World
) -> None:
    await page.goto(f"/r/{await world.link()}")

    await press(page, "Continue")

    await expect(page).to_have_title(re.compile("^Error: "))
    await expect(page.locator(":target")).to_contain_text("Enter the date of birth")
    described = page.get_by_role("group", name="What is your date of birth?")
    await expect(described).to_have_attribute("aria-describedby", "why wrong")


async def test_texts_are_stopped_and_taken_back_with_the_keyboard_alone(
    page: Page, world: World
) -> None:
    await show_who_i_am(page, world)
    await press(page, "How should we reach you?")
    stop = page.get_by_role("checkbox", name="Stop all text messages")
    heading = page.get_by_role("heading", level=1)

    await tab_to(page, stop)
    await page.keyboard.press("Space")
    await press_enter_on(page, "Save")
    await expect(heading).to_have_text("We stopped what you asked")

    await press(page, "How should we reach you?")
    await tab_to(page, page.get_by_role("link", name="take out the tick"))
    await page.keyboard.press("Enter")
    await tab_to(page, stop)
    await expect(stop).to_be_checked()
    await page.keyboard.press("Space")
    await press_enter_on(page, "Save")
    await expect(heading).to_have_text("We saved how to reach you")


async def test_a_text_that_says_more_is_chosen_beside_its_warning(
    page: Page, world: World
) -> None:
    await show_who_i_am(page, world)
    await press(page, "How should we reach you?")
    question = page.get_by_role("group", name="How much may a text message say?")

    await expect(question).to_have_attribute(
        "aria-describedby", "details-care details-which"
    )
    await expect(question.get_by_label("(safer)")).to_be_checked()
    await question.get_by_label("Put the date, time and clinic").check()
    await press(page, "Save")
    await press(page, "How should we reach you?")

    await expect(question.get_by_label("Put the date")).to_be_checked()


async def tab_to(page: Page, target: Locator) -> None:
    """Go on with the tab key until it is reached, as far as any page is long."""
    for _ in range(60):
        if await target.evaluate("one => one === document.activeElement"):
            return
        await page.keyboard.press("Tab")
    raise AssertionError(f"{target} is not reached by the tab key")


async def press_enter_on(page: Page, name: str) -> None:
    """Press a button by the keyboard."""
    await tab_to(page, page.get_by_role("button", name=name))
    async with page.expect_navigation():
        await page.keyboard.press("Enter")
